"""Puts the telephony service together."""

import asyncio
import ssl
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import cache, partial

from fastapi import FastAPI

from hub.api.public import publish
from hub.channels.base import Sent
from hub.channels.deliveries import SWEEP
from hub.channels.gate import Gate, Rules
from hub.channels.keeping import Keeping
from hub.channels.ledger import Patience
from hub.channels.owner import Owner
from hub.channels.ports import ConsentRepository, GroupRepository, subscribe_gate
from hub.channels.sends import SendRepository
from hub.channels.slots import SWEPT_EVERY, Slots
from hub.channels.states import SendState
from hub.channels.tenure import Tenure
from hub.channels.workers import Workers
from hub.contracts.park import RawPayloadStored
from hub.footing import Footing
from hub.held import held_routes
from hub.kit.clock import Clock, iso
from hub.kit.errors import ConfigurationError, Conflict
from hub.kit.http import service_app
from hub.kit.loop import Loop, Runs
from hub.kit.outside import Outside
from hub.repeats import answer_repeats
from hub.settings import GateSettings
from hub.store.due import Due
from hub.store.leases import LEASES
from hub.store.outbox import Sweeper
from services.telephony.adapters.agi import AgiServer
from services.telephony.adapters.ami import AmiDoor
from services.telephony.adapters.interactions import Interactions
from services.telephony.adapters.recordings import HttpRecordings
from services.telephony.adapters.whisper import WhisperSpeech
from services.telephony.agents import rules as agent_rules
from services.telephony.agents.repository import AgentRepository
from services.telephony.agents.service import Presence
from services.telephony.agi.desk import AgiDesk
from services.telephony.board.service import Boards, Pulse
from services.telephony.calls import posted
from services.telephony.calls.repository import CallRepository
from services.telephony.calls.rings import Rings
from services.telephony.calls.service import Book
from services.telephony.courtesy.service import CallBackText
from services.telephony.dials.repository import DialRepository
from services.telephony.dials.service import Dials
from services.telephony.endpoints import Doors, public
from services.telephony.endpoints import agents as agent_doors
from services.telephony.endpoints import dials as dial_doors
from services.telephony.exchanges.models import AmiInput, Exchange, Kind, TwilioInput
from services.telephony.exchanges.repository import ExchangeRepository
from services.telephony.exchanges.service import Connection, Exchanges
from services.telephony.flow.service import Reception
from services.telephony.ground import SERVICE, Ground
from services.telephony.handlers import subscribe
from services.telephony.hire import Hiring
from services.telephony.hooks import Noted, Opened, WebhookDoor
from services.telephony.intake.journal import Cleaner
from services.telephony.intake.posts import Fold, Posts, Read
from services.telephony.lines.repository import LineRepository
from services.telephony.lines.service import LinesService
from services.telephony.outbound.ledger import CallLedger
from services.telephony.phones.models import BrowserPhone
from services.telephony.phones.repository import PhoneRepository
from services.telephony.pools.service import Pools
from services.telephony.queues.repository import QueueRepository
from services.telephony.queues.service import Queues
from services.telephony.recordings.fetcher import Remover
from services.telephony.recordings.repository import RecordingRepository
from services.telephony.recordings.service import Recordings
from services.telephony.settings import Settings
from services.telephony.statistics.service import Counts
from services.telephony.transcripts.asking import Asking
from services.telephony.transcripts.repository import TranscriberRepository
from services.telephony.transcripts.service import Transcribers, Transcripts, Writer
from services.telephony.transfers.repository import CommandRepository
from services.telephony.transfers.service import Transfers
from services.telephony.twilio import fold
from services.telephony.twilio.channel import Api
from services.telephony.twilio.door import TwilioDoor
from services.telephony.twilio.markup import Markup

