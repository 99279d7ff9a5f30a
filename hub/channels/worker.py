"""What runs for one account: receiver, sender, the channel's own loops, and the notes on how it is."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

from hub.channels.alarm import Alarm
from hub.channels.bell import Bell
from hub.channels.health import HealthNotes
from hub.channels.pause import Pause
from hub.channels.sender import Sender
from hub.channels.states import Step
from hub.kit.beside import beside
from hub.kit.log import Log
from hub.kit.tasks import end

_GRACE = 4.0
_LONGEST_PAUSE = timedelta(seconds=30)
log = Log(__name__)


class Held(Protocol):
    """Held while something must not be cut off; who acquires it lets nothing new begin."""

    async def acquire(self) -> bool: ...


class Follower(Protocol):
    """Follows a server or the ledger, through all failures of the connection, until it is cancelled."""

    @property
    def in_hand(self) -> Held: ...

    async def run(self) -> None: ...


class AccountWorker:
    """Runs the loops of an account. One that fails is noted in its health, and begins again after a pause."""

    def __init__(
        self,
        *,
        loops: Sequence[Follower],
        sender: Sender,
        notes: HealthNotes,
        alarm: Alarm,
        measure: Callable[[], Awaitable[None]] | None = None,
        close: Callable[[], Awaitable[None]],
        bells: Mapping[Step, Bell] | None = None,
    ) -> None:
        """`loops` are those beside the sender; `measure` sets the gauges, `close` ends what is connected; `bells` are
        those of loops that do a step of the ledger's, beside the sender's.
        """
        self._loops: tuple[Follower, ...] = (*loops, sender)
        self._sender = sender
        self._notes = notes
        self.alarm = alarm
        self.measure = measure
        self.bells: Mapping[Step, Bell] = {**(bells or {}), Step.SEND: sender.bell}
        self._close = close
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._again_and_again(loop)) for loop in self._loops]

    def wake(self) -> None:
        self._sender.wake()

    def close(self) -> None:
        """From now on nothing new is sent."""
        self._sender.in_hand.close()

    async def stop(self) -> None:
        """Lets what is in hand come to its end, up to 4 s."""
        self.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                for loop in self._loops:
                    await loop.in_hand.acquire()  # held until the loop is cancelled: nothing new begins
        await end(self._tasks)
        with beside("close"):
            await self._close()
        with beside("health"):
            await self.alarm.save()

    async def _again_and_again(self, loop: Follower) -> None:
        pause = Pause(cap=_LONGEST_PAUSE)
        while True:
            try:
                await loop.run()
            except Exception as exc:
                log.error("account.loop_failed", exc=exc, loop=type(loop).__name__)
                self._notes.not_received(f"{type(loop).__name__} failed: {type(exc).__name__}: {exc}")
            await pause.rest()
