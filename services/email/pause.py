"""The pause between two tries: one second, then twice as long each time, up to a cap."""

import asyncio
from datetime import timedelta


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
