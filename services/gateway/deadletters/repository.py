"""Every query about dead letters."""

from collections.abc import Sequence

from hub.store.amend import Change, amend
from hub.store.base import CollectionSpec, Document, Index, Page, Store

LETTERS = CollectionSpec(
    "dead_letters",
    (
        Index("parked_at"),
        Index("state", "parked_at"),
        Index("topic", "parked_at"),
        Index("topic", "state", "parked_at"),
    ),
)


class LettersRepository:
    """Dead letters by id."""

    def __init__(self, store: Store) -> None:
        self._letters = store.collection(LETTERS)

    async def get(self, letter_id: str) -> Document | None:
        return await self._letters.get(letter_id)

    async def get_many(self, ids: Sequence[str]) -> dict[str, Document]:
        return await self._letters.get_many(ids)

    async def insert_many(self, documents: Sequence[Document]) -> set[str]:
        return await self._letters.insert_many(documents)

    async def amend(self, letter_id: str, change: Change) -> Document | None:
        return await amend(self._letters, letter_id, change)

    async def page(
        self,
        *,
        topic: str | None = None,
        state: str | None = None,
        limit: int,
        after: str | None,
        oldest: bool = False,
    ) -> Page:
        given = {"topic": topic, "state": state}
        where = {name: value for name, value in given.items() if value is not None}
        return await self._letters.find(where, order="parked_at", descending=not oldest, limit=limit, after=after)
