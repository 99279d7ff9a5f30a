"""The loop door: asks Telegram for updates and confirms only what is durable and published."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from hub.channels.errors import LoginRefused
from hub.channels.health import HealthNotes
from hub.channels.pause import Pause
from hub.kit.errors import HubError
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.kit.tracing.events import receiving
from services.messaging.inbound.repository import Cursor, InboundRepository
from services.messaging.inbound.service import Intake
from services.messaging.models import Bot, Payload

log = Log(__name__)


class Updates(Protocol):
    """Telegram's side; every method raises LoginRefused or MessengerUnavailable."""

    async def no_webhook(self) -> None:
        """Updates are to be asked for from now on."""
        ...

    async def updates(self, *, after: int, wait: timedelta) -> Sequence[tuple[int, bytes]]:
        """Those numbered above `after`, by number; waits so long for the first. To ask confirms all up to `after`."""
        ...


class Poller:
    """Receives for one bot."""

    def __init__(
        self,
        bot: Bot,
        *,
        source: Updates,
        intake: Intake,
        repository: InboundRepository,
        health: HealthNotes,
        wait: timedelta,
        cap: timedelta,
    ) -> None:
        self._bot = bot
        self._source = source
        self._intake = intake
        self._repository = repository
        self._health = health
        self._wait = wait
        self._pause = Pause(cap=cap)
        self.in_hand = asyncio.Lock()
        """Held while updates are taken over."""

    async def run(self) -> None:
        """Until cancelled; whatever goes wrong is noted, and tried again after a pause."""
        while True:
            try:
                await self._source.no_webhook()
                await self._follow()
            except HubError as exc:
                self._note(exc)
            except Exception as exc:
                # A fault of ours must not end the bot for good.
                log.error("bot.failed", exc=exc, account=self._bot.id)
                self._health.not_received(f"{type(exc).__name__}: {exc}")
            await self._pause.rest()

    def _note(self, exc: HubError) -> None:
        news = self._health.not_received(str(exc), login_refused=isinstance(exc, LoginRefused))
        tell = log.warning if news else log.debug
        tell("bot.unreachable", account=self._bot.id, error=str(exc))

    async def _follow(self) -> None:
        cursor = await self._repository.cursor(self._bot.id)
        wait = timedelta()  # the first answer comes at once, and tells that all is well
        while True:
            updates = await self._source.updates(after=cursor.last, wait=wait)
            seam("messaging.after_fetch")
            if updates:
                async with self.in_hand:
                    cursor = await self._take(cursor, updates)
            self._health.looked()
            self._pause.reset()
            wait = self._wait

    async def _take(self, cursor: Cursor, updates: Sequence[tuple[int, bytes]]) -> Cursor:
        payloads = [Payload(kind="update", raw=raw) for _, raw in updates]
        with receiving("messaging", channel="telegram", account=self._bot.id):
            taken = await self._intake.take(self._bot, payloads)
        if taken:
            self._health.received()
        seam("messaging.before_cursor")
        return await self._repository.move(
            Cursor(account=cursor.account, last=max(number for number, _ in updates), version=cursor.version)
        )
