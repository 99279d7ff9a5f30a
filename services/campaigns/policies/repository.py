"""Every query about policies of sources, and about new clients whose source is looked for."""

from datetime import datetime

from hub.kit.clock import iso
from hub.store.amend import Change, amend, upsert
from hub.store.base import CollectionSpec, Document, Index, Range, Store

POLICIES = CollectionSpec("source_policies")
ASKS = CollectionSpec("source_asks", (Index("due", sparse=True), Index("at")))
_MOST, _AT_ONCE, _PAGE = 100, 100, 500


class PolicyRepository:
    """`due` is when an ask is looked at next; it has none when it is over."""

    def __init__(self, store: Store) -> None:
        self._policies, self.asks = store.collection(POLICIES), store.collection(ASKS)

    async def policies(self) -> dict[str, Document]:
        """By channel."""
        return {one["_id"]: one for one in (await self._policies.find({}, limit=_MOST)).items}

    async def put(self, policy: Document) -> Document:
        return await upsert(self._policies, policy, lambda now: {**now, **policy})

    async def add_asks(self, asks: list[Document]) -> None:
        """Those that are there stay as they are."""
        if asks:
            await self.asks.insert_many(asks)

    async def due(self, now: datetime) -> list[Document]:
        return (
            await self.asks.find({"due": Range(since="", until=f"{iso(now)}~")}, order="due", limit=_AT_ONCE)
        ).items

    async def forget(self, before: datetime) -> int:
        """Removes those that are over and older than a moment; how many."""
        count, after = 0, None
        while True:
            page = await self.asks.find({"at": Range(until=iso(before))}, order="at", limit=_PAGE, after=after)
            gone = [one["_id"] for one in page.items if "due" not in one]
            count += await self.asks.delete_many(gone) if gone else 0
            if (after := page.next) is None:
                return count

    async def amend_ask(self, ask: str, change: Change) -> Document | None:
        return await amend(self.asks, ask, change)
