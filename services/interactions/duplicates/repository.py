"""Every query about duplicates."""

from collections.abc import Iterable, Sequence

from hub.store.amend import amend
from hub.store.base import Document, Page, Store
from services.interactions.duplicates.models import DISMISSED, DUPLICATES, LIKENESSES, OPEN

MOST_ALIKE = 30
"""Clients with one key; of a key that more have, none is looked at: it tells nobody apart."""
SAMPLE = 2_000


class DuplicateRepository:
    """Likenesses of clients, and pairs."""

    def __init__(self, store: Store) -> None:
        self.likenesses = store.collection(LIKENESSES)
        self.pairs = store.collection(DUPLICATES)

    async def alike(self, keys: Iterable[str], *, but: str = "") -> list[Document]:
        """The likenesses that share a key with a card."""
        found: dict[str, Document] = {}
        for key in keys:
            page = await self.likenesses.find({"keys": key}, limit=MOST_ALIKE + 1)
            if len(page.items) <= MOST_ALIKE:
                found |= {one["_id"]: one for one in page.items}
        return [one for client_id, one in found.items() if client_id != but]

    async def sample(self) -> list[Document]:
        return (await self.likenesses.find({}, limit=SAMPLE)).items

    async def keep(self, pairs: Sequence[Document]) -> None:
        """What is new, or scored anew; what a person decided stays decided."""
        new = await self.pairs.insert_many(pairs)
        for pair in pairs:
            if pair["_id"] not in new:
                await amend(self.pairs, pair["_id"], lambda now, pair=pair: _scored(now, pair))  # type: ignore[misc]

    async def page(self, *, state: str, client_id: str | None, limit: int, after: str | None) -> Page:
        """The surest first."""
        where = {"state": state} if client_id is None else {"clients": client_id, "state": state}
        return await self.pairs.find(where, order="score", descending=True, limit=limit, after=after)

    async def decide(self, pair_id: str, *, dismissed: bool, by: str, at: str) -> Document | None:
        state = DISMISSED if dismissed else OPEN

        def change(now: Document) -> Document:
            if now["state"] == state:
                return now
            return {**now, "state": state, "decided_by": by, "decided_at": at}

        return await amend(self.pairs, pair_id, change)


def _scored(now: Document, pair: Document) -> Document:
    same = now["score"] == pair["score"] and now["rules"] == pair["rules"]
    return now if same or now["state"] == DISMISSED else {**now, "score": pair["score"], "rules": pair["rules"]}
