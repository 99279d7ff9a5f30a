"""Puts the messaging service together."""

from dataclasses import dataclass

from fastapi import FastAPI

from hub.bus.base import Bus
from hub.channels.keeping import Keeping
from hub.channels.ledger import Ledger, Patience
from hub.channels.owner import Owner
from hub.channels.sends import SendRepository
from hub.channels.workers import Workers
from hub.footing import Footing
from hub.kit.http import service_app
from hub.store.base import Store
from hub.store.leases import LEASES, Leases
from services.messaging.bots.repository import BotRepository
from services.messaging.bots.service import Bots, BotTrial
from services.messaging.endpoints import router
from services.messaging.handlers import subscribe
from services.messaging.inbound.repository import InboundRepository
from services.messaging.inbound.service import Intake
from services.messaging.models import Bot
from services.messaging.settings import Settings
from services.messaging.telegram import parse
from services.messaging.telegram.line import Api, TelegramLine


class MessagingService:
    """Bots and numbers: messages in, messages out."""

    name = "messaging"

    def __init__(self, http: FastAPI, *, bus: Bus, store: Store, workers: Workers, owner: Owner) -> None:
        self.http = http
        self._bus = bus
        self._store = store
        self._workers = workers
        self._owner = owner

    async def start(self) -> None:
        await self._store.start()
        await self._bus.start()
        await self._workers.start()

    async def stop(self) -> None:
        await self._workers.stop()
        await self._bus.stop()
        await self._store.stop()
        self._owner.release()


@dataclass(frozen=True, slots=True)
class Ground:
    """What every channel of the service stands on."""

    footing: Footing
    settings: Settings
    bus: Bus
    store: Store
    leases: Leases
    sends: SendRepository
    inbound: InboundRepository


def build(footing: Footing) -> MessagingService:
    """The service on its footing."""
    settings = Settings.load(footing.source)
    bus, store, clock = footing.bus("messaging"), footing.store("messaging"), footing.clock
    owner = Owner(footing.data, "messaging")
    leases = Leases(store.collection(LEASES), clock, owner.name, settings.lease)
    ground = Ground(footing, settings, bus, store, leases, SendRepository(store), InboundRepository(store))
    bots, telegram, workers = _telegram(ground)
    http = service_app(
        "omnihub messaging", checks={"store": store.ping, "bus": bus.ping, "blobs": footing.blobs.ping}
    )
    http.include_router(router(bots, telegram))
    return MessagingService(http, bus=bus, store=store, workers=workers, owner=owner)


def _telegram(ground: Ground) -> tuple[Bots, TelegramLine, Workers]:
    footing, settings, clock = ground.footing, ground.settings, ground.footing.clock
    repository = BotRepository(ground.store, footing.secrets)
    ledger = Ledger(
        service="messaging",
        sends=ground.sends,
        accounts=repository,
        bus=ground.bus,
        clock=clock,
        patience=_patience(settings),
    )
    intake = Intake(
        bus=ground.bus,
        blobs=footing.blobs,
        index=ground.inbound,
        read=parse.read,
        clock=clock,
        files_wanted=lambda bot_id: line.files_wanted(bot_id),
    )
    line = TelegramLine(
        bots=repository,
        inbound=ground.inbound,
        intake=intake,
        ledger=ledger,
        bus=ground.bus,
        blobs=footing.blobs,
        clock=clock,
        settings=settings,
        open_api=_open_api,
    )
    workers = Workers(
        repository=repository, leases=ground.leases, hire=line.hire, clock=clock, lease_ttl=settings.lease
    )
    subscribe(ground.bus, "telegram", ledger=ledger, replay=line.replay, wake=workers.wake)
    keeping = Keeping(
        channel="telegram",
        noun="bot",
        repository=repository,
        sends=ground.sends,
        ledger=ledger,
        clock=clock,
        silence=settings.silence,
        changed=workers.look,
    )
    bots = Bots(keeping=keeping, repository=repository, trial=_Trial(settings), public_url=settings.public_url)
    return bots, line, workers


def _open_api(bot: Bot, *, patience: float) -> Api:
    from services.messaging.adapters.telegram import TelegramApi  # 20 MB, for who has a bot

    return TelegramApi(bot, patience=patience)


class _Trial(BotTrial):
    def __init__(self, settings: Settings) -> None:
        self._patience = settings.trial_timeout.total_seconds()

    async def username(self, *, token: str, api_url: str) -> tuple[str, str]:
        from services.messaging.adapters.telegram import TelegramTrial  # 20 MB, for who has a bot

        return await TelegramTrial(patience=self._patience).username(token=token, api_url=api_url)


def _patience(settings: Settings) -> Patience:
    return Patience(
        retry_delays=settings.retry_delays, give_up=settings.give_up, reconnect_cap=settings.reconnect_cap
    )
