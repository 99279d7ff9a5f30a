"""Bounds how long a listener may leave unread what was sent to him: in seconds, and in bytes that come meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

PATIENCE = 30.0
"""Seconds that a client may leave its end of the connection unread."""


class Waiting:
    """All sends of live streams that are not over."""

    def __init__(self, most: int) -> None:
        """`most` are the bytes of events that may come while one send waits."""
        self._most = most
        self._came: dict[asyncio.Timeout, int] = {}

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """Raises TimeoutError in the middle of a send that nobody takes."""
        async with asyncio.timeout(PATIENCE) as patience:
            self._came[patience] = 0
            try:
                yield
            finally:
                self._came.pop(patience, None)

    def came(self, size: int) -> None:
        """Something happened that takes so many bytes to tell."""
        for patience in list(self._came):
            self._came[patience] += size
            if self._came[patience] > self._most:
                del self._came[patience]
                # It may be over by itself at this very moment.
                with suppress(RuntimeError):
                    patience.reschedule(asyncio.get_running_loop().time())
