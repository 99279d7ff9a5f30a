"""What runs for an exchange, by its kind."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Protocol

from hub.channels.base import Channel, Outcome
from hub.channels.health import HealthNotes
from hub.channels.ledger import Inquire
from hub.channels.sender import Sender
from hub.channels.worker import AccountWorker, Follower
from hub.contracts.interaction import SendMessage
from hub.kit.clock import from_iso
from hub.store.base import Document
from services.telephony.ami.poller import AmiPoller, Door
from services.telephony.dials.service import Connector
from services.telephony.exchanges.models import Exchange
from services.telephony.ground import SERVICE, Ground, counted, measure
from services.telephony.intake.journal import Journal
from services.telephony.keeper import Keeper
from services.telephony.outbound.ami import AmiChannel
from services.telephony.outbound.posting import PostingChannel
from services.telephony.recordings.fetcher import Fetcher
from services.telephony.recordings.sources import Source
from services.telephony.transfers.hands import AmiHands, TwilioHands
from services.telephony.transfers.service import Commander
from services.telephony.twilio.channel import Api, TwilioChannel

_LONGEST_PAUSE = timedelta(seconds=2)
"""Whoever wants to call waits for it."""
_NO_WAY_IN = "[telephony] public_url is not set, so nobody is told where to post; set it to that of the gateway"


class Recorded(Source, Protocol):
    """Where an exchange's recordings lie."""

    async def close(self) -> None: ...


class Hiring:
    """Makes the workers of exchanges."""

    def __init__(
        self,
        ground: Ground,
        *,
        door: Door,
        open_api: Callable[[Exchange], Api],
        open_source: Callable[[Exchange], Recorded],
    ) -> None:
        self._ground = ground
        self._door = door
        self._open_api = open_api
        self._open_source = open_source
        self.pollers: dict[str, AmiPoller] = {}
        """Of the exchanges that this copy of the hub listens to."""

    def hire(self, document: Document, note: Document | None) -> AccountWorker:
        """The worker of an exchange, from its document and the note on how it was."""
        exchange = self._ground.exchanges.opened(document)
        notes = HealthNotes(exchange.id, self._ground.clock, note, posted=exchange.kind != "ami")
        if exchange.kind == "ami":
            return self._ami(exchange, document, notes)
        if not self._ground.settings.public_url:
            notes.closed(_NO_WAY_IN)
        return (
            self._twilio(exchange, document, notes)
            if exchange.kind == "twilio"
            else self._posting(exchange, document, notes)
        )

    def _twilio(self, exchange: Exchange, document: Document, notes: HealthNotes) -> AccountWorker:
        ground, settings = self._ground, self._ground.settings
        api = self._open_api(exchange)
        keeper = Keeper(api.probe, health=notes, every=settings.check_interval, cap=settings.reconnect_cap)
        channel = TwilioChannel(
            exchange,
            api,
            keeper=keeper,
            phones=ground.phones.of,
            line=ground.lines.line,
            public_url=settings.public_url,
            notes=notes,
            clock=ground.clock,
            silence=settings.silence,
            give_up=settings.give_up,
        )

        async def inquire(entry: Document) -> Outcome | None:
            message = SendMessage.model_validate_json(entry["command"])
            return await channel.inquire(message, from_iso(entry["at"]))

        sender = self._sender(exchange, channel, notes, inquire, (exchange.twilio.api_url,))
        hands = TwilioHands(exchange, api, public_url=settings.public_url)
        commander = Commander(exchange, hands, ground.commands, ground.rings)
        return self._worker(exchange, document, notes, channel, (keeper, commander), sender, api.close)

    def _posting(self, exchange: Exchange, document: Document, notes: HealthNotes) -> AccountWorker:
        """One that only tells: there is nothing to ask it."""
        settings = self._ground.settings
        keeper = Keeper(_nobody_to_ask, health=notes, every=settings.check_interval, cap=settings.reconnect_cap)
        channel = PostingChannel(exchange, keeper, notes=notes, clock=self._ground.clock, silence=settings.silence)

        async def close() -> None:
            return None

        sender = self._sender(exchange, channel, notes, None, ())
        return self._worker(exchange, document, notes, channel, (keeper,), sender, close)

    def _ami(self, exchange: Exchange, document: Document, notes: HealthNotes) -> AccountWorker:
        ground, settings = self._ground, self._ground.settings
        poller = self.pollers[exchange.id] = AmiPoller(
            exchange,
            door=self._door,
            journal=Journal(exchange.id, store=ground.store, blobs=ground.blobs, clock=ground.clock),
            take=partial(ground.book.take, exchange),
            notes=notes,
            clock=ground.clock,
            every=settings.check_interval,
            patience=settings.timeout,
            cap=settings.reconnect_cap,
        )
        channel = AmiChannel(
            exchange,
            poller,
            phones=ground.phones.of,
            line=ground.lines.line,
            known=ground.book.knows,
            begins=ground.dials.begin,
            notes=notes,
            clock=ground.clock,
            silence=settings.silence,
            give_up=settings.give_up,
        )

        async def inquire(entry: Document) -> Outcome | None:
            return await channel.inquire(SendMessage.model_validate_json(entry["command"]))

        async def close() -> None:
            if self.pollers.get(exchange.id) is poller:
                del self.pollers[exchange.id]

        connector = Connector(
            exchange, poller, dials=ground.dials, presence=ground.presence, phones=ground.phones, clock=ground.clock
        )
        sender = self._sender(exchange, channel, notes, inquire, (f"{exchange.ami.host}:{exchange.ami.port}",))
        commander = Commander(exchange, AmiHands(exchange, poller), ground.commands, ground.rings)
        return self._worker(exchange, document, notes, channel, (poller, commander, connector), sender, close)

    def _sender(
        self,
        exchange: Exchange,
        channel: Channel,
        notes: HealthNotes,
        inquire: Inquire | None,
        endpoints: Sequence[str],
    ) -> Sender:
        ground = self._ground
        return Sender(
            channel,
            exchange.id,
            service=SERVICE,
            ledger=ground.ledger,
            health=notes,
            probe=None,
            cap=min(ground.settings.reconnect_cap, _LONGEST_PAUSE),
            inquire=inquire,
            settled=partial(counted, exchange),
            gate=ground.gate,
            endpoints=endpoints,
        )

    def _worker(
        self,
        exchange: Exchange,
        document: Document,
        notes: HealthNotes,
        channel: Channel,
        loops: Sequence[Follower],
        sender: Sender,
        close: Callable[[], Awaitable[None]],
    ) -> AccountWorker:
        source = self._open_source(exchange)

        async def close_all() -> None:
            await source.close()
            await close()

        return AccountWorker(
            loops=(*loops, self._fetcher(exchange, source)),
            sender=sender,
            notes=notes,
            alarm=self._ground.alarm(document, notes),
            measure=partial(measure, exchange, channel),
            close=close_all,
        )

    def _fetcher(self, exchange: Exchange, source: Source) -> Fetcher:
        ground, settings = self._ground, self._ground.settings
        return Fetcher(
            exchange.id,
            source=source,
            recordings=ground.recordings,
            calls=ground.calls,
            lines=ground.lines,
            blobs=ground.blobs,
            clock=ground.clock,
            limit=settings.recording_limit,
            expiry=settings.recording_expiry,
        )


async def _nobody_to_ask() -> bool:
    return False
