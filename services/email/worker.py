"""What runs for one mailbox: receiver, sender, copier and the notes on how it is."""

import asyncio
from contextlib import suppress

from services.email.alarm import Alarm
from services.email.channel import EmailChannel
from services.email.health import HealthNotes
from services.email.metrics import LAG, UP
from services.email.outbound.copier import Copier
from services.email.outbound.sender import Sender
from services.email.pause import happened

_NOTE_PAUSE = 0.5
_NOTE_EVERY = 5.0
_GRACE = 4.0


class MailboxWorker:
    """Runs the loops of a mailbox, none of which ends by itself."""

    def __init__(
        self,
        channel: EmailChannel,
        *,
        sender: Sender,
        copier: Copier,
        notes: HealthNotes,
        alarm: Alarm,
    ) -> None:
        self._channel = channel
        self._sender = sender
        self._copier = copier
        self._notes = notes
        self._alarm = alarm
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        loops = (self._channel.receive(), self._sender.run(), self._copier.run(), self._write_notes())
        self._tasks = [asyncio.create_task(loop) for loop in loops]

    def wake(self) -> None:
        self._sender.woken.set()

    async def stop(self) -> None:
        """Lets what is in hand come to its end, up to 4 s."""
        locks = (self._channel.poller.in_hand, self._sender.in_hand, self._copier.in_hand)
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                for lock in locks:
                    await lock.acquire()  # held until the loop is cancelled: nothing new begins
        while running := [task for task in self._tasks if not task.done()]:
            for task in running:
                task.cancel()
            # A library's `wait_for` may swallow a cancellation (before Python 3.12): then once more.
            await asyncio.wait(running, timeout=1)
        await self._channel.outlet.close()
        await self._alarm.save()

    async def _write_notes(self) -> None:
        while True:
            await happened(self._notes.changed, within=_NOTE_EVERY)
            self._notes.changed.clear()
            await self._alarm.look()
            await self._measure()
            await asyncio.sleep(_NOTE_PAUSE)

    async def _measure(self) -> None:
        health = await self._channel.health()
        UP.labels(self._channel.mailbox.id).set(health.state == "green")
        LAG.labels(self._channel.mailbox.id).set(health.lag_seconds or 0)
