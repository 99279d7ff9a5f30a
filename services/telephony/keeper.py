"""The loop of an account that posts to us: looks whether its provider is there, where it can be asked."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from hub.channels.errors import LoginRefused
from hub.channels.health import HealthNotes
from hub.channels.pause import Pause
from hub.kit.errors import HubError


class Keeper:
    """What comes in is posted, so nothing else would tell."""

    def __init__(
        self, probe: Callable[[], Awaitable[bool]], *, health: HealthNotes, every: timedelta, cap: timedelta
    ) -> None:
        """`probe`: whether the login was shown, and taken. Raises LoginRefused or ExchangeUnavailable."""
        self._probe = probe
        self._health = health
        self._every = every.total_seconds()
        self._pause = Pause(cap=cap)
        self.in_hand = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                self._health.looked(login=await self._probe())
                self._pause.reset()
                await asyncio.sleep(self._every)
            except HubError as exc:
                self._health.not_received(str(exc), login_refused=isinstance(exc, LoginRefused))
                await self._pause.rest()
