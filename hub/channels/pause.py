"""The pause between two tries: one second, then twice as long each time, up to a cap."""

import asyncio
from contextlib import suppress
from datetime import timedelta


async def happened(event: asyncio.Event, *, within: float) -> bool:
    """Waits for `event`, `within` seconds at most.

    Not by `asyncio.wait_for`: before Python 3.12 that swallows a cancellation which comes together with the event.
    """
    await asyncio.sleep(0)  # an event that is set already would let nobody else run
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await event.wait()
    return event.is_set()


class Pause:
    """Grows with every rest until `reset`."""

    def __init__(self, *, cap: timedelta, first: timedelta = timedelta(seconds=1)) -> None:
        self._first = min(first, cap).total_seconds()
        self.cap = cap
        self._next = self._first

    def reset(self) -> None:
        self._next = self._first

    async def rest(self) -> None:
        seconds, self._next = self._next, min(self._next * 2, self.cap.total_seconds())
        await asyncio.sleep(seconds)
