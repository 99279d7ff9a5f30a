"""Mailboxes and how they are, in the store."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from hub.channels.accounts import AccountRepository
from hub.kit.clock import from_iso
from hub.kit.ids import derive
from hub.kit.secrets import SecretBox
from hub.store.base import CollectionSpec, Document, Index, Store
from services.email.models import Mailbox, OAuth, Server

MAILBOXES = CollectionSpec("mailboxes", (Index("state"),))
_SEALED = ("client_secret", "refresh_token")
GRANTS = CollectionSpec("grants")
COLLEAGUES = CollectionSpec("colleagues")
_LIST = "all"


class MailboxRepository(AccountRepository):
    """A document for each mailbox, passwords sealed."""

    def __init__(self, store: Store, secrets: SecretBox) -> None:
        super().__init__(store, MAILBOXES, noun="mailbox")
        self._colleagues = store.collection(COLLEAGUES)
        self._secrets = secrets

    async def colleagues(self) -> list[str]:
        """Names of those who work here, as far as we were told."""
        stored = await self._colleagues.get(_LIST)
        return list(stored["names"]) if stored else []

    async def logins(self) -> dict[str, str]:
        """Names of those who work here, by login."""
        stored = await self._colleagues.get(_LIST)
        return {one["login"]: one["name"] for one in stored.get("people", ())} if stored else {}

    async def remember_colleagues(
        self, names: Sequence[str], at: str, *, logins: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """The newest list counts, in whatever order they come."""
        people = [{"login": login, "name": name} for login, name in logins.items()]
        wanted: Document = {"_id": _LIST, "names": list(names), "people": people, "at": at}
        if await self._colleagues.insert(wanted):
            return
        while (stored := await self._colleagues.get(_LIST)) and stored["at"] < at:
            if await self._colleagues.swap({**stored, **wanted}):
                return

    def opened(self, document: Document) -> Mailbox:
        """The mailbox with its passwords in clear."""
        return Mailbox(
            id=document["_id"],
            address=document["address"],
            name=document["name"],
            imap=self._way_in(document, "imap"),
            pop=self._way_in(document, "pop"),
            leave=document.get("leave", True),
            fetch_since=from_iso(since) if (since := document.get("fetch_since")) else None,
            smtp=self._server(document["smtp"]),
            sent_since=from_iso(sent) if (sent := document.get("sent_since")) else None,
            plus_addressing=document["plus_addressing"],
            per_hour=document.get("per_hour"),
            auto_reply=document.get("auto_reply", ""),
            since=from_iso(document.get("answers_since") or document["created_at"]),
            revision=document["_v"],
        )

    def sealed(self, server: Server) -> dict[str, Any]:
        """As it is stored."""
        stored: dict[str, Any] = {
            "host": server.host,
            "port": server.port,
            "security": server.security,
            "user": server.user,
        }
        if server.oauth is None:
            return stored | {"password": self._secrets.seal(server.password)}
        secrets = {name: self._secrets.seal(getattr(server.oauth, name)) for name in _SEALED}
        return stored | {"oauth": {**asdict(server.oauth), **secrets}}

    def _way_in(self, document: Document, kind: str) -> Server | None:
        return self._server(stored) if (stored := document.get(kind)) else None

    def _server(self, stored: dict[str, Any]) -> Server:
        if oauth := stored.get("oauth"):
            secrets = {name: self._secrets.unseal(oauth[name]) for name in _SEALED}
            return Server(**{**stored, "oauth": OAuth(**{**oauth, **secrets})})
        return Server(**{**stored, "password": self._secrets.unseal(stored["password"])})


class GrantRepository:
    """Refresh tokens that providers gave in place of those that were entered, sealed."""

    def __init__(self, store: Store, secrets: SecretBox) -> None:
        self._grants = store.collection(GRANTS)
        self._secrets = secrets

    async def newest(self, oauth: OAuth) -> str:
        """The refresh token to be used."""
        stored = await self._grants.get(_grant_id(oauth))
        return self._secrets.unseal(stored["refresh_token"]) if stored else oauth.refresh_token

    async def renewed(self, oauth: OAuth, refresh_token: str) -> None:
        await self._grants.put_many([{"_id": _grant_id(oauth), "refresh_token": self._secrets.seal(refresh_token)}])


def _grant_id(oauth: OAuth) -> str:
    return derive("grant", oauth.token_url, oauth.client_id, oauth.refresh_token)
