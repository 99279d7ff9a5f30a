"""Every query about segments."""

from collections.abc import Iterable

from hub.contracts.base import Event
from hub.contracts.campaign import SegmentMoved
from hub.store.base import CollectionSpec, Document, Index, Page, Store
from hub.store.told import OWES, Fact, Told

SEGMENTS = CollectionSpec("segments", (Index("removed", "at"), Index("watched", sparse=True), OWES))
_WATCHED = 500


class SegmentRepository:
    """Segments; what is told of one goes with a change as what it owes."""

    def __init__(self, store: Store) -> None:
        self._collection = store.collection(SEGMENTS)
        self.segments = Told(self._collection, facts=_nothing, state=_stateless, source="omnihub/campaigns")
        self.plain = self._collection

    async def get_many(self, ids: Iterable[str]) -> dict[str, Document]:
        return await self._collection.get_many(ids)

    async def watched(self) -> list[Document]:
        page: Page = await self._collection.find({"watched": True}, limit=_WATCHED)
        return [one for one in page.items if not one["removed"]]


def _nothing(before: Document | None, after: Document) -> tuple[Fact, ...]:
    """Who entered and left is told by whoever looks."""
    del before, after
    return ()


def _stateless(kind: type[Event], document: Document) -> SegmentMoved:
    raise TypeError(f"{kind.TYPE} does not state a segment ({document['_id']})")