_CLEANED_EVERY = timedelta(minutes=1)
_WRITTEN_EVERY = timedelta(seconds=2)
_TOLD_EVERY = timedelta(seconds=1)
_BROWSER_SECONDS = 3600
_TELLS = timedelta(seconds=20)
"""Within which an exchange tells of a call that it began, a new connection to it included."""
_RETRY = (timedelta(seconds=2),)


class TelephonyService:
    """Exchanges and lines: calls in, calls out."""

    name = SERVICE

    def __init__(self, http: FastAPI, floor: "Floor", workers: Workers, hiring: Hiring) -> None:
        self.http = http
        self.hiring = hiring
        """What runs here, for whoever looks at it."""
        self._floor = floor
        self._workers = workers

    async def start(self) -> None:
        await self._floor.start()
        await self._workers.start()

    async def stop(self) -> None:
        await self._workers.stop()
        await self._floor.stop()


def build(footing: Footing) -> TelephonyService:
    """The service on its footing."""
    floor = Floor(footing)
    ground, door = floor.ground, floor.door
    open_api = partial(_open_api, patience=floor.settings.timeout.total_seconds(), outside=footing.outside)
    fetching = partial(HttpRecordings, patience=floor.settings.timeout.total_seconds(), outside=footing.outside)
    hiring = Hiring(ground, door=door, open_api=lambda exchange: open_api(exchange.twilio), open_source=fetching)
    webhooks, twilio = floor.doors()
    workers = floor.workers(hiring, webhooks, twilio)
    keeping = floor.keeping("exchange", ground.exchanges, workers.changed)

    async def trial(connection: Connection) -> None:
        if isinstance(connection, AmiInput):
            await door.probe(connection)
        elif isinstance(connection, TwilioInput):
            api = open_api(connection)
            try:
                await api.probe()
            finally:
                await api.close()

    async def in_use(exchange: str) -> list[str]:
        return [line["address"] for line in await ground.lines.of_exchange(exchange)]

    async def browser_phone(exchange_id: str, login: str) -> BrowserPhone:
        exchange = ground.exchanges.opened(await ground.exchanges.get(exchange_id))
        if exchange.kind != "twilio":
            raise Conflict("this exchange has no phones in the browser; choose one of the kind twilio")
        api = open_api(exchange.twilio)
        try:
            token = api.token(login, seconds=_BROWSER_SECONDS)
        except ValueError as exc:
            raise Conflict(str(exc)) from exc
        finally:
            await api.close()
        return BrowserPhone(token=token, identity=login, seconds=_BROWSER_SECONDS)

    exchanges = Exchanges(keeping=keeping, repository=ground.exchanges, trial=trial, in_use=in_use)
    lines = LinesService(
        keeping=floor.keeping("line", ground.lines, lambda _: None),
        repository=ground.lines,
        exchange=ground.exchanges.get,
    )
    http = service_app(
        "omnihub telephony",
        checks={"store": floor.store.ping, "bus": floor.bus.ping, "blobs": footing.blobs.ping},
    )
    recordings = Recordings(repository=floor.recordings, seen=floor.directory, blobs=footing.blobs)
    transfers = Transfers(calls=ground.calls, phones=ground.phones, commands=ground.commands, seen=floor.directory)
    doors = Doors(
        exchanges=exchanges,
        lines=lines,
        phones=ground.phones,
        webhooks=webhooks,
        twilio=twilio,
        recordings=recordings,
        transcripts=Transcripts(recordings, footing.blobs),
        asking=Asking(recordings, floor.recordings, ground.calls, ground.lines, ground.clock),
        transcribers=Transcribers(floor.transcribers),
        transfers=transfers,
        counts=Counts(ground.calls, ground.lines),
        pools=floor.pools,
        presence=floor.presence,
        talks=ground.calls,
        boards=floor.boards(),
        tokens=browser_phone,
    )
    publish(http, public(doors), service=SERVICE, seal=footing.seal)
    http.include_router(agent_doors.for_services(floor.presence))
    http.include_router(dial_doors.for_services(floor.dials, floor.presence, ground.calls, ground.phones))
    http.include_router(held_routes(footing.restraint, exchanges.waiting))
    answer_repeats(http, floor.store, footing.clock, service=SERVICE, seal=footing.seal)
    return TelephonyService(http, floor, workers, hiring)


