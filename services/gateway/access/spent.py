"""What counts once: a challenge, the state of a login elsewhere, a logout token; all copies ask here."""

from datetime import datetime, timedelta

from hub.kit.clock import Clock, iso
from hub.kit.ids import derive
from hub.store.base import CollectionSpec, Index, Store
from hub.store.sweep import sweep

SPENT = CollectionSpec("spent", (Index("until"),))
_CLOCKS_DIFFER = timedelta(minutes=5)


class Spent:
    """Nothing is kept of what was only begun: a row is written when something is used, by whoever proved it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._spent = store.collection(SPENT)
        self._clock = clock

    async def first(self, kind: str, what: str, *, until: datetime) -> bool:
        """Whether this is its first use; it is remembered `until` it counts no more anyway."""
        kept = iso(until + _CLOCKS_DIFFER)
        return await self._spent.insert({"_id": derive("spent", kind, what), "until": kept})

    async def was(self, kind: str, what: str) -> bool:
        return await self._spent.get(derive("spent", kind, what)) is not None

    async def sweep(self) -> None:
        await sweep(self._spent, "until", self._clock.now())
