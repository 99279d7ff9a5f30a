"""At most so many messages an hour from one account, counted over restarts."""

from collections import deque
from datetime import datetime, timedelta

from hub.channels.sender import Hold
from hub.channels.sends import SendRepository
from hub.contracts.interaction import SendMessage
from hub.kit.clock import Clock

HOUR = timedelta(hours=1)


class Hourly:
    """A pace (see `hub.channels.sender.Pace`) over a sliding hour."""

    def __init__(self, account: str, limit: int, *, sends: SendRepository, clock: Clock) -> None:
        self._account = account
        self._limit = limit
        self._sends = sends
        self._clock = clock
        self._handed: deque[datetime] | None = None

    async def ask(self, message: SendMessage) -> Hold | None:
        """None and counted, or how long the next one has to wait, and why."""
        del message
        now = self._clock.now()
        if self._handed is None:
            self._handed = deque(await self._sends.handed_since(self._account, now - HOUR, limit=self._limit))
        while self._handed and self._handed[0] <= now - HOUR:
            self._handed.popleft()
        if len(self._handed) >= self._limit:
            words = f"held: at most {self._limit} an hour may leave from here"
            return Hold(self._handed[0] + HOUR - now, words, whole=True)
        self._handed.append(now)
        return None