class Floor:
    """What all exchanges of the service share."""

    def __init__(self, footing: Footing) -> None:
        self._footing = footing
        self.settings = settings = Settings.load(footing.source)
        self.bus, self.store, clock = footing.bus(SERVICE), footing.store(SERVICE), footing.clock
        self.owner = Owner(footing.data, SERVICE)
        self._leases = Tenure(self.store.collection(LEASES), clock, self.owner.name, settings.lease)
        self._sends = SendRepository(self.store, service=SERVICE)
        self._slots = Slots(self.store, self._sends)
        tls = cache(partial(_tls, settings))
        if settings.ca_file:
            tls()
        self.door = AmiDoor(outside=footing.outside, tls=tls, patience=settings.timeout.total_seconds())
        self._calls = CallRepository(self.store)
        self._calls.on(self.bus, clock)
        self.recordings = RecordingRepository(self.store, clock)
        self.directory = Interactions(
            footing.asking(SERVICE)("interactions"), footing.peer("interactions"), footing.seal
        )
        self._agents = AgentRepository(self.store)
        self._agents.on(self.bus, clock)
        self.presence = Presence(self._agents, clock, lease=settings.agent_lease, work=settings.after_call)
        self.transcribers = TranscriberRepository(self.store, footing.secrets)
        self._speech = WhisperSpeech(patience=settings.transcription_timeout.total_seconds(), outside=footing.outside)
        self._rings = Rings(self.bus, self.directory, clock)
        self.ground = self._ground()
        self._by_kind: dict[str, Posts] = {}
        self._sweepers = self._loops()
        self.agi = self._agi()

    def _ground(self) -> Ground:
        footing, settings, clock = self._footing, self.settings, self._footing.clock
        exchanges = ExchangeRepository(self.store, footing.secrets)
        lines, phones = LineRepository(self.store, clock), PhoneRepository(self.store, clock)
        patience = Patience(retry_delays=_RETRY, give_up=settings.give_up, reconnect_cap=settings.reconnect_cap)
        ledger = CallLedger(
            service=SERVICE, sends=self._sends, accounts=exchanges, bus=self.bus, clock=clock, patience=patience
        )
        ledger.lines = lines
        self.pools = Pools(self.store, lines, clock)
        self.pulse = Pulse(self.bus, clock)
        self._agents.moved = self.pulse.beat
        self.queues = Queues(QueueRepository(self.store), self.presence, self._calls, clock)
        self.reception = Reception(
            queues=self.queues,
            phones=phones,
            directory=self.directory,
            clock=clock,
            look=settings.queue_look,
            patience=settings.owner_within,
        )
        self.dials = Dials(DialRepository(self.store), self.presence, clock, partial(_given_up, ledger, clock))
        book = Book(
            repository=self._calls,
            lines=lines,
            phones=phones,
            recorder=self.recordings,
            asked=partial(_asked, ledger),
            rings=self._rings,
            touches=self.pools,
            presence=self.presence,
            dials=self.dials,
            visits=self.queues,
            moved=self.pulse.beat,
            clock=clock,
        )
        return Ground(
            bus=self.bus,
            blobs=footing.blobs,
            store=self.store,
            clock=clock,
            settings=settings,
            ledger=ledger,
            gate=self._gate(ledger),
            exchanges=exchanges,
            lines=lines,
            phones=phones,
            book=book,
            calls=self._calls,
            recordings=self.recordings,
            commands=CommandRepository(self.store, clock),
            rings=self._rings,
            presence=self.presence,
            dials=self.dials,
        )

    def _gate(self, ledger: CallLedger) -> Gate:
        consents, groups = ConsentRepository(self.store), GroupRepository(self.store)
        subscribe_gate(self.bus, group=SERVICE, consents=consents, groups=groups, woken=ledger.wake_group)
        return Gate(
            restraint=self._footing.restraint,
            consents=consents,
            groups=groups,
            slots=self._slots,
            rules=Rules.of(GateSettings.load(self._footing.source)),
        )

    def _loops(self) -> Sequence[Runs]:
        clock = self._footing.clock
        cleaner = Cleaner(
            store=self.store, blobs=self._footing.blobs, clock=clock, retention=self.settings.raw_retention
        )
        courtesy = CallBackText(calls=self._calls, lines=self.ground.lines, writes=self.directory, clock=clock)
        remover = Remover(recordings=self.recordings, calls=self._calls, blobs=self._footing.blobs, clock=clock)
        writer = Writer(
            recordings=self.recordings,
            transcribers=self.transcribers,
            calls=self._calls,
            lines=self.ground.lines,
            blobs=self._footing.blobs,
            speech=self._speech,
            clock=clock,
            patience=self.settings.transcription_timeout,
            expiry=self.settings.recording_expiry,
        )
        return (
            Due(self._agents.agents, agent_rules.FIRES, clock),
            Sweeper([self._sends.entries, self._calls.calls, self._agents.agents], self.bus, clock, SWEEP),
            Loop("board", self.pulse.look, every=_TOLD_EVERY),
            Loop("slots", lambda: self._slots.sweep(clock.now()), every=SWEPT_EVERY),
            Loop("heard", cleaner.clean, every=_CLEANED_EVERY),
            Loop("posted", self._let_go, every=_CLEANED_EVERY),
            Loop("courtesy", courtesy.send, every=_WRITTEN_EVERY),
            Loop("commands", self.ground.commands.forget_old, every=_CLEANED_EVERY),
            Loop(
                "agents",
                lambda: self.presence.forget(clock.now() - self.settings.agent_history),
                every=_CLEANED_EVERY,
            ),
            Loop("visits", self.queues.forget_old, every=_CLEANED_EVERY),
            Loop("transcripts", writer.look, every=_WRITTEN_EVERY),
            Loop("recordings", remover.remove, every=_CLEANED_EVERY),
        )

    async def _let_go(self) -> None:
        """Calls of which providers told no end."""
        for kind, posts in self._by_kind.items():
            await posts.let_go(self.settings.call_limit, partial(self._of_kind, kind))

    async def _of_kind(self, kind: str, exchange_id: str) -> Exchange | None:
        document = await self.ground.exchanges.find(exchange_id)
        return self.ground.exchanges.opened(document) if document and document["kind"] == kind else None

    async def start(self) -> None:
        await self.store.start()
        await self.bus.start()
        for loop in self._sweepers:
            await loop.start()
        if self.agi:
            await self.agi.start()

    async def stop(self) -> None:
        if self.agi:
            await self.agi.stop()
        for loop in self._sweepers:
            await loop.stop()
        await self._rings.stop()
        await self._speech.close()
        await self.directory.close()
        await self.bus.stop()
        await self.store.stop()
        self.owner.release()

    def _agi(self) -> AgiServer | None:
        """Where exchanges hand callers over."""
        settings, ground = self.settings, self.ground
        if not settings.agi_port:
            return None
        desk = AgiDesk(
            opened=Opened(ground.exchanges), lines=ground.lines, reception=self.reception, pause=asyncio.sleep
        )
        return AgiServer(desk.serve, host=settings.agi_host, port=settings.agi_port)

    def boards(self) -> Boards:
        """What supervisors look at."""
        ground = self.ground
        return Boards(
            agents=self._agents,
            calls=ground.calls,
            dials=self.dials.repository,
            lines=ground.lines,
            exchanges=ground.exchanges,
            counts=Counts(ground.calls, ground.lines),
            clock=ground.clock,
        )

    def doors(self) -> tuple[WebhookDoor, TwilioDoor]:
        """Where providers post to."""
        ground = self.ground
        opened, noted = Opened(ground.exchanges), Noted(ground.exchanges, ground.clock)
        self._by_kind = {
            "webhook": self._posts("webhook", posted.read, posted.fold),
            "twilio": self._posts("twilio", fold.read, fold.fold),
        }
        twilio = TwilioDoor(
            opened=opened,
            posts=self._by_kind["twilio"],
            noted=noted,
            lines=ground.lines,
            reception=self.reception,
            markup=_markup,
            public_url=self.settings.public_url,
        )
        return WebhookDoor(opened, self._by_kind["webhook"], noted), twilio

    def _posts(self, kind: Kind, read: Read, fold: Fold) -> Posts:
        ground = self.ground
        return Posts(
            kind,
            store=self.store,
            bus=self.bus,
            blobs=ground.blobs,
            book=ground.book,
            clock=ground.clock,
            read=read,
            fold=fold,
        )

    def workers(self, hiring: Hiring, webhooks: WebhookDoor, twilio: TwilioDoor) -> Workers:
        """What runs for the exchanges, listening to the bus."""
        ground = self.ground
        workers = Workers(
            repository=ground.exchanges,
            leases=self._leases,
            hire=hiring.hire,
            clock=ground.clock,
            lease_ttl=self.settings.lease,
            ledger=ground.ledger,
            alarmed=ground.alarm,
            opens=ground.exchanges.opened,
            troubles=self._footing.troubles,
            noun="exchange",
        )

        async def replay(fact: RawPayloadStored) -> None:
            document = await ground.exchanges.ever(fact.account)
            await (twilio if document["kind"] == "twilio" else webhooks).replay(fact)

        subscribe(self.bus, ledger=ground.ledger, replay=replay, wake=workers.wake)
        return workers

    def keeping(
        self, noun: str, repository: ExchangeRepository | LineRepository, changed: Callable[[str], None]
    ) -> Keeping:
        return Keeping(
            channel="call" if noun == "line" else noun,
            noun=noun,
            repository=repository,
            sends=self._sends,
            ledger=self.ground.ledger,
            clock=self.ground.clock,
            silence=self.settings.silence,
            changed=changed,
        )


