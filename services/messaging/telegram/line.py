"""Everything of Telegram in one place: what runs for each bot, and the door for webhooks."""

from collections.abc import Mapping
from functools import partial
from hmac import compare_digest
from typing import Protocol

from hub.channels.health import HealthNotes
from hub.channels.sender import Sender
from hub.channels.worker import AccountWorker, Follower
from hub.store.base import Document
from services.messaging.bots.repository import BotRepository
from services.messaging.errors import Forged
from services.messaging.inbound.files import FileSource
from services.messaging.line import SERVICE, Body, Ground, Line, counted, measure
from services.messaging.metrics import FORGED
from services.messaging.models import Bot, Payload
from services.messaging.telegram.channel import Outlet, TelegramChannel, WebhookKeeper, WebhookSource
from services.messaging.telegram.pace import TelegramPace
from services.messaging.telegram.poller import Poller, Updates

LANES = 8
"""Chats that one bot writes to at once."""
SECRET = "x-telegram-bot-api-secret-token"


class Api(Outlet, WebhookSource, Updates, FileSource, Protocol):
    """All that a bot can do at Telegram."""

    async def probe(self) -> None: ...

    async def close(self) -> None: ...


class OpenApi(Protocol):
    def __call__(self, bot: Bot, *, patience: float) -> Api: ...


class TelegramLine(Line[Bot]):
    """Hires the workers of bots, and takes what Telegram posts."""

    def __init__(self, ground: Ground, *, bots: BotRepository, open_api: OpenApi) -> None:
        super().__init__(ground, bots.opened)
        self._open_api = open_api

    async def post(self, bot_id: str, body: Body, headers: Mapping[str, str]) -> None:
        """Takes an update that Telegram posts; when it returns, the update is durable and published. What
        strangers post is not read.

        Raises:
            Forged: the secret is not the bot's.
            NotFound: no such bot.
        """
        bot, door = await self.door(bot_id)
        if not compare_digest(headers.get(SECRET, "").encode(), bot.secret.encode()):
            FORGED.labels("telegram").inc()
            raise Forged
        await door.add(Payload(kind="update", raw=await body()))
        await self.noted(bot.id)

    def hire(self, document: Document, note: Document | None) -> AccountWorker:
        """The worker of a bot, from its document and the note on how it was."""
        bot, settings = self.opened(document), self.ground.settings
        notes = HealthNotes(bot.id, self.ground.clock, note)
        api = self._open_api(bot, patience=settings.timeout.total_seconds())
        channel = TelegramChannel(
            receiver=self._receiver(bot, api, notes),
            outlet=api,
            blobs=self.ground.blobs,
            pace=TelegramPace(per_second=settings.per_second, per_chat=settings.per_chat_second),
            notes=notes,
            clock=self.ground.clock,
            silence=settings.silence,
        )
        return AccountWorker(
            loops=(channel.receiver, self.fetcher(bot, api)),
            sender=self._sender(bot, api, channel, notes),
            notes=notes,
            alarm=self.alarm(bot, notes),
            measure=partial(measure, bot, channel),
            close=api.close,
        )

    def _receiver(self, bot: Bot, api: Api, notes: HealthNotes) -> Follower:
        settings = self.ground.settings
        if bot.mode == "webhook":
            url = f"{settings.public_url}/hooks/telegram/{bot.id}"
            return WebhookKeeper(api, url, health=notes, every=settings.check_interval, cap=settings.reconnect_cap)
        return Poller(
            bot,
            source=api,
            intake=self.ground.intake,
            repository=self.ground.inbound,
            health=notes,
            wait=settings.poll,
            cap=settings.reconnect_cap,
        )

    def _sender(self, bot: Bot, api: Api, channel: TelegramChannel, notes: HealthNotes) -> Sender:
        return Sender(
            channel,
            bot.id,
            service=SERVICE,
            ledger=self.ground.ledger,
            health=notes,
            probe=api.probe,
            cap=self.ground.settings.reconnect_cap,
            pace=channel.pace,
            lanes=LANES,
            settled=partial(counted, bot),
            gate=self.ground.gate,
            endpoints=(bot.api_url,),
        )
