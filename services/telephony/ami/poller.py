"""The loop door of an exchange: listens to its manager interface, through all failures, and asks it for things."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from itertools import count
from typing import Protocol, TypeVar

from hub.channels.errors import LoginRefused
from hub.channels.health import HealthNotes
from hub.channels.pause import Pause
from hub.kit.clock import Clock
from hub.kit.errors import HubError, TransientError
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.kit.tasks import end
from services.telephony.ami.login import CHALLENGE, NOISE, check_login, login
from services.telephony.ami.memory import Memory
from services.telephony.ami.reading import Message
from services.telephony.calls.models import Call
from services.telephony.errors import ExchangeUnavailable, NotConnected, Overtaken
from services.telephony.exchanges.models import AmiInput, Exchange
from services.telephony.intake.journal import Journal

log = Log(__name__)
Fields = Sequence[tuple[str, str]]
T = TypeVar("T")
_PATIENT = timedelta(seconds=2)
_SETTLED_EVERY = 1_000
"""Pieces after which it is written down how many of them are still needed."""
_TICK, _LAST_WORDS = 1.0, 0.05
_LISTED_FIRST, _LISTED_EVERY = 2, 20
"""The first signs of life are listings of who is there, and then one of so many."""
_AT_ONCE = 200


class Connection(Protocol):
    """One connection to a manager interface."""

    async def read(self) -> bytes:
        """Raises ExchangeUnavailable."""
        ...

    async def act(self, name: str, fields: Fields = ()) -> None:
        """Raises ExchangeUnavailable."""
        ...

    async def close(self) -> None: ...


class Door(Protocol):
    async def open(self, connection: AmiInput) -> Connection:
        """Raises ExchangeUnavailable."""
        ...


Take = Callable[[Sequence[Call]], Awaitable[object]]
"""Stores and tells calls. Raises TransientError."""


class AmiPoller:
    """Follows one exchange. What it says is durable before it counts, and is read again after a crash."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        door: Door,
        journal: Journal,
        take: Take,
        notes: HealthNotes,
        clock: Clock,
        every: timedelta,
        patience: timedelta,
        cap: timedelta,
    ) -> None:
        """`every` is between two signs of life, `patience` for an answer, `cap` the longest pause between tries."""
        self._exchange = exchange
        self._door = door
        self._journal = journal
        self._take = take
        self._notes = notes
        self._clock = clock
        self._every = every.total_seconds()
        self._patience = patience.total_seconds()
        self._pause = Pause(cap=cap)
        self._memory = Memory(exchange.id, exchange.lines)
        self._connection: Connection | None = None
        self._ready = False
        self._asked: dict[str, asyncio.Future[Message]] = {}
        self._numbers = count(1)
        self._pieces = 0
        self._heard_at = 0.0
        self._untold: dict[str, Call] = {}
        self.in_hand = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled, or overtaken by another copy of the hub."""
        await self._recover()
        while True:
            try:
                await self._listen()
            except HubError as exc:
                if isinstance(exc, Overtaken):
                    raise
                refused = isinstance(exc, LoginRefused)
                if self._notes.not_received(str(exc), login_refused=refused):
                    log.warning("exchange.lost", exchange=self._exchange.id, reason=str(exc))
            await self._pause.rest()

    async def ask(self, name: str, fields: Fields = (), *, action_id: str = "") -> Message:
        """The exchange's answer to an action, whatever it is.

        Raises:
            ExchangeUnavailable: it is not connected, or did not answer.
        """
        if not self._ready:
            raise NotConnected
        return await self._ask(name, fields, action_id=action_id)

    @property
    def connected(self) -> bool:
        return self._ready

    @property
    def going_on(self) -> list[Call]:
        """The calls in hand."""
        return self._memory.going_on()

    async def _recover(self) -> None:
        """What was heard before, by whichever copy of the hub: all calls that go on are known, and told."""
        while True:
            try:
                self._memory = Memory(self._exchange.id, self._exchange.lines)
                await self._journal.open()
                self._memory.let_go(await self._journal.gone())
                async for piece in self._journal.read():
                    self._keep(self._memory.hear(piece.place, piece.connection, piece.raw, piece.arrived))
                self._memory.answers()
                await self._tell()
                return
            except TransientError as exc:
                self._notes.not_received(str(exc))
                await self._pause.rest()

    async def _listen(self) -> None:
        """One connection, from its beginning to its end."""
        self._connection = opened = await self._door.open(self._exchange.ami)
        self._journal.connected()
        pump = asyncio.create_task(self._pump(opened))
        living = asyncio.create_task(self._live())
        try:
            await asyncio.wait((pump, living), return_when=asyncio.FIRST_COMPLETED)
            self._ready = False
            # An exchange that refuses the login says so and goes: what it said is the reason.
            await asyncio.wait([living], timeout=_LAST_WORDS)
        finally:
            self._ready, self._connection = False, None
            await end([pump, living])
            failures = _failures(living, pump)
            self._forsake()
            await opened.close()
        if failures:
            raise failures[0]

    async def _live(self) -> None:
        """Logs in, finds out who is there, and looks for signs of life."""
        answer = await self._ask("Challenge", CHALLENGE)
        check_login(await self._ask("Login", login(self._exchange.ami, answer)))
        for kind in NOISE:
            await self._ask("Filter", [("Operation", "Add"), ("Filter", f"!Event: {kind}")])
        for listing in ("CoreShowChannels", "Status"):
            await self._ask(listing)
        self._ready = True
        self._pause.reset()
        log.info("exchange.listened_to", exchange=self._exchange.id)
        for turn in count():
            self._notes.looked()
            await self._wait()
            # What began right before the first listing is left alone by it.
            await self._living("Ping" if turn > _LISTED_FIRST and turn % _LISTED_EVERY else "CoreShowChannels")

    async def _living(self, question: str) -> None:
        """Raises ExchangeUnavailable unless it answers, or says anything: in a flood the answer is far behind."""
        try:
            await self._ask(question)
        except ExchangeUnavailable:
            if self._clock.now().timestamp() - self._heard_at > self._patience:
                raise

    async def _wait(self) -> None:
        """Until the next sign of life is due; time passes for the calls meanwhile."""
        left = self._every
        while left > 0:
            await asyncio.sleep(min(_TICK, left))
            left -= _TICK
            async with self.in_hand:
                self._keep(self._memory.alive(self._clock.now().timestamp()))
                await self._insistently(self._tell)

    async def _pump(self, opened: Connection) -> None:
        """What comes is kept, then counts. While it is taken over, more waits in the exchange's own buffers."""
        while True:
            raw = await opened.read()
            async with self.in_hand:
                await self._heard(raw)

    async def _heard(self, raw: bytes) -> None:
        arrived = self._heard_at = self._clock.now().timestamp()
        piece = await self._insistently(lambda: self._journal.add(raw, arrived))
        changed = self._memory.hear(piece.place, piece.connection, raw, piece.arrived)
        self._answer()
        if changed:
            self._notes.received()
            self._keep(changed)
            seam("telephony.before_calls")
            await self._insistently(self._tell)
            seam("telephony.after_calls")
        self._pieces += 1
        if self._pieces >= _SETTLED_EVERY:
            self._pieces = 0
            await self._insistently(lambda: self._journal.settle(*self._memory.needed()))

    async def _insistently(self, step: Callable[[], Awaitable[T]]) -> T:
        """What was read is said once: while bus, store or blobs are away it waits, and so does the exchange."""
        pause = Pause(cap=_PATIENT, first=_PATIENT / 10)
        while True:
            try:
                return await step()
            except TransientError as exc:
                if self._notes.not_received(str(exc)):
                    log.warning("exchange.waiting", exchange=self._exchange.id, reason=str(exc))
                await pause.rest()

    def _keep(self, changed: Iterable[Call]) -> None:
        """As they are now, until they are stored and told: a store that is away must not lose one."""
        self._untold.update((call.id, call) for call in changed)

    async def _tell(self) -> None:
        calls = list(self._untold.values())
        for first in range(0, len(calls), _AT_ONCE):
            some = calls[first : first + _AT_ONCE]
            try:
                await self._take(some)
            except TransientError:
                raise
            except Exception as exc:
                log.error("calls.untellable", exc=exc, exchange=self._exchange.id, calls=len(some))
                await self._tell_alone(some)
            for call in some:
                self._untold.pop(call.id, None)

    async def _tell_alone(self, calls: Sequence[Call]) -> None:
        """One that cannot be stored takes no other with it; what the exchange said of it is kept."""
        for call in calls:
            try:
                await self._take([call])
            except TransientError:
                raise
            except Exception as exc:
                log.error("call.untellable", exc=exc, exchange=self._exchange.id, call=call.id)

    def _answer(self) -> None:
        for message in self._memory.answers():
            asked = self._asked.pop(message.get("ActionID"), None)
            if asked and not asked.done():
                asked.set_result(message)

    async def _ask(self, name: str, fields: Fields = (), *, action_id: str = "") -> Message:
        if self._connection is None:
            raise NotConnected
        action_id = action_id or f"hub-{next(self._numbers)}"
        asked = self._asked[action_id] = asyncio.get_running_loop().create_future()
        try:
            await self._connection.act(name, [*fields, ("ActionID", action_id)])
            async with asyncio.timeout(self._patience):
                answer: Message = await asked
                return answer
        except TimeoutError as exc:
            raise ExchangeUnavailable(f"no answer to {name} within {self._patience:g} s") from exc
        finally:
            self._asked.pop(action_id, None)

    def _forsake(self) -> None:
        """Whoever waits for an answer gets none any more."""
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(ExchangeUnavailable("the connection was lost before the answer"))
        self._asked.clear()


def _failures(*tasks: asyncio.Task[None]) -> list[BaseException]:
    """What ended those of them that ended by themselves; it is known of all, also where nobody is told of it."""
    ended = (task.exception() for task in tasks if task.done() and not task.cancelled())
    return [failure for failure in ended if failure]
