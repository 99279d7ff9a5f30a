"""Writes what has to wait, and sees to it that nothing waits for a group that runs."""

from collections.abc import Sequence

from hub.channels.gate import Gate, HoldUntil
from hub.channels.lanes import Entry
from hub.channels.ledger import Ledger


class Holds:
    """Of one account.

    A group may go on between the question whether it rests and the write of the hold: who woke it did not see the
    entry, which would rest for a day. So it is asked for once more after the write.
    """

    def __init__(self, ledger: Ledger, gate: Gate) -> None:
        self._ledger = ledger
        self._gate = gate
        self._unsure: set[str] = set()
        """Groups of which a hold may be written, and that were not asked for since."""

    async def write(self, held: Sequence[tuple[Entry, HoldUntil]]) -> None:
        """Each waits in the ledger, with the reason. Raises StoreUnavailable: then `settle` has to be called."""
        self._unsure.update(entry.group for entry, decision in held if decision.paused)
        await self._ledger.hold_many([(e.document, d.until, d.reason, d.paused) for e, d in held])
        await self.settle()

    async def settle(self) -> None:
        """Wakes what was held for a group that rests no more. Raises StoreUnavailable."""
        for group in list(self._unsure):
            if not await self._gate.rests(group):
                await self._ledger.wake_group(group)
            self._unsure.discard(group)
