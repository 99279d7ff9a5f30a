"""Everything of Telegram in one place: bots, what runs for each, and the door for webhooks."""

from collections.abc import Mapping
from hmac import compare_digest
from typing import Protocol

from hub.bus.base import Bus
from hub.channels.alarm import AccountName, Alarm
from hub.channels.base import Outcome
from hub.channels.health import HealthNotes
from hub.channels.ledger import Ledger
from hub.channels.sender import Sender
from hub.channels.worker import AccountWorker, Loop
from hub.contracts.park import RawPayloadStored
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock
from hub.kit.errors import NotFound
from hub.store.base import Document
from services.messaging.bots.repository import BotRepository
from services.messaging.errors import Forged
from services.messaging.inbound.files import Fetcher, FileSource
from services.messaging.inbound.repository import InboundRepository
from services.messaging.inbound.service import Intake
from services.messaging.inbound.together import Together
from services.messaging.metrics import FORGED, LAG, SENT, UP
from services.messaging.models import Bot, Payload
from services.messaging.settings import Settings
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


class TelegramLine:
    """Hires the workers of bots, and takes what Telegram posts."""

    def __init__(
        self,
        *,
        bots: BotRepository,
        inbound: InboundRepository,
        intake: Intake,
        ledger: Ledger,
        bus: Bus,
        blobs: Blobs,
        clock: Clock,
        settings: Settings,
        open_api: OpenApi,
    ) -> None:
        self._bots = bots
        self._inbound = inbound
        self._intake = intake
        self._ledger = ledger
        self._bus = bus
        self._blobs = blobs
        self._clock = clock
        self._settings = settings
        self._open_api = open_api
        self._fetchers: dict[str, Fetcher] = {}
        self._doors: dict[str, tuple[Bot, Together[Payload]]] = {}

    def files_wanted(self, bot_id: str) -> None:
        """There are files to be fetched."""
        if fetcher := self._fetchers.get(bot_id):
            fetcher.woken.set()

    async def replay(self, fact: RawPayloadStored) -> None:
        """Reads a parked update again; raises Poison when it still cannot be read."""
        document = await self._bots.find(fact.account)
        if document is None:
            raise NotFound(f"no bot {fact.account}")
        await self._intake.replay(fact, self._bots.opened(document))

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

            async def take(payloads: object) -> None:
                assert isinstance(payloads, list)
                await self._intake.take(bot, payloads)

            known = self._doors[bot_id] = (bot, Together(take))
        return known

    def hire(self, document: Document, note: Document | None) -> AccountWorker:
        """The worker of a bot, from its document and the note on how it was."""
        bot, settings = self._bots.opened(document), self._settings
        notes = HealthNotes(bot.id, self._clock, note)
        api = self._open_api(bot, patience=settings.timeout.total_seconds())
        pace = TelegramPace(per_second=settings.per_second, per_chat=settings.per_chat_second)
        channel = TelegramChannel(
            receiver=self._receiver(bot, api, notes),
            outlet=api,
            blobs=self._blobs,
            pace=pace,
            notes=notes,
            clock=self._clock,
            silence=settings.silence,
        )
        self._fetchers[bot.id] = fetcher = self._fetcher(bot, api)
        return AccountWorker(
            loops=(channel.receiver, fetcher),
            sender=self._sender(bot, api, channel, notes),
            notes=notes,
            alarm=self._alarm(bot, notes),
            measure=lambda: _measure(bot, channel),
            close=api.close,
        )

    def _receiver(self, bot: Bot, api: Api, notes: HealthNotes) -> Loop:
        settings = self._settings
        if bot.mode == "webhook":
            url = f"{settings.public_url}/hooks/telegram/{bot.id}"
            return WebhookKeeper(api, url, health=notes, every=settings.check_interval, cap=settings.reconnect_cap)
        return Poller(
            bot,
            source=api,
            intake=self._intake,
            repository=self._inbound,
            health=notes,
            wait=settings.poll,
            cap=settings.reconnect_cap,
        )

    def _fetcher(self, bot: Bot, api: Api) -> Fetcher:
        return Fetcher(
            bot.id,
            source=api,
            repository=self._inbound,
            bus=self._bus,
            blobs=self._blobs,
            clock=self._clock,
            limit=self._settings.file_limit,
            expiry=self._settings.file_expiry,
        )

    def _sender(self, bot: Bot, api: Api, channel: TelegramChannel, notes: HealthNotes) -> Sender:
        def settled(outcome: Outcome) -> None:
            SENT.labels(bot.id, type(outcome).__name__.lower()).inc()

        return Sender(
            channel,
            bot.id,
            service="messaging",
            ledger=self._ledger,
            health=notes,
            probe=api.probe,
            cap=self._settings.reconnect_cap,
            pace=channel.pace,
            lanes=LANES,
            settled=settled,
        )

    def _alarm(self, bot: Bot, notes: HealthNotes) -> Alarm:
        return Alarm(
            AccountName(channel="telegram", id=bot.id, address=bot.address, service="messaging"),
            notes=notes,
            repository=self._bots,
            bus=self._bus,
            clock=self._clock,
            silence=self._settings.silence,
        )


async def _measure(bot: Bot, channel: TelegramChannel) -> None:
    health = await channel.health()
    UP.labels(bot.id).set(health.state == "green")
    LAG.labels(bot.id).set(health.lag_seconds or 0)
