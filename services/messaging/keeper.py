"""The loop of an account to which messages are posted: looks whether its providers are there."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from hub.channels.errors import LoginRefused
from hub.channels.health import HealthNotes
from hub.channels.pause import Pause
from hub.kit.errors import HubError


class Probed(Protocol):
    """A way out."""

    async def probe(self) -> bool | None:
        """False where the login was not shown. Raises LoginRefused or MessengerUnavailable."""
        ...


class ProviderKeeper:
    """Looks whether a number's providers can be reached and take the login: what comes in is posted, so nothing else
    would tell.
    """

    def __init__(
        self, routes: Mapping[str, Probed], *, health: HealthNotes, every: timedelta, cap: timedelta
    ) -> None:
        self._routes = routes
        self._health = health
        self._every = every.total_seconds()
        self._pause = Pause(cap=cap)
        self.in_hand = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                logins = [await route.probe() for route in self._routes.values()]
                self._health.looked(login=any(one is not False for one in logins))
                self._pause.reset()
                await asyncio.sleep(self._every)
            except HubError as exc:
                self._health.not_received(str(exc), login_refused=isinstance(exc, LoginRefused))
                await self._pause.rest()
