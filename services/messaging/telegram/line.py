"""Everything of Telegram in one place: what runs for each bot, and the door for webhooks."""

from collections.abc import Mapping, Sequence
from functools import partial
from hmac import compare_digest
from typing import Protocol

from hub.channels.health import HealthNotes
from hub.channels.sender import Sender
from hub.channels.worker import AccountWorker, Loop
from hub.contracts.park import RawPayloadStored
from hub.kit.errors import NotFound
from hub.store.base import Document
from services.messaging.bots.repository import BotRepository
from services.messaging.errors import Forged
from services.messaging.inbound.files import FileSource
from services.messaging.inbound.together import Together
from services.messaging.line import SERVICE, Ground, Line, counted, measure
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


class TelegramLine(Line):
    """Hires the workers of bots, and takes what Telegram posts."""

    def __init__(self, ground: Ground, *, bots: BotRepository, open_api: OpenApi) -> None:
        super().__init__(ground)
        self._bots = bots
        self._open_api = open_api
        self._doors: dict[str, tuple[Bot, Together[Payload]]] = {}

    async def replay(self, fact: RawPayloadStored) -> None:
        """Reads a parked update again; raises Poison when it still cannot be read."""
        document = await self._bots.find(fact.account)
        if document is None:
            raise NotFound(f"no bot {fact.account}")
        await self.ground.intake.replay(fact, self._bots.opened(document))

    async def post(self, bot_id: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Takes an update that Telegram posts; when it returns, the update is durable and published.

        Raises:
            Forged: the secret is not the bot's.
            NotFound: no such bot.
        """
        bot, door = await self._door(bot_id)
        if not compare_digest(headers.get(SECRET, "").encode(), bot.secret.encode()):
            FORGED.labels("telegram").inc()
            raise Forged
        await door.add(Payload(kind="update", raw=body))

    async def _door(self, bot_id: str) -> tuple[Bot, Together[Payload]]:
        document = await self._bots.get(bot_id)
        known = self._doors.get(bot_id)
        if known is None or known[0].revision != document["_v"]:
            bot = self._bots.opened(document)

            async def take(payloads: Sequence[Payload]) -> None:
                await self.ground.intake.take(bot, payloads)

            known = self._doors[bot_id] = (bot, Together(take))
        return known

    def hire(self, document: Document, note: Document | None) -> AccountWorker:
        """The worker of a bot, from its document and the note on how it was."""
        bot, settings = self._bots.opened(document), self.ground.settings
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

    def _receiver(self, bot: Bot, api: Api, notes: HealthNotes) -> Loop:
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
        )