# The vendor's library takes 20 MB, for who has an account there.


def _open_api(given: TwilioInput, *, patience: float, outside: Outside) -> Api:
    from services.telephony.adapters.twilio import TwilioVoice

    return TwilioVoice(given, patience=patience, outside=outside)


def _markup() -> Markup:
    from services.telephony.adapters.twiml import TwimlWriter

    return TwimlWriter()


async def _asked(ledger: CallLedger, exchange: Exchange, ids: Iterable[str]) -> set[str]:
    """Those that we asked this exchange for; that it tells of them answers what was unknown."""
    found = set()
    for interaction_id in ids:
        entry = await ledger.sends.get(interaction_id)
        if entry and entry["account"] == exchange.id:
            found.add(interaction_id)
            if entry["state"] == SendState.UNKNOWN:
                await ledger.learnt(interaction_id, Sent("the exchange began it"))
    return found


async def _given_up(ledger: CallLedger, clock: Clock, ids: Iterable[str]) -> set[str]:
    """Those that will never be rung, as far as the ledger knows: an exchange tells of what it began at once."""
    found, told_by = await ledger.sends.get_many(ids), iso(clock.now() - _TELLS)
    never = {one for one, entry in found.items() if entry["state"] in (SendState.FAILED, SendState.SUPPRESSED)}
    unknown = {one: entry for one, entry in found.items() if entry["state"] == SendState.UNKNOWN}
    return never | {one for one, entry in unknown.items() if (entry.get("handed_at") or "") < told_by}


def _tls(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if settings.ca_file:
        try:
            context.load_verify_locations(cafile=settings.ca_file)
        except (OSError, ssl.SSLError) as exc:
            raise ConfigurationError(
                f"[telephony] ca_file: {settings.ca_file} is no file of certificates (PEM)"
            ) from exc
    return context
