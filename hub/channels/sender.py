"""The loop door outwards: sends what is due from one account, persons' messages first, each recipient's in order."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Protocol

from hub.channels.base import Deferred, Intent, Outcome, Outward, Refused, Sent, Unknown
from hub.channels.batches import MOST, Batches, OneByOne, SendsMany
from hub.channels.bell import Bell
from hub.channels.errors import LoginRefused
from hub.channels.feed import Feed
from hub.channels.gate import Gate, Go, HoldUntil, Suppress, Withheld
from hub.channels.health import HealthNotes
from hub.channels.holds import Holds
from hub.channels.lanes import Entry, Lanes
from hub.channels.ledger import Inquire, Ledger
from hub.channels.pause import Pause
from hub.contracts.interaction import Lane, SendMessage
from hub.kit.beside import beside
from hub.kit.clock import from_iso
from hub.kit.errors import Conflict, HubError, TransientError
from hub.kit.ids import fresh
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.kit.tracing.events import NOTHING, Step, sending
from hub.kit.tracing.spans import on
from hub.store.base import Document

POLL = 0.5
"""Seconds after which the ledger is looked at for what another copy of the hub queued."""
HELD = "the hub is held: nothing is sent until it is released"
_EXPLAIN = 5.0
"""Seconds between two looks at what has to say that it is held."""
_NO_WAIT = 0.01
log = Log(__name__)


@dataclass(frozen=True, slots=True)
class Hold:
    """A message has to wait. With `words`, long enough that whoever asks is told why."""

    until: timedelta
    words: str = ""
    whole: bool = False
    """The account has to wait, whoever the recipient is."""


class Pace(Protocol):
    """How fast an account may send."""

    async def ask(self, message: SendMessage) -> Hold | None:
        """None: it may go now, and is counted."""
        ...


class Free:
    """As fast as the provider takes it."""

    async def ask(self, message: SendMessage) -> Hold | None:
        del message
        return None


class InHand:
    """What must not be cut off. Whoever acquires it lets nothing new begin, and gets it when all is done."""

    def __init__(self) -> None:
        self.closed = False
        self._none = asyncio.Event()
        self._none.set()
        self._count = 0

    def close(self) -> None:
        """Nothing new begins."""
        self.closed = True

    async def acquire(self) -> bool:
        self.close()
        await self._none.wait()
        return True

    def begun(self) -> None:
        self._count += 1
        self._none.clear()

    def ended(self) -> None:
        self._count -= 1
        if not self._count:
            self._none.set()


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
        probe: Callable[[], Awaitable[None]] | None,
        cap: timedelta,
        pace: Pace | None = None,
        lanes: int = 1,
        inquire: Inquire | None = None,
        settled: Callable[[Outcome], None] | None = None,
        gate: Gate | None = None,
        endpoints: Sequence[str] = (),
        many: SendsMany | None = None,
    ) -> None:
        """`probe` raises when the provider cannot be reached or refuses the login; none where only sending tells;
        `cap` is the longest pause between two tries to reach it; up to `lanes` recipients are served at once;
        `settled` hears of every outcome; `gate` may keep a message back, and is told the `endpoints` sent to; `many`
        hands over messages of mailings in batches, for an account without a `pace`.
        """
        self._channel = channel
        self._account = account
        self._service = service
        self._ledger = ledger
        self._health = health
        self._probe = probe
        self._pause = Pause(cap=cap)
        self._pace = pace or Free()
        self._at_once = lanes
        self._inquire = inquire
        self._hears = settled
        self._gate = gate or Gate()
        self._holds = Holds(ledger, self._gate)
        self._endpoints = tuple(endpoints)
        self._proven = False
        self._doubtful: dict[str, tuple[Document, str]] = {}
        """Entries before an intent that may be written, and the intent's token; none of them was handed over."""
        self._read_at = float("-inf")
        self._explained_at = float("-inf")
        self.bell = Bell(poll=POLL)
        self.in_hand = InHand()
        """Held while messages are being sent."""
        self._many = many
        """None: every message goes by itself."""
        self._forget()

    def _forget(self) -> None:
        """Nothing is known of what waits."""
        self._lanes = Lanes()
        self._feed = Feed(
            self._account,
            ledger=self._ledger,
            lanes=self._lanes,
            gate=self._gate,
            holds=self._holds,
            endpoints=self._endpoints,
        )
        self._running: dict[asyncio.Task[None], Entry] = {}
        self._batch: asyncio.Task[None] | None = None
        """Of messages of mailings; others leave beside it."""
        self._paused: dict[Lane | None, float] = {}
        """Until when a lane, or all of them (None), has to wait: monotonic seconds."""

    def wake(self) -> None:
        """There may be something to send."""
        self.bell.ring()

    async def run(self) -> None:
        """Until cancelled; first settles what an earlier holder left open."""
        taken_over = False
        while True:
            try:
                if not taken_over:
                    await self._ledger.take_over(self._account, self._inquire)
                    taken_over = True
                await self._take_back()
                await self._holds.settle()
                await self._rounds()
            except HubError as exc:
                await self._note(exc)
            except Exception as exc:
                log.error("sender.failed", exc=exc, account=self._account)
                self._health.not_sent(f"{type(exc).__name__}: {exc}")
            finally:
                await self._stopped()
            self._proven = False
            await self._pause.rest()

    async def _note(self, exc: HubError) -> None:
        """Whoever looks at one of the messages sees why it waits, as whoever looks at the account."""
        news = self._health.not_sent(str(exc), login_refused=isinstance(exc, LoginRefused))
        tell = log.warning if news else log.debug
        tell("sender.paused", account=self._account, error=str(exc))
        with beside("reason", account=self._account):
            await self._ledger.explain(self._account, str(exc))

    async def _take_back(self) -> None:
        """What was about to be handed over when the store, or the provider, was lost: nobody got it, so it waits."""
        for entry_id, (document, token) in list(self._doubtful.items()):
            await self._ledger.take_back(document, token=token)
            del self._doubtful[entry_id]

    async def _stopped(self) -> None:
        """Ends what runs: by itself where we go on, at once where we were cancelled."""
        cancelled = bool((task := asyncio.current_task()) and task.cancelling())
        running = [*self._running, *([self._batch] if self._batch else [])]
        if cancelled:
            for one in running:
                one.cancel()
        try:
            await asyncio.gather(*running, return_exceptions=True)
        finally:
            for one in running:
                one.cancel()
            self._forget()

    async def _rounds(self) -> None:
        if not self._proven:
            await self._prove()
        anew = True
        while True:
            if not self._gate.restraint.held:
                await self._feed.fill(anew=anew)
                await self._begin()
            anew = await self._wait()
            self._raise_what_failed()

    async def _wait(self) -> bool:
        """Until something may be done; whether the ledger may hold something new."""
        if self._gate.restraint.held and not self._running and self._batch is None:
            await self._explain_held()
            await asyncio.sleep(POLL)
            return True
        if self._batch is not None and self._feed.runs_low:
            return False  # the next batch is read while this one is on its way
        if not self._lanes and not self._running and self._batch is None:
            await self.bell.wait(within=_NO_WAIT if self._feed.unread else None)
            return True
        now = monotonic()
        moments = [at for at in (self._lanes.next_wake(), *self._paused.values()) if at is not None and at > now]
        within = min((at - now for at in moments), default=POLL)
        begun = now
        rung = await self.bell.wait(within=max(_NO_WAIT, min(within, POLL)))
        return rung or monotonic() - begun >= POLL or self._unread_for(POLL)

    async def _explain_held(self) -> None:
        """What is told of an entry makes it another one than was read; so it is read again once we are released."""
        if monotonic() - self._explained_at >= _EXPLAIN:
            self._explained_at = monotonic()
            self._forget()
            with beside("reason", account=self._account):
                await self._ledger.explain(self._account, HELD)

    def _unread_for(self, seconds: float) -> bool:
        """What another copy of the hub queued is looked for now and then, however much there is to do."""
        now = monotonic()
        if now - self._read_at < seconds:
            return False
        self._read_at = now
        return True

    def _raise_what_failed(self) -> None:
        for task in [task for task in self._running if task.done()]:
            del self._running[task]
            task.result()
        if (batch := self._batch) and batch.done():
            self._batch = None
            batch.result()

    async def _begin(self) -> None:
        """Begins to send as much as may go now."""
        while len(self._busy()) < self._at_once and not self.in_hand.closed:
            entry = await self._next()
            if entry is None:
                return
            if self._many and entry.lane == "mass" and entry.message.content:
                self._begin_batch(entry, self._many)
                continue
            self._lanes.take(entry)
            self.in_hand.begun()
            task = asyncio.create_task(self._send(entry))
            self._running[task] = entry
            task.add_done_callback(partial(self._ended, entry))

    def _begin_batch(self, first: Entry, channel: SendsMany) -> None:
        """Of what is ready in the lane of mailings, as many as may go together."""
        entries, entry, now = [first], None, monotonic()
        self._lanes.take(first)
        while len(entries) < MOST and (entry := self._lanes.first("mass", now)) and entry.message.content:
            self._lanes.take(entry)
            entries.append(entry)
        self.in_hand.begun()
        self._batch = asyncio.create_task(self._send_many(entries, channel))
        self._batch.add_done_callback(partial(self._batch_ended, entries))

    def _batch_ended(self, entries: Sequence[Entry], _: asyncio.Task[None]) -> None:
        self.in_hand.ended()
        for entry in entries:
            self._lanes.done(entry)
        self.bell.stir()

    async def _send_many(self, entries: Sequence[Entry], channel: SendsMany) -> None:
        batches = Batches(
            channel,
            service=self._service,
            ledger=self._ledger,
            gate=self._gate,
            holds=self._holds,
            endpoints=self._endpoints,
            doubtful=self._doubtful,
            cap=self._pause.cap,
        )
        try:
            left = await batches.send(entries)
        except OneByOne as exc:
            log.info("batches.impossible", account=self._account, reason=str(exc))
            self._many = None
            self._feed.read_anew("mass")
            return
        for entry, outcome in left:
            if isinstance(outcome, Deferred):
                self._feed.put_off(entry.lane, entry.recipient)
            self._noted(outcome)
        gone = {entry.id for entry, _ in left}
        for entry in entries:
            if entry.id not in gone:
                self._feed.put_off(entry.lane, entry.recipient)
                self._feed.read_anew(entry.lane)

    def _busy(self) -> list[Entry]:
        return [entry for task, entry in self._running.items() if not task.done()]

    def _ended(self, entry: Entry, _: asyncio.Task[None]) -> None:
        self.in_hand.ended()
        self._lanes.done(entry)
        self.bell.stir()

    async def _next(self) -> Entry | None:
        """The next one that its pace lets go, by lanes."""
        now = monotonic()
        for lane in self._lanes.turn():
            if self._may_begin(lane, now) and (entry := await self._of_lane(lane, now)):
                return entry
        return None

    def _may_begin(self, lane: Lane, now: float) -> bool:
        """A mailing leaves one place free for a person, where there are several."""
        if max(self._paused.get(lane, 0), self._paused.get(None, 0)) > now:
            return False
        if lane == "mass" and self._batch is not None:
            return False
        mass = sum(entry.lane == "mass" for entry in self._busy())
        return lane != "mass" or mass < max(1, self._at_once - 1)

    async def _of_lane(self, lane: Lane, now: float) -> Entry | None:
        while entry := self._lanes.first(lane, now):
            hold = await self._pace.ask(entry.message)
            if hold is None:
                return entry
            if hold.words and lane != "mass":
                await self._put_off(entry, HoldUntil(self._ledger.clock.now() + hold.until, hold.words))
            elif hold.whole:
                self._paused[lane if hold.words else None] = now + hold.until.total_seconds()
                return None
            else:
                self._lanes.rest(entry, now + hold.until.total_seconds())
        return None

    async def _put_off(self, entry: Entry, decision: HoldUntil) -> None:
        """It waits in the ledger, and what is behind it, too."""
        await self._holds.write([(entry, decision)])
        self._feed.put_off(entry.lane, entry.recipient)

    async def _send(self, entry: Entry) -> None:
        document, message, token = entry.document, entry.message, fresh("try")
        intended, passed_at = document, self._ledger.clock.now()

        async def intent() -> None:
            nonlocal intended, passed_at
            passed_at = await self._pass(entry)
            self._doubtful[entry.id] = (document, token)
            intended = await self._ledger.intend(document, token=token)

        try:
            with self._traced(document, message, token) as attempt:
                outcome = await self._outcome(document, message, intent)
                attempt.came_to(type(outcome).__name__.lower(), failed=not isinstance(outcome, Sent))
        except Withheld as exc:
            await self._withhold(entry, exc.decision)
            return
        except Conflict:
            self._doubtful.pop(entry.id, None)
            return  # another copy of the hub has it
        self._doubtful.pop(entry.id, None)
        seam(f"{self._service}.after_data")
        settled = await self._settled(intended, outcome)
        if isinstance(outcome, Deferred | Refused):
            await self._give_back(entry, passed_at)
        if isinstance(outcome, Deferred):
            self._feed.put_off(entry.lane, entry.recipient)
        self._ledger.tell_soon(settled)
        self._noted(outcome)

    def _traced(self, document: Document, message: SendMessage, token: str) -> Step:
        if not on():
            return NOTHING
        about: dict[str, str | int] = {
            "channel": message.channel,
            "account": self._account,
            "interaction": message.id,
            "attempt": document["attempts"] + 1,
        }
        return sending(
            message.event_id(),
            correlation_id=document.get("correlation_id", ""),
            attempt=token,
            service=self._service,
            about=about,
        )

    async def _pass(self, entry: Entry) -> datetime:
        """When the gate let it go, at the last instant; raises Withheld unless it does."""
        now = self._ledger.clock.now()
        decision = await self._gate.ask(entry, now, endpoints=self._endpoints)
        if not isinstance(decision, Go):
            raise Withheld(decision)
        if hold := await self._gate.take_slot(entry, now):
            raise Withheld(hold)
        return now

    async def _give_back(self, entry: Entry, passed_at: datetime) -> None:
        """A slot that cannot be given back lapses by itself."""
        try:
            await self._gate.give_back(entry, passed_at)
        except TransientError as exc:
            log.warning("slot.kept", interaction_id=entry.id, error=str(exc))

    async def _withhold(self, entry: Entry, decision: HoldUntil | Suppress) -> None:
        if isinstance(decision, Suppress):
            await self._ledger.suppress_many([(entry.document, decision.reason)])
        elif self._gate.restraint.held:
            self._feed.put_off(entry.lane, entry.recipient)
            self._feed.read_anew(entry.lane)  # it waits as it is, until we are released
        else:
            await self._put_off(entry, decision)

    async def _outcome(self, document: Document, message: SendMessage, intent: Intent) -> Outcome:
        try:
            at, keys = from_iso(document["queued_at"]), tuple(document["keys"])
            return await self._channel.send(message, intent=intent, at=at, keys=keys)
        except (TransientError, LoginRefused, Conflict, Withheld):
            raise
        except (HubError, ValueError, LookupError) as exc:
            log.error("message.unsendable", exc=exc, interaction_id=document["_id"])
            return Refused(f"cannot be sent by {message.channel}: {exc}")
        except Exception as exc:
            # A fault of ours in one message must not keep the account from the others.
            log.error("message.failed", exc=exc, interaction_id=document["_id"])
            words = f"a fault of the hub: {type(exc).__name__}: {exc}"
            return Unknown(f"may have been handed over: {words}") if self._intended(document) else Deferred(words)

    def _intended(self, document: Document) -> bool:
        return document["_id"] in self._doubtful

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
            with beside("outcome", account=self._account):
                self._hears(outcome)
        if isinstance(outcome, Sent):
            self._health.sent()
        if not isinstance(outcome, Deferred):
            self._reached()
        elif outcome.closed or outcome.login_refused:
            self._health.failed_to_send(outcome.words, login_refused=outcome.login_refused)

    async def _prove(self) -> None:
        if self._probe:
            await self._probe()
            self._reached()
        else:
            self._proven = True
            self._health.goes_on()

    def _reached(self) -> None:
        self._proven = True
        self._pause.reset()
        self._health.reached()
