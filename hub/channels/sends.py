"""The send ledger in the store: one document for each message, by interaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from hub.channels.deliveries import Delivery, delivery, facts, stated_by
from hub.channels.states import SendState, Step
from hub.kit.clock import from_iso, iso
from hub.kit.errors import Conflict
from hub.store.base import CollectionSpec, Document, In, Index, Page, Range, Store, Where
from hub.store.told import OWES, Told

SENDS = CollectionSpec(
    "sends",
    (
        Index("account", "step", "next_at"),
        OWES,
        Index("account", "state"),
        Index("account", "handed_at"),
        Index("account", "step", "lane", "next_at"),
        Index("account", "step", "lane", "to", "queued_at"),
        Index("group", "step", "next_at", sparse=True),
        Index("mass_to", "handed_at", sparse=True),
    ),
)
_LOOKED_AT = 50
"""Entries read to find the accounts for which something is due."""
_MANY = 1000
"""Accounts that one query is about."""


_LEFT = frozenset((SendState.SENDING, SendState.SENT, SendState.UNKNOWN))
"""States of what the provider has, or may have."""
_IN_VAIN = 20
"""Handed over and not taken: so many are looked over for those that were."""


class SendRepository:
    """Every query of the ledger."""

    def __init__(self, store: Store, *, service: str = "hub", told: Delivery = delivery) -> None:
        """`service` tells what becomes of its messages, as `told` states it."""
        self.entries = Told(
            store.collection(SENDS), facts=facts, state=stated_by(told), source=f"omnihub/{service}", bounded=True
        )

    async def add(self, documents: Sequence[Document]) -> tuple[dict[str, Document], set[str]]:
        """All as they are stored then, by id, and the ids of those that are new. What is told of them: see `anew`."""
        return await self.entries.insert_repeated(documents)

    async def get(self, interaction_id: str) -> Document | None:
        return await self.entries.get(interaction_id)

    async def get_many(self, ids: Iterable[str]) -> dict[str, Document]:
        return await self.entries.get_many(ids)

    async def save(self, document: Document, **changes: Any) -> Document:
        """The document as it is now.

        Raises:
            Conflict: somebody else changed it meanwhile.
        """
        saved = await self.entries.swap_many([(document, {**document, **changes})])
        if not saved:
            raise Conflict(f"the ledger's entry {document['_id']} was changed by another copy of the hub")
        return saved[document["_id"]]

    async def save_many(self, changes: Sequence[tuple[Document, Document]]) -> list[Document]:
        """From each as it was read to what it shall be: those that nobody had changed since, as they are now."""
        return list((await self.entries.swap_many(changes)).values())

    async def in_lane(
        self, account: str, lane: str, *, since: str | None, until: str, limit: int, after: str | None = None
    ) -> Page:
        """What may leave in a lane, as it falls due; what an older hub wrote has no lane, and is among persons'."""
        wanted = In(("person", None)) if lane == "person" else lane
        where: Where = {"account": account, "step": Step.SEND.value, "lane": wanted, "next_at": Range(since, until)}
        return await self.entries.find(where, order="next_at", limit=limit, after=after)

    async def to_recipients(self, account: str, lane: str, recipients: Sequence[str], *, each: int) -> list[Document]:
        """What waits in a lane for any of up to 500 recipients, due or not, in the order in which it was asked for:
        the first `each` of everybody, however much waits for one of them.
        """
        lanes = In(("person", None)) if lane == "person" else lane
        where: Where = {"account": account, "step": Step.SEND.value, "lane": lanes, "to": In(recipients)}
        limit = each * len(recipients)
        page = await self.entries.find(where, order="queued_at", limit=limit)
        if len(page.items) < limit or len(recipients) == 1:
            return page.items
        half = len(recipients) // 2
        return [
            *(await self.to_recipients(account, lane, recipients[:half], each=each)),
            *(await self.to_recipients(account, lane, recipients[half:], each=each)),
        ]

    async def accounts_due(self, accounts: Sequence[str], step: Step, now: str) -> set[str]:
        """Those of the accounts for which something is due: one look for all of them, in steps of a thousand, and one
        more for each that has more due than is read at once, so that it hides nobody.
        """
        found: set[str] = set()
        left = list(accounts)
        while left:
            some = left[:_MANY]
            where: Where = {"account": In(some), "step": step.value, "next_at": Range(until=now)}
            page = await self.entries.find(where, order="next_at", limit=_LOOKED_AT)
            new = {document["account"] for document in page.items}
            found |= new
            left = [one for one in some if one not in new] * bool(page.next) + left[_MANY:]
        return found

    async def held_in_group(self, group: str, now: str, *, limit: int = 500) -> list[Document]:
        """What of a group waits for a later time than now."""
        where: Where = {"group": group, "step": Step.SEND.value, "next_at": Range(since=now)}
        return (await self.entries.find(where, order="next_at", limit=limit)).items

    async def mass_handed(self, recipient: str, since: datetime, *, limit: int) -> dict[str, datetime]:
        """When messages of mailings were handed over for a recipient since then: the newest `limit`, by entry."""
        where: Where = {"mass_to": recipient, "handed_at": Range(since=iso(since))}
        page = await self.entries.find(where, order="handed_at", descending=True, limit=limit + _IN_VAIN)
        left = [document for document in reversed(page.items) if document["state"] in _LEFT]
        return {document["_id"]: from_iso(document["handed_at"]) for document in left[-limit:]}

    async def due(self, account: str, step: Step, now: str, *, limit: int = 20) -> list[Document]:
        """In the order in which they fall due; those before `now`."""
        where = {"account": account, "step": step.value, "next_at": Range(until=now)}
        return (await self.entries.find(where, order="next_at", limit=limit)).items

    async def all_at(self, account: str, step: Step, *, limit: int = 200) -> list[Document]:
        where = {"account": account, "step": step.value}
        return (await self.entries.find(where, order="next_at", limit=limit)).items

    async def handed_since(self, account: str, since: datetime, *, limit: int) -> list[datetime]:
        """When messages were handed to the provider after `since`, the newest `limit` of them, oldest first."""
        where: Where = {"account": account, "handed_at": Range(since=iso(since))}
        page = await self.entries.find(where, order="handed_at", descending=True, limit=limit)
        return [from_iso(document["handed_at"]) for document in reversed(page.items)]

    async def waiting(self, account: str) -> int:
        counts = await self.entries.count_by("step", {"account": account, "step": Step.SEND.value})
        return sum(counts.values())

    async def unknown(self, account: str) -> int:
        counts = await self.entries.count_by("state", {"account": account, "state": SendState.UNKNOWN.value})
        return sum(counts.values())
