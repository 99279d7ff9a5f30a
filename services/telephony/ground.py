"""What runs for every exchange of the service stands on this."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hub.bus.base import Bus
from hub.channels.alarm import AccountName, Alarm
from hub.channels.base import Channel, Outcome
from hub.channels.gate import Gate
from hub.channels.health import HealthNotes
from hub.channels.ledger import Ledger
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock
from hub.store.base import Document, Store
from services.telephony.agents.service import Presence
from services.telephony.calls.repository import CallRepository
from services.telephony.calls.rings import Rings
from services.telephony.calls.service import Book
from services.telephony.dials.service import Dials
from services.telephony.exchanges.models import Exchange
from services.telephony.exchanges.repository import ExchangeRepository
from services.telephony.lines.repository import LineRepository
from services.telephony.metrics import LAG, SENT, UP
from services.telephony.phones.repository import PhoneRepository
from services.telephony.recordings.repository import RecordingRepository
from services.telephony.settings import Settings
from services.telephony.transfers.repository import CommandRepository

SERVICE = "telephony"
Body = Callable[[], Awaitable[bytes]]
"""Reads what is posted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    bus: Bus
    blobs: Blobs
    store: Store
    clock: Clock
    settings: Settings
    ledger: Ledger
    gate: Gate
    exchanges: ExchangeRepository
    lines: LineRepository
    phones: PhoneRepository
    book: Book
    calls: CallRepository
    recordings: RecordingRepository
    commands: CommandRepository
    rings: Rings
    presence: Presence
    dials: Dials

    def alarm(self, document: Document, notes: HealthNotes) -> Alarm:
        """Of an exchange, whether or not its document can be opened."""
        return Alarm(
            AccountName(channel="exchange", id=document["_id"], address=document["address"], service=SERVICE),
            notes=notes,
            repository=self.exchanges,
            bus=self.bus,
            clock=self.clock,
            silence=self.settings.silence,
        )


def counted(exchange: Exchange, outcome: Outcome) -> None:
    SENT.labels(exchange.id, type(outcome).__name__.lower()).inc()


async def measure(exchange: Exchange, channel: Channel) -> None:
    """Sets the gauges of an exchange."""
    health = await channel.health()
    UP.labels(exchange.id).set(health.state == "green")
    LAG.labels(exchange.id).set(health.lag_seconds or 0)
