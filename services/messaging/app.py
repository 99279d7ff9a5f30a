"""Puts the messaging service together."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from fastapi import FastAPI

from hub.api.public import publish
from hub.channels.accounts import AccountRepository
from hub.channels.deliveries import SWEEP
from hub.channels.gate import Gate, Rules
from hub.channels.keeping import Keeping
from hub.channels.ledger import Ledger, Patience
from hub.channels.owner import Owner
from hub.channels.ports import ConsentRepository, GroupRepository, subscribe_gate
from hub.channels.sends import SendRepository
from hub.channels.slots import SWEPT_EVERY, Slots
from hub.channels.tenure import Tenure
from hub.channels.workers import Hire, Workers
from hub.footing import Footing
from hub.held import held_routes
from hub.kit.http import service_app
from hub.kit.loop import Loop, Runs
from hub.kit.outside import Outside
from hub.repeats import answer_repeats
from hub.settings import GateSettings
from hub.store.base import Document
from hub.store.leases import LEASES
from hub.store.outbox import Sweeper
from services.messaging.bots.repository import BotRepository
from services.messaging.bots.service import Bots
from services.messaging.endpoints import Doors, public
from services.messaging.handlers import Replay, subscribe
from services.messaging.inbound.repository import InboundRepository
from services.messaging.inbound.service import Intake, Read
from services.messaging.line import SERVICE, Ground, alarm_of
from services.messaging.models import Bot, Provider, TwilioProvider
from services.messaging.numbers.repository import NumberRepository
from services.messaging.numbers.service import Numbers
from services.messaging.settings import Settings
from services.messaging.sms import parse as sms
from services.messaging.sms.channel import Route
from services.messaging.sms.line import SmsLine
from services.messaging.telegram import parse as telegram
from services.messaging.telegram.line import Api, TelegramLine


class MessagingService:
    """Bots and numbers: messages in, messages out."""

    name = SERVICE

    def __init__(self, http: FastAPI, floor: "Floor", workers: Sequence[Workers]) -> None:
        self.http = http
        self._floor = floor
        self._workers = workers

    async def start(self) -> None:
        await self._floor.start()
        for workers in self._workers:
            await workers.start()

    async def stop(self) -> None:
        await asyncio.gather(*(workers.stop() for workers in self._workers))
        await self._floor.stop()


def build(footing: Footing) -> MessagingService:
    """The service on its footing."""
    floor = Floor(footing)
    bots, telegram_line, bot_workers = _telegram(floor)
    numbers, sms_line, number_workers = _sms(floor)
    http = service_app(
        "omnihub messaging",
        checks={"store": floor.store.ping, "bus": floor.bus.ping, "blobs": footing.blobs.ping},
    )
    doors = Doors(bots=bots, numbers=numbers, telegram=telegram_line, sms=sms_line, wake=number_workers.wake)
    publish(http, public(doors), service=SERVICE, seal=footing.seal)

    async def waiting() -> dict[str, int]:
        return {**(await bots.waiting()), **(await numbers.waiting())}

    http.include_router(held_routes(footing.restraint, waiting))
    answer_repeats(http, floor.store, footing.clock, service=SERVICE, seal=footing.seal)
    return MessagingService(http, floor, [bot_workers, number_workers])


class Floor:
    """What all channels of the service share, and how one is built on it."""

    def __init__(self, footing: Footing) -> None:
        self.footing = footing
        self.settings = Settings.load(footing.source)
        self.bus, self.store = footing.bus(SERVICE), footing.store(SERVICE)
        self.owner = Owner(footing.data, SERVICE)
        self._leases = Tenure(self.store.collection(LEASES), footing.clock, self.owner.name, self.settings.lease)
        self._sends = SendRepository(self.store, service=SERVICE)
        slots = Slots(self.store, self._sends)
        self._sweepers: tuple[Runs, ...] = (
            Sweeper([self._sends.entries], self.bus, footing.clock, SWEEP),
            Loop("slots", lambda: slots.sweep(footing.clock.now()), every=SWEPT_EVERY),
        )
        self._inbound = InboundRepository(self.store)
        self._consents, self._groups = ConsentRepository(self.store), GroupRepository(self.store)
        self._ledgers: list[Ledger] = []
        self.gate = Gate(
            restraint=footing.restraint,
            consents=self._consents,
            groups=self._groups,
            slots=slots,
            rules=Rules.of(GateSettings.load(footing.source)),
        )
        subscribe_gate(self.bus, group=SERVICE, consents=self._consents, groups=self._groups, woken=self._wake_group)

    async def start(self) -> None:
        await self.store.start()
        await self.bus.start()
        for sweeper in self._sweepers:
            await sweeper.start()

    async def stop(self) -> None:
        for sweeper in self._sweepers:
            await sweeper.stop()
        await self.bus.stop()
        await self.store.stop()
        self.owner.release()

    async def _wake_group(self, group: str) -> None:
        """The channels of the service share a collection, so that any of their ledgers does."""
        for ledger in self._ledgers[:1]:
            await ledger.wake_group(group)

    def ground(self, accounts: AccountRepository, read: Read, files_wanted: Callable[[str], None]) -> Ground:
        clock, settings = self.footing.clock, self.settings
        patience = Patience(
            retry_delays=settings.retry_delays, give_up=settings.give_up, reconnect_cap=settings.reconnect_cap
        )
        ledger = Ledger(
            service=SERVICE, sends=self._sends, accounts=accounts, bus=self.bus, clock=clock, patience=patience
        )
        self._ledgers.append(ledger)
        intake = Intake(
            bus=self.bus,
            blobs=self.footing.blobs,
            index=self._inbound,
            read=read,
            clock=clock,
            files_wanted=files_wanted,
        )
        return Ground(
            bus=self.bus,
            blobs=self.footing.blobs,
            clock=clock,
            settings=settings,
            inbound=self._inbound,
            intake=intake,
            ledger=ledger,
            gate=self.gate,
            accounts=accounts,
        )

    def staff(
        self,
        channel: str,
        noun: str,
        ground: Ground,
        hire: Hire,
        replay: Replay,
        opens: Callable[[Document], object] = lambda _: None,
    ) -> tuple[Workers, Keeping]:
        """The workers of a channel's accounts, listening to the bus, and the keeping of the accounts; `opens` raises
        ConfigurationError for an account that the key does not open.
        """
        workers = Workers(
            repository=ground.accounts,
            leases=self._leases,
            hire=hire,
            clock=ground.clock,
            lease_ttl=self.settings.lease,
            ledger=ground.ledger,
            alarmed=partial(alarm_of, ground, channel),
            opens=opens,
            troubles=self.footing.troubles,
            noun=noun,
        )
        subscribe(self.bus, channel, ledger=ground.ledger, replay=replay, wake=workers.wake)
        keeping = Keeping(
            channel=channel,
            noun=noun,
            repository=ground.accounts,
            sends=self._sends,
            ledger=ground.ledger,
            clock=ground.clock,
            silence=self.settings.silence,
            changed=workers.changed,
        )
        return workers, keeping


def _telegram(floor: Floor) -> tuple[Bots, TelegramLine, Workers]:
    repository = BotRepository(floor.store, floor.footing.secrets)
    ground = floor.ground(repository, telegram.read, lambda bot_id: line.files_wanted(bot_id))
    line = TelegramLine(ground, bots=repository, open_api=partial(_open_api, outside=floor.footing.outside))
    workers, keeping = floor.staff("telegram", "bot", ground, line.hire, line.replay, repository.opened)
    trial = _BotTrial(floor.settings.trial_timeout.total_seconds(), floor.footing.outside)
    bots = Bots(keeping=keeping, repository=repository, trial=trial, public_url=floor.settings.public_url)
    return bots, line, workers


def _sms(floor: Floor) -> tuple[Numbers, SmsLine, Workers]:
    repository = NumberRepository(floor.store, floor.footing.secrets)
    ground = floor.ground(repository, sms.read, lambda number_id: line.files_wanted(number_id))
    open_route = partial(_open_route, outside=floor.footing.outside)
    line = SmsLine(ground, numbers=repository, open_route=open_route)
    workers, keeping = floor.staff("sms", "number", ground, line.hire, line.replay, repository.opened)
    patience = floor.settings.trial_timeout.total_seconds()

    async def trial(provider: Provider) -> None:
        route = open_route(provider, patience=patience)
        try:
            await route.probe()
        finally:
            await route.close()

    return Numbers(keeping=keeping, repository=repository, trial=trial), line, workers


# The vendors' libraries take 20 MB each, for who has an account there.


def _open_api(bot: Bot, *, patience: float, outside: Outside) -> Api:
    from services.messaging.adapters.telegram import TelegramApi

    return TelegramApi(bot, patience=patience, outside=outside)


def _open_route(provider: Provider, *, patience: float, outside: Outside) -> Route:
    if isinstance(provider, TwilioProvider):
        from services.messaging.adapters.twilio import TwilioApi

        return TwilioApi(provider, patience=patience, outside=outside)
    from services.messaging.adapters.http_sms import HttpSms

    return HttpSms(provider, patience=patience, outside=outside)


class _BotTrial:
    def __init__(self, patience: float, outside: Outside) -> None:
        self._patience = patience
        self._outside = outside

    async def username(self, *, token: str, api_url: str) -> tuple[str, str]:
        from services.messaging.adapters.telegram import TelegramTrial

        trial = TelegramTrial(patience=self._patience, outside=self._outside)
        return await trial.username(token=token, api_url=api_url)
