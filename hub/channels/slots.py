"""How many messages of mailings go to one recipient in a period: each takes a slot before its intent.

All slots of a recipient are one document, changed by compare-and-swap: so accounts, and copies of the hub on one
store, that send to him at once cannot both take the last one.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from hub.channels.sends import SendRepository
from hub.channels.states import SendState
from hub.kit.clock import from_iso, iso
from hub.kit.every import pages
from hub.store.amend import amend
from hub.store.base import CollectionSpec, Document, Index, Range, Store

SLOTS = CollectionSpec("mass_slots", (Index("until", sparse=True),))
"""By recipient: `slots`, the moment at which each was taken, by entry of the ledger; all have lapsed at `until`."""
SWEPT_EVERY = timedelta(hours=1)
_PAGE = 500
_OVER = frozenset((SendState.FAILED, SendState.SUPPRESSED))
"""Never handed over any more."""


class Slots:
    """Of all accounts of a service."""

    def __init__(self, store: Store, sends: SendRepository) -> None:
        self._slots = store.collection(SLOTS)
        self._sends = sends

    async def take(
        self, recipient: str, entry_id: str, now: datetime, *, cap: int, period: timedelta
    ) -> datetime | None:
        """None: it has one of the `cap` slots, its own if it had one. Else when one will be free.

        Raises:
            StoreUnavailable: it may have one, or not.
        """
        within = iso(now - period), iso(now + period)
        stored = await self._slots.get(recipient) or await self._begun(recipient, now, period, cap)
        held = _held(stored, within, but=entry_id)
        over = await self._over(held) if len(held) >= cap else frozenset()
        until: list[datetime] = []

        def taken(document: Document) -> Document | None:
            slots = {i: at for i, at in _held(document, within, but=entry_id).items() if i not in over}
            until[:] = [from_iso(sorted(slots.values())[-cap]) + period] if len(slots) >= cap else []
            return None if until else {**document, "slots": {**slots, entry_id: iso(now)}, "until": iso(now + period)}

        if await amend(self._slots, recipient, taken) is None:
            # Swept at this moment: nothing was taken.
            return await self.take(recipient, entry_id, now, cap=cap, period=period)
        return until[0] if until else None

    async def give_back(self, recipient: str, entry_id: str, taken_at: datetime) -> None:
        """Nothing was handed over; a slot that a later try took since stays. Raises StoreUnavailable."""

        def without(document: Document) -> Document:
            slots = {i: at for i, at in document["slots"].items() if (i, at) != (entry_id, iso(taken_at))}
            return document if slots == document["slots"] else {**document, "slots": slots}

        await amend(self._slots, recipient, without)

    async def sweep(self, now: datetime) -> None:
        """Forgets the recipients all of whose slots have lapsed. One who takes a slot meanwhile is kept; another one
        begins with what left for him. Raises StoreUnavailable.
        """
        lapsed = {"until": Range(since="", until=iso(now))}
        async for found in pages(lambda after: self._slots.find(lapsed, order="until", limit=_PAGE, after=after)):
            for document in found:
                await self._slots.delete(document)

    async def _begun(self, recipient: str, now: datetime, period: timedelta, cap: int) -> Document:
        """The first of this recipient: what left for him before there were slots counts, too."""
        handed = await self._sends.mass_handed(recipient, now - period, limit=cap)
        slots = {entry_id: iso(at) for entry_id, at in handed.items()}
        fresh = {"_id": recipient, "slots": slots, "until": iso(now + period)}
        await self._slots.insert(fresh)
        return fresh

    async def _over(self, held: Mapping[str, str]) -> frozenset[str]:
        """Those that failed for good since, as a late receipt may say."""
        found = await self._sends.get_many(held)
        return frozenset(entry_id for entry_id, entry in found.items() if entry["state"] in _OVER)


def _held(document: Document, within: tuple[str, str], *, but: str) -> dict[str, str]:
    """Slots that have not lapsed; one that was taken later than a period from now had a clock that was wrong."""
    slots: dict[str, str] = document["slots"]
    return {entry_id: at for entry_id, at in slots.items() if within[0] < at <= within[1] and entry_id != but}
