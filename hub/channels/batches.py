"""Messages of mailings in batches: one question to the gate, one write of intents, one of outcomes for all of them.

What holds for one message holds for each: the intent is durable before its first byte leaves, what is not known is
`unknown`, and what the gate withholds does not leave.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from hub.channels.base import Deferred, Outcome, Refused
from hub.channels.gate import Gate, HoldUntil, Suppress
from hub.channels.holds import Holds
from hub.channels.lanes import Entry
from hub.channels.ledger import Ledger
from hub.channels.pause import Pause
from hub.contracts.interaction import SendMessage
from hub.kit.clock import from_iso
from hub.kit.errors import TransientError
from hub.kit.ids import fresh
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.store.base import Document

log = Log(__name__)
MOST = 100
"""Messages of one batch: so many may be unknown after a kill."""
Intend = Callable[[Sequence[int]], Awaitable[Sequence[int]]]
"""Makes durable that these (by their places) are about to be handed over; answers with those that may be."""
Doubtful = dict[str, tuple[Document, str]]


class SendsMany(Protocol):
    """A channel that hands over many messages of mailings at once."""

    async def send_many(
        self, messages: Sequence[tuple[SendMessage, datetime]], intend: Intend
    ) -> Sequence[Outcome | None]:
        """One for each: none for those that `intend` did not let go. It calls that once, when it could begin.

        Raises:
            OneByOne: its provider takes them one by one alone; nothing was handed over.
            ProviderUnavailable, LoginRefused, TransientError: nothing was handed over.
        """
        ...


class OneByOne(Exception):
    """There is no way to hand over many at once."""


class Batches:
    """Sends batches for one account."""

    def __init__(
        self,
        channel: SendsMany,
        *,
        service: str,
        ledger: Ledger,
        gate: Gate,
        holds: Holds,
        endpoints: Sequence[str],
        doubtful: Doubtful,
        cap: timedelta,
    ) -> None:
        """`doubtful` is where entries are while their intent may be written, or not; `cap` as of `Pause`."""
        self._channel = channel
        self._service = service
        self._ledger = ledger
        self._gate = gate
        self._holds = holds
        self._endpoints = endpoints
        self._doubtful = doubtful
        self._cap = cap

    async def send(self, entries: Sequence[Entry]) -> list[tuple[Entry, Outcome]]:
        """What came of those that left; the others are where the gate put them. Raises as `SendsMany.send_many`."""
        batch = _Batch(self, entries)
        messages = [(entry.message, from_iso(entry.document["queued_at"])) for entry in entries]
        outcomes = await self._channel.send_many(messages, batch.intend)
        seam(f"{self._service}.after_batch")
        await self._withhold(batch.withheld)
        return await self._settled(batch, outcomes)

    async def _withhold(self, withheld: Sequence[tuple[Entry, HoldUntil | Suppress]]) -> None:
        over = [(entry.document, one.reason) for entry, one in withheld if isinstance(one, Suppress)]
        later = [(entry, one) for entry, one in withheld if isinstance(one, HoldUntil)]
        if over:
            await self._ledger.suppress_many(over)
        if later and not self._gate.restraint.held:
            await self._holds.write(later)

    async def _settled(self, batch: "_Batch", outcomes: Sequence[Outcome | None]) -> list[tuple[Entry, Outcome]]:
        """What became of them is known only here until it is stored: tried for as long as it takes."""
        told = [
            (entry, batch.intended.get(number, entry.document), outcome)
            for number, (entry, outcome) in enumerate(zip(batch.entries, outcomes, strict=True))
            if outcome is not None
        ]
        pause = Pause(cap=self._cap)
        while True:
            try:
                saved = await self._ledger.settle_many([(document, outcome) for _, document, outcome in told])
                break
            except TransientError as exc:
                log.error("outcomes.unsaved", messages=len(told), error=str(exc))
                await pause.rest()
        for entry, _, outcome in told:
            self._doubtful.pop(entry.id, None)
            if isinstance(outcome, Deferred | Refused):
                await self._give_back(entry, batch.passed_at)
        for document in saved:
            self._ledger.tell_soon(document)
        return [(entry, outcome) for entry, _, outcome in told]

    async def _give_back(self, entry: Entry, passed_at: datetime) -> None:
        try:
            await self._gate.give_back(entry, passed_at)
        except TransientError as exc:
            log.warning("slot.kept", interaction_id=entry.id, error=str(exc))


class _Batch:
    """One of them, on its way."""

    def __init__(self, of: Batches, entries: Sequence[Entry]) -> None:
        self._of = of
        self.entries = entries
        self.intended: dict[int, Document] = {}
        self.withheld: list[tuple[Entry, HoldUntil | Suppress]] = []
        self.passed_at = of._ledger.clock.now()

    async def intend(self, places: Sequence[int]) -> Sequence[int]:
        """Raises StoreUnavailable: then nobody may be handed anything."""
        of = self._of
        self.passed_at = of._ledger.clock.now()
        going = await self._asked(places)
        tokens = {number: fresh("try") for number in going}
        for number in going:
            entry = self.entries[number]
            of._doubtful[entry.id] = (entry.document, tokens[number])
        documents = [(self.entries[number].document, tokens[number]) for number in going]
        saved = await of._ledger.intend_many(documents)
        for number in going:
            entry_id = self.entries[number].id
            if entry_id in saved:
                self.intended[number] = saved[entry_id]
            else:
                of._doubtful.pop(entry_id, None)  # another copy of the hub has it
        return [number for number in going if number in self.intended]

    async def _asked(self, places: Sequence[int]) -> list[int]:
        of = self._of
        entries = [self.entries[number] for number in places]
        decisions = await of._gate.ask_many(entries, self.passed_at, endpoints=of._endpoints)
        going: list[int] = []
        for number, entry, decision in zip(places, entries, decisions, strict=True):
            if isinstance(decision, HoldUntil | Suppress):
                self.withheld.append((entry, decision))
            elif hold := await of._gate.take_slot(entry, self.passed_at):
                self.withheld.append((entry, hold))
            else:
                going.append(number)
        return going
