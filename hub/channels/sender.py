"""The loop door outwards: sends what is due from one account, in order for each recipient."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from hub.channels.base import Deferred, Intent, Outcome, Outward, Refused, Sent
from hub.channels.errors import LoginRefused
from hub.channels.health import HealthNotes
from hub.channels.ledger import Inquire, Ledger
from hub.channels.pause import Pause, happened
from hub.channels.sends import Step
from hub.contracts.interaction import SendMessage
from hub.kit.clock import from_iso
from hub.kit.errors import Conflict, HubError, TransientError
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.store.base import Document

POLL = 0.5
"""Seconds after which the ledger is looked at for what another copy of the hub queued."""
_ROUNDS_TO_SWEEP = 10
_AT_ONCE = 20
"""Entries read from the ledger for each lane."""
log = Log(__name__)


@dataclass(frozen=True, slots=True)
class Hold:
    """A message has to wait. With `words`, long enough that whoever asks is told why."""

    until: timedelta
    words: str = ""


class Pace(Protocol):
    """How fast an account may send."""

    async def ask(self, message: SendMessage) -> Hold | None:
        """None: it may go now, and is counted."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger holds of a message, and the message."""

    document: Document
    message: SendMessage

    @property
    def recipient(self) -> str:
        return next((person.address for person in self.message.to), "")


class Free:
    """As fast as the provider takes it."""

    async def ask(self, message: SendMessage) -> Hold | None:
        del message
        return None


class Sender:
    """Sends for one account."""

    def __init__(
        self,
        channel: Outward,
        account: str,
        *,
        service: str,
        ledger: Ledger,
        health: HealthNotes,
        probe: Callable[[], Awaitable[None]],
        cap: timedelta,
        pace: Pace | None = None,
        lanes: int = 1,
        inquire: Inquire | None = None,
        settled: Callable[[Outcome], None] | None = None,
    ) -> None:
        """`probe` raises when the provider cannot be reached or refuses the login; `cap` is the longest pause between
        two tries to reach it; up to `lanes` recipients are served at once; `settled` hears of every outcome.
        """
        self._channel = channel
        self._account = account
        self._service = service
        self._ledger = ledger
        self._health = health
        self._probe = probe
        self._pause = Pause(cap=cap)
        self._pace = pace or Free()
        self._lanes = lanes
        self._inquire = inquire
        self._hears = settled
        self._proven = False
        self.woken = asyncio.Event()
        self.in_hand = asyncio.Lock()
        """Held while messages are being sent."""

    async def run(self) -> None:
        """Until cancelled; first settles what an earlier holder left open."""
        taken_over = False
        while True:
            try:
                if not taken_over:
                    await self._ledger.take_over(self._account, self._inquire)
                    taken_over = True
                await self._ledger.tell_owed(self._account)
                await self._rounds()
            except HubError as exc:
                self._note(exc)
            except Exception as exc:
                log.error("sender.failed", exc=exc, account=self._account)
                self._health.not_sent(f"{type(exc).__name__}: {exc}")
            self._proven = False
            await self._pause.rest()

    def _note(self, exc: HubError) -> None:
        news = self._health.not_sent(str(exc), login_refused=isinstance(exc, LoginRefused))
        tell = log.warning if news else log.debug
        tell("sender.paused", account=self._account, error=str(exc))

    async def _rounds(self) -> None:
        if not self._proven:
            await self._probe()
            self._reached()
        while True:
            for _ in range(_ROUNDS_TO_SWEEP):
                await self._round()
            await self._ledger.tell_owed(self._account)

    async def _round(self) -> None:
        self.woken.clear()
        due = await self._ledger.due(self._account, Step.SEND, limit=_AT_ONCE * self._lanes)
        waits = await self._serve(due) if due else timedelta(seconds=POLL)
        if waits:
            await happened(self.woken, within=waits.total_seconds())

    async def _serve(self, due: list[Document]) -> timedelta | None:
        """Sends what is due; how long to wait when the pace lets nothing go."""
        entries = [Entry(document, SendMessage.model_validate_json(document["command"])) for document in due]
        async with self.in_hand:
            held = await asyncio.gather(*map(self._queue, self._queues(entries)), return_exceptions=True)
        for one in held:
            if isinstance(one, BaseException):
                raise one
        waits = [one for one in held if isinstance(one, timedelta)]
        return min(waits) if len(waits) == len(held) else None

    def _queues(self, entries: Sequence[Entry]) -> list[list[Entry]]:
        """As many as there are lanes; all of one recipient in one of them, so that their order is kept."""
        queues: list[list[Entry]] = [[] for _ in range(self._lanes)]
        lanes: dict[str, int] = {}
        for entry in entries:
            queues[lanes.setdefault(entry.recipient, len(lanes) % self._lanes)].append(entry)
        return [queue for queue in queues if queue]

    async def _queue(self, queue: Sequence[Entry]) -> timedelta | None:
        """None when something was done; else how long the first recipient has to wait."""
        waiting: dict[str, timedelta] = {}
        done = False
        for entry in queue:
            if entry.recipient in waiting:
                continue  # behind one that waits
            hold = await self._pace.ask(entry.message)
            if hold is None:
                await self._send(entry.document, entry.message)
            elif hold.words:
                await self._ledger.hold(entry.document, hold.until, hold.words)
            else:
                waiting[entry.recipient] = hold.until
                continue
            done = True
        return None if done else min(waiting.values())

    async def _send(self, document: Document, message: SendMessage) -> None:
        entry = document

        async def intent() -> None:
            nonlocal entry
            entry = await self._ledger.intend(document)

        try:
            outcome = await self._outcome(document, message, intent)
        except Conflict:
            return  # another copy of the hub has it
        seam(f"{self._service}.after_data")
        settled = await self._settled(entry, outcome)
        await self._ledger.tell(settled)
        self._noted(outcome)

    async def _outcome(self, document: Document, message: SendMessage, intent: Intent) -> Outcome:
        try:
            at, keys = from_iso(document["queued_at"]), tuple(document["keys"])
            return await self._channel.send(message, intent=intent, at=at, keys=keys)
        except (TransientError, LoginRefused, Conflict):
            raise
        except (HubError, ValueError, LookupError) as exc:
            log.error("message.unsendable", exc=exc, interaction_id=document["_id"])
            return Refused(f"cannot be sent by {message.channel}: {exc}")

    async def _settled(self, entry: Document, outcome: Outcome) -> Document:
        """What became of a message is known only here until it is stored: tried for as long as it takes."""
        pause = Pause(cap=self._pause.cap)
        while True:
            try:
                return await self._ledger.settle(entry, outcome)
            except TransientError as exc:
                log.error("outcome.unsaved", interaction_id=entry["_id"], error=str(exc))
                await pause.rest()

    def _noted(self, outcome: Outcome) -> None:
        if self._hears:
            self._hears(outcome)
        if isinstance(outcome, Sent):
            self._health.sent()
        if not isinstance(outcome, Deferred):
            self._reached()

    def _reached(self) -> None:
        self._proven = True
        self._pause.reset()
        self._health.reached()
