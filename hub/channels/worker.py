"""What runs for one account: receiver, sender, the channel's own loops, and the notes on how it is."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol

from hub.channels.alarm import Alarm
from hub.channels.health import HealthNotes
from hub.channels.pause import happened
from hub.channels.sender import Sender
from hub.kit.tasks import end

_NOTE_PAUSE = 0.5
_NOTE_EVERY = 5.0
_GRACE = 4.0


class Loop(Protocol):
    """Runs until cancelled; `in_hand` is held while something must not be cut off."""

    in_hand: asyncio.Lock

    async def run(self) -> None: ...


class AccountWorker:
    """Runs the loops of an account, none of which ends by itself."""

    def __init__(
        self,
        *,
        loops: Sequence[Loop],
        sender: Sender,
        notes: HealthNotes,
        alarm: Alarm,
        measure: Callable[[], Awaitable[None]] | None = None,
        close: Callable[[], Awaitable[None]],
    ) -> None:
        """`loops` are those beside the sender; `measure` sets the gauges, `close` ends what is connected."""
        self._loops = (*loops, sender)
        self._sender = sender
        self._notes = notes
        self._alarm = alarm
        self._measure = measure
        self._close = close
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(loop.run()) for loop in self._loops]
        self._tasks.append(asyncio.create_task(self._write_notes()))

    def wake(self) -> None:
        self._sender.woken.set()

    async def stop(self) -> None:
        """Lets what is in hand come to its end, up to 4 s."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                for loop in self._loops:
                    await loop.in_hand.acquire()  # held until the loop is cancelled: nothing new begins
        await end(self._tasks)
        await self._close()
        await self._alarm.save()

    async def _write_notes(self) -> None:
        while True:
            await happened(self._notes.changed, within=_NOTE_EVERY)
            self._notes.changed.clear()
            await self._alarm.look()
            if self._measure:
                await self._measure()
            await asyncio.sleep(_NOTE_PAUSE)
