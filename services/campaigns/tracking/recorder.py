"""Takes hits beside the answer that a customer waits for, and publishes them together.

A redirect never waits for the bus: what could not be published is tried again, so many hits at most; a kill loses
those of the last moments, which are statistics and nothing else.
"""

import asyncio
from collections import deque
from contextlib import suppress

from hub.bus.base import Bus
from hub.contracts.base import Envelope
from hub.contracts.campaign import HitRecorded
from hub.kit.clock import Clock
from hub.kit.errors import TransientError
from hub.kit.log import Log

log = Log(__name__)
TOGETHER = 0.02
"""Seconds in which hits are gathered."""
MOST, _AT_ONCE, _PAUSE = 20_000, 500, 1.0
_SOURCE = "omnihub/campaigns"


class Recorder:
    """Of one copy of the service."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._waiting: deque[HitRecorded] = deque()
        self._task: asyncio.Task[None] | None = None
        self.lost = 0

    def note(self, hit: HitRecorded) -> None:
        """Returns at once; the oldest ones are dropped where the bus is away for long."""
        if len(self._waiting) >= MOST:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append(hit)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._publish())

    async def start(self) -> None:
        """Nothing runs until something is noted."""

    async def stop(self) -> None:
        """Publishes what waits, if the bus takes it."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        with suppress(TransientError):
            await self._publish_all()

    async def _publish(self) -> None:
        await asyncio.sleep(TOGETHER)
        while self._waiting:
            try:
                await self._publish_all()
            except TransientError as exc:
                log.warning("hits.waiting", hits=len(self._waiting), reason=str(exc))
                await asyncio.sleep(_PAUSE)

    async def _publish_all(self) -> None:
        while self._waiting:
            some = [self._waiting[n] for n in range(min(len(self._waiting), _AT_ONCE))]
            now = self._clock.now()
            await self._bus.publish([Envelope(event=hit, source=_SOURCE, time=now) for hit in some])
            for _ in some:
                self._waiting.popleft()
