"""One bot as a channel of the hub."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from hub.channels.base import Health, Intent, Outcome
from hub.channels.bodies import with_bodies
from hub.channels.errors import LoginRefused
from hub.channels.health import HealthNotes, judge
from hub.channels.pause import Pause
from hub.channels.worker import Follower
from hub.contracts.interaction import SendMessage
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock
from hub.kit.errors import HubError
from services.messaging.telegram.pace import TelegramPace

NextPart = Callable[[SendMessage], Awaitable[None]]


class Outlet(Protocol):
    """The way out to Telegram."""

    async def send(
        self,
        message: SendMessage,
        *,
        intent: Intent,
        keys: tuple[str, ...],
        content: Mapping[str, bytes],
        next_part: NextPart,
    ) -> Outcome: ...


class WebhookSource(Protocol):
    """Telegram's side of webhooks; every method raises LoginRefused or MessengerUnavailable."""

    async def set_webhook(self, url: str) -> None: ...

    async def webhook_problem(self) -> str: ...


class TelegramChannel:
    """Receives by a poller or by webhook, sends through an outlet; see `hub.channels.base.Channel`."""

    def __init__(
        self,
        *,
        receiver: Follower,
        outlet: Outlet,
        blobs: Blobs,
        pace: TelegramPace,
        notes: HealthNotes,
        clock: Clock,
        silence: timedelta,
    ) -> None:
        self.receiver = receiver
        self.pace = pace
        self._outlet = outlet
        self._blobs = blobs
        self._notes = notes
        self._clock = clock
        self._silence = silence

    async def receive(self) -> None:
        await self.receiver.run()

    async def send(
        self, message: SendMessage, *, intent: Intent, at: datetime | None = None, keys: tuple[str, ...] = ()
    ) -> Outcome:
        """`keys` are the messages that Telegram made of the parts it took before."""
        del at  # Telegram dates a message itself
        message = await with_bodies(message, self._blobs)
        content = {one.blob: await self._blobs.get(one.blob) for one in message.attachments}
        return await self._outlet.send(
            message, intent=intent, keys=keys, content=content, next_part=self.pace.next_part
        )

    async def health(self) -> Health:
        return judge(self._notes.document(), now=self._clock.now(), silence=self._silence)


class WebhookKeeper:
    """Keeps Telegram told where to post, and looks whether it can."""

    def __init__(
        self, source: WebhookSource, url: str, *, health: HealthNotes, every: timedelta, cap: timedelta
    ) -> None:
        self._source = source
        self._url = url
        self._health = health
        self._every = every.total_seconds()
        self._pause = Pause(cap=cap)
        self.in_hand = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._source.set_webhook(self._url)
                while True:
                    await self._look()
                    self._pause.reset()
                    await asyncio.sleep(self._every)
            except HubError as exc:
                self._health.not_received(str(exc), login_refused=isinstance(exc, LoginRefused))
            await self._pause.rest()

    async def _look(self) -> None:
        if problem := await self._source.webhook_problem():
            self._health.not_received(f"Telegram cannot deliver to {self._url}: {problem}")
        else:
            self._health.looked()
