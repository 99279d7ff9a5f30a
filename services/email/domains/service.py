"""Domains: a key for each, sealed; whether receivers find what they look for; the signer of a mailbox's domain."""

import asyncio
import re
from datetime import timedelta

from pydantic import ConfigDict, Field

from hub.api.forms import Form
from hub.kit.clock import Clock, iso
from hub.kit.domains import ascii_domain
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.kit.ids import derive
from hub.kit.secrets import SecretBox
from hub.store.base import CollectionSpec, Document, Page, Store
from services.email.domains.checking import Dns, Finding, check
from services.email.domains.signing import SELECTOR, Signer, new_key

DOMAINS = CollectionSpec("domains")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_LOOK = timedelta(seconds=5)
"""A copy of the service knows so soon of what another one changed."""


class NewDomain(Form):
    """A domain that mailboxes of ours are of."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"domain": "romashka.example"}]})
    domain: str = Field(min_length=3, max_length=253)


class DomainChange(Form):
    """Whether our mail is signed; only once its key is published."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"signs": True}]})
    signs: bool


class Domains:
    """All of them."""

    def __init__(self, store: Store, secrets: SecretBox, dns: Dns, clock: Clock) -> None:
        self._domains = store.collection(DOMAINS)
        self._secrets = secrets
        self._dns = dns
        self._clock = clock
        self._known: dict[str, tuple[str, Signer | None]] = {}

    async def page(self, *, limit: int, after: str | None) -> Page:
        return await self._domains.find({}, limit=limit, after=after)

    async def get(self, domain_id: str) -> Document:
        """Raises NotFound."""
        found = await self._domains.get(domain_id)
        if found is None:
            raise NotFound(f"there is no domain {domain_id}")
        return found

    async def add(self, given: NewDomain) -> Document:
        """With a new key; nothing is signed yet. Raises InvalidInput and Conflict."""
        try:
            domain = ascii_domain(given.domain.strip().lower())
        except UnicodeError:
            domain = ""
        if not _DOMAIN.fullmatch(domain):
            fix = f"{given.domain!r} is no domain; write it as example.com"
            raise InvalidInput(f"domain: {fix}", fields={"domain": fix})
        pem = await asyncio.to_thread(new_key)
        document = {
            "_id": derive("dom", domain),
            "domain": domain,
            "selector": SELECTOR,
            "key": self._secrets.seal(pem),
            "public": Signer(domain, pem).public,
            "signs": False,
            "at": iso(self._clock.now()),
        }
        if not await self._domains.insert(document):
            raise Conflict(f"{domain} is there already")
        return document

    async def change(self, domain_id: str, change: DomainChange) -> Document:
        """Raises NotFound, and Conflict where the key is not published: signatures would count as forged."""
        domain = await self.get(domain_id)
        if change.signs:
            dkim = next(one for one in await self.check(domain_id) if one.record == "DKIM")
            if dkim.state != "ok":
                raise Conflict(f"{dkim.name}: {dkim.words}")
        if not await self._domains.swap({**domain, "signs": change.signs}):
            raise Conflict
        self._known.clear()
        return {**domain, "signs": change.signs}

    async def remove(self, domain_id: str) -> None:
        """Its mail is not signed any more. Raises NotFound."""
        await self.get(domain_id)
        await self._domains.delete_many([domain_id])
        self._known.clear()

    async def check(self, domain_id: str) -> list[Finding]:
        """What receivers find. Raises NotFound."""
        domain = await self.get(domain_id)
        return await check(self._dns, domain["domain"], domain["selector"], domain["public"])

    async def signer(self, domain: str) -> Signer | None:
        """None: mail of this domain is not signed by us. Raises StoreUnavailable."""
        now = self._clock.now()
        until, known = self._known.get(domain, ("", None))
        if iso(now) < until:
            return known
        found = await self._domains.get(derive("dom", domain))
        signer = None
        if found and found["signs"]:
            signer = Signer(found["domain"], self._secrets.unseal(found["key"]), selector=found["selector"])
        self._known[domain] = (iso(now + _LOOK), signer)
        return signer
