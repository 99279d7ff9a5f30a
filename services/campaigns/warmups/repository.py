"""Every query about warm-ups. How much left on a day is counted in the rows of mailings themselves."""

from hub.store.amend import Change, amend
from hub.store.base import CollectionSpec, Document, Index, Store

WARM_UPS = CollectionSpec("warm_ups", (Index("removed", "at"), Index("frees", sparse=True)))
MOST = 200
"""Plans that there may be."""


class WarmUpRepository:
    """Plans."""

    def __init__(self, store: Store) -> None:
        self.plans = store.collection(WARM_UPS)

    async def all(self) -> list[Document]:
        """Also those that were added beyond the limit at one moment."""
        return (await self.plans.find({"removed": False}, order="at", limit=2 * MOST)).items

    async def freeing(self) -> list[Document]:
        """Those that were taken away, and for which rows may still wait."""
        return (await self.plans.find({"frees": True}, limit=MOST)).items

    async def amend(self, plan: str, change: Change) -> Document | None:
        return await amend(self.plans, plan, change)
