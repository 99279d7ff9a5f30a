"""Every query about consent: topics, the chain of words, and invitations that wait for a yes."""

from collections.abc import Iterable, Sequence

from hub.store.base import CollectionSpec, Document, Index, Page, Store
from hub.store.chain import SEQ, Chain

TOPICS = CollectionSpec("topics", (Index("removed", "at"),))
WORDS = CollectionSpec("consent_words", (Index("address", "at"), SEQ))
HEADS = CollectionSpec("consent_head")
INVITATIONS = CollectionSpec("consent_invitations", (Index("at"),))
_AT_ONCE = 200
"""The head of the chain holds so many words, of a kilobyte each."""
_ALL = 200


class ConsentRepository:
    """Topics and words."""

    def __init__(self, store: Store) -> None:
        self.topics = store.collection(TOPICS)
        self._words = store.collection(WORDS)
        self.invitations = store.collection(INVITATIONS)
        self.chain = Chain(self._words, store.collection(HEADS), at_once=_AT_ONCE, name="consents")

    async def words(self, address: str, *, limit: int, after: str | None = None) -> Page:
        """What was said of an address, the newest first."""
        return await self._words.find({"address": address}, order="at", descending=True, limit=limit, after=after)

    async def topics_there(self) -> list[Document]:
        page = await self.topics.find({"removed": False}, order="at", limit=_ALL)
        return page.items

    async def add(self, words: Sequence[Document]) -> None:
        """Each joins the chain, once. Raises StoreUnavailable."""
        if words:
            await self.chain.join(*words)

    async def get_many(self, ids: Iterable[str]) -> dict[str, Document]:
        return await self._words.get_many(ids)
