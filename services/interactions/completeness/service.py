"""How complete cards are, by the rules of each status."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

from hub.kit.clock import Clock, from_iso
from hub.store.amend import upsert
from hub.store.base import CollectionSpec, Document, Store
from services.interactions.completeness.forms import RulesForm
from services.interactions.completeness.rules import DEFAULT, Completeness, Known, Rules, applies, measured
from services.interactions.repository import Repository

RULES = CollectionSpec("completeness")
ANY = "any"
"""Of clients without a status, and of those whose status has no rules."""
_NOT_REACHED = ("invalid", "unreachable")


class Completenesses:
    """Asks the store for what the rules in question need, and for no more."""

    def __init__(self, store: Store, repository: Repository, clock: Clock) -> None:
        self._rules = store.collection(RULES)
        self._repository = repository
        self._clock = clock

    async def rules(self) -> dict[str, Document]:
        """By status, or `ANY`."""
        page = await self._rules.find({}, limit=100)
        return {one["_id"]: one for one in page.items}

    async def put(self, status: str, form: RulesForm) -> Document:
        said = form.model_dump(mode="json")
        return await upsert(self._rules, {"_id": status, **said}, lambda now: {**now, **said})

    async def remove(self, status: str) -> None:
        await self._rules.delete_many([status])

    async def of(
        self, clients: Sequence[Document], addresses: Mapping[str, Document] | None = None
    ) -> dict[str, Completeness]:
        """By id; clients with those merged into them, `addresses` with the documents of theirs."""
        if addresses is None:
            addresses = await self._repository.addresses_of(clients)
        by_status = {status: _rules(said) for status, said in (await self.rules()).items()}
        measures = await asyncio.gather(*(self._of(client, addresses, by_status) for client in clients))
        return {client["_id"]: found for client, found in zip(clients, measures, strict=True)}

    async def _of(
        self, client: Document, addresses: Mapping[str, Document], by_status: Mapping[str, Rules]
    ) -> Completeness:
        rules = by_status.get(client.get("status") or ANY) or by_status.get(ANY) or DEFAULT
        known = Known(
            unreachable=frozenset(
                one["address"]
                for one in client["addresses"]
                if any((addresses.get(one["address"]) or {}).get(name) for name in _NOT_REACHED)
            ),
            has_people="contact_person" in rules.items
            and applies("contact_person", client)
            and await self._has_people(client["_id"]),
            since_contact=await self._since_contact(client["_id"]) if "contact" in rules.items else None,
        )
        return measured(rules, client, known)

    async def _has_people(self, organisation_id: str) -> bool:
        where = {"employers": organisation_id}
        return bool((await self._repository.clients.find(where, order="opened_at", limit=1)).items)

    async def _since_contact(self, client_id: str) -> timedelta | None:
        newest = await self._repository.newest_of_client(client_id, limit=1)
        return self._clock.now() - from_iso(newest[0]["at"]) if newest else None


def _rules(said: Document) -> Rules:
    within = said["contact_within"]
    return Rules(said["items"], timedelta(days=within) if within else None)
