"""What runs for an exchange, by its kind."""

from datetime import timedelta
from functools import partial

from hub.channels.base import Outcome
from hub.channels.health import HealthNotes
from hub.channels.sender import Sender
from hub.channels.worker import AccountWorker
from hub.contracts.interaction import SendMessage
from hub.store.base import Document
from services.telephony.ami.poller import AmiPoller, Door
from services.telephony.exchanges.models import Exchange
from services.telephony.ground import SERVICE, Ground, counted, measure
from services.telephony.intake.journal import Journal
from services.telephony.outbound.ami import AmiChannel


class Hiring:
    """Makes the workers of exchanges."""

    def __init__(self, ground: Ground, *, door: Door) -> None:
        self._ground = ground
        self._door = door
        self.pollers: dict[str, AmiPoller] = {}
        """Of the exchanges that this copy of the hub listens to."""

    def hire(self, document: Document, note: Document | None) -> AccountWorker:
        """The worker of an exchange, from its document and the note on how it was."""
        exchange = self._ground.exchanges.opened(document)
        notes = HealthNotes(exchange.id, self._ground.clock, note, posted=exchange.kind != "ami")
        return self._ami(exchange, document, notes)

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

        sender = Sender(
            channel,
            exchange.id,
            service=SERVICE,
            ledger=ground.ledger,
            health=notes,
            probe=None,
            cap=min(settings.reconnect_cap, timedelta(seconds=2)),
            inquire=inquire,
            settled=partial(counted, exchange),
            gate=ground.gate,
            endpoints=(f"{exchange.ami.host}:{exchange.ami.port}",),
        )
        return AccountWorker(
            loops=(poller,),
            sender=sender,
            notes=notes,
            alarm=ground.alarm(document, notes),
            measure=partial(measure, exchange, channel),
            close=close,
        )
