"""Fills the lanes of an account from its ledger: what is due, in order for each recipient."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hub.channels.gate import Gate, HoldUntil, Suppress
from hub.channels.holds import Holds
from hub.channels.lanes import DEEP, LANES, Entry, Lanes
from hub.channels.ledger import Ledger
from hub.contracts.interaction import Lane
from hub.kit.clock import from_iso, iso
from hub.kit.log import Log
from hub.store.base import Document

PAGE = 50
"""Entries read in one step; with those of their recipients the most that is in memory beside what `Lanes` holds."""
_OVERLAP = timedelta(seconds=5)
"""A copy of the hub whose clock is late by less still queues behind what was read."""
_ANEW = timedelta(seconds=30)
"""A lane is read from its beginning at least so often."""
_STEP = timedelta(microseconds=1)
_PAGES = 40
"""Read in one go for a lane, so that the others get their turn."""
_LOW = 200
"""With fewer entries in a lane, it is read on."""
log = Log(__name__)


class Feed:
    """Reads for one account.

    An entry that is due goes into its lane unless an earlier one to the same recipient in the same lane waits for a
    later moment: then it is put behind that one, in the ledger, and costs nothing until then.
    """

    def __init__(
        self,
        account: str,
        *,
        ledger: Ledger,
        lanes: Lanes,
        gate: Gate,
        holds: Holds,
        endpoints: Sequence[str] = (),
    ) -> None:
        self._account = account
        self._ledger = ledger
        self._lanes = lanes
        self._gate = gate
        self._holds = holds
        self._endpoints = endpoints
        self._since: dict[Lane, datetime] = {}
        """Up to where a lane is read; none: from its beginning."""
        self._begun: dict[Lane, datetime] = {}
        self._there_is_more: set[Lane] = set()
        self._held_back: set[tuple[Lane, str]] = set()
        """Recipients of whom something was put off while we read: what was read of them may be out of turn."""

    @property
    def unread(self) -> bool:
        """More is due than was read."""
        return bool(self._there_is_more)

    @property
    def runs_low(self) -> bool:
        """There is more of a lane in the ledger, and little of it here."""
        return any(self._lanes.waiting(lane) < _LOW for lane in self._there_is_more)

    def put_off(self, lane: Lane, recipient: str) -> None:
        """Something of a recipient waits for later: what is in memory behind it is read again, in its turn."""
        self._held_back.add((lane, recipient))
        if self._lanes.drop(lane, recipient):
            self.read_anew(lane)

    def read_anew(self, lane: Lane) -> None:
        """Something that was read stays due, and is to be read again."""
        self._since.pop(lane, None)
        self._there_is_more.add(lane)

    async def fill(self, *, anew: bool) -> None:
        """Reads on where there is room. `anew`: something may have come since. Raises TransientError."""
        for lane in LANES:
            now = self._ledger.moment()
            await self._refill(lane, now)
            low = lane in self._there_is_more and self._lanes.waiting(lane) < _LOW
            if (anew or low) and not self._lanes.is_full(lane):
                await self._read(lane, now)

    async def _refill(self, lane: Lane, now: datetime) -> None:
        """Recipients who had more waiting than was in memory, of which nothing is left there."""
        recipients = self._lanes.exhausted(lane)
        for start in range(0, len(recipients), PAGE):
            self._held_back.clear()
            some = recipients[start : start + PAGE]
            rows = await self._ledger.sends.to_recipients(self._account, lane, some, each=DEEP + 1)
            await self._take_up(rows, now)
            self.read_anew(lane)

    async def _read(self, lane: Lane, now: datetime) -> None:
        if not self._lanes.waiting(lane) or now - self._begun.get(lane, now) >= _ANEW:
            self._since.pop(lane, None)
        if lane not in self._since:
            self._begun[lane] = now
        since = self._since.get(lane)
        earliest = iso(since - _OVERLAP) if since else None
        after: str | None = None
        self._there_is_more.discard(lane)
        for _ in range(_PAGES):
            self._held_back.clear()
            page = await self._ledger.sends.in_lane(
                self._account, lane, since=earliest, until=iso(now + _STEP), limit=PAGE, after=after
            )
            if page.items:
                self._since[lane] = from_iso(page.items[-1]["next_at"])
                await self._sort(lane, page.items, now)
            after = page.next
            if after is None:
                return
            if self._lanes.is_full(lane):
                break
        self._there_is_more.add(lane)

    async def _sort(self, lane: Lane, documents: Sequence[Document], now: datetime) -> None:
        """Takes up what is new of what was read, with what else waits for the same recipients before it."""
        fresh = [document for document in documents if not self._lanes.knows(document["_id"])]
        await self._take_up([document for document in fresh if document.get("to") is None], now)
        recipients = dict.fromkeys(document["to"] for document in fresh if document.get("to") is not None)
        shallow = [recipient for recipient in recipients if not self._lanes.is_deep(lane, recipient)]
        for recipient in recipients.keys() - set(shallow):
            self._lanes.skip(lane, recipient)
        if not shallow:
            return
        rows = await self._ledger.sends.to_recipients(self._account, lane, shallow, each=DEEP + 1)
        await self._take_up(rows, now)

    async def _take_up(self, documents: Sequence[Document], now: datetime) -> None:
        """Each into its lane, or behind what is before it; `documents` are in the order they were asked for."""
        entries = await self._read_all([one for one in documents if not self._lanes.knows(one["_id"])])
        blocked: dict[tuple[Lane, str], datetime] = {}
        behind: list[tuple[Document, datetime]] = []
        due: list[Entry] = []
        for entry in entries:
            key, at = (entry.lane, entry.recipient), from_iso(entry.document["next_at"])
            if at > now:
                if not entry.document.get("paused"):
                    blocked[key] = max(at, blocked.get(key, at))
            elif key in blocked and entry.document.get("to") is not None:
                blocked[key] += _STEP
                behind.append((entry.document, blocked[key]))
            else:
                due.append(entry)
        if behind:
            await self._ledger.put_behind(behind)
        await self._admit(due, now)

    async def _read_all(self, documents: Sequence[Document]) -> list[Entry]:
        entries: list[Entry] = []
        for document in documents:
            try:
                entries.append(Entry.of(document))
            except ValueError as exc:
                log.error("message.unreadable", exc=exc, interaction_id=document["_id"])
                await self._ledger.tell(await self._ledger.fail(document, "the hub cannot read its own entry of it"))
        return entries

    async def _admit(self, entries: Sequence[Entry], now: datetime) -> None:
        """Asks the gate what concerns many at once, so that a mailing that was recalled costs no hand-overs."""
        gate = self._gate.at_large()
        held: list[tuple[Entry, HoldUntil]] = []
        suppressed: list[tuple[Document, str]] = []
        admitted: list[Entry] = []
        for entry in entries:
            match await gate.ask(entry, now, endpoints=self._endpoints):
                case Suppress(reason):
                    suppressed.append((entry.document, reason))
                case HoldUntil() as decision if not gate.restraint.held:
                    held.append((entry, decision))
                    if not decision.paused:
                        self._held_back.add((entry.lane, entry.recipient))
                case _:
                    admitted.append(entry)
        if held:
            await self._holds.write(held)
        if suppressed:
            await self._ledger.suppress_many(suppressed)
        for entry in admitted:
            if (entry.lane, entry.recipient) in self._held_back:
                self.read_anew(entry.lane)
            else:
                self._lanes.add(entry)
