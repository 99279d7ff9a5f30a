"""What runs for every account of the service, whatever its channel."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Generic, TypeVar

from hub.bus.base import Bus
from hub.channels.accounts import AccountRepository
from hub.channels.alarm import AccountName, Alarm
from hub.channels.base import Channel, Outcome
from hub.channels.gate import Gate
from hub.channels.health import HealthNotes
from hub.channels.ledger import Ledger
from hub.channels.worker import Follower
from hub.contracts.park import RawPayloadStored
from hub.kit.beside import beside
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock, iso
from hub.store.base import Document
from services.messaging.inbound.files import Fetcher, FileSource
from services.messaging.inbound.repository import InboundRepository
from services.messaging.inbound.service import Intake
from services.messaging.inbound.together import Together
from services.messaging.metrics import LAG, SENT, UP
from services.messaging.models import Account, Payload
from services.messaging.settings import Settings

SERVICE = "messaging"
_NOTED_EVERY = timedelta(seconds=1)
"""What is posted to an account is noted in its health so often at the most."""
A = TypeVar("A", bound=Account)
Body = Callable[[], Awaitable[bytes]]
"""Reads what is posted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a channel of the service stands on."""

    bus: Bus
    blobs: Blobs
    clock: Clock
    settings: Settings
    inbound: InboundRepository
    intake: Intake
    ledger: Ledger
    gate: Gate
    accounts: AccountRepository


class Line(Generic[A]):
    """One channel of the service; its own part is in the subclasses."""

    def __init__(self, ground: Ground, opened: Callable[[Document], A]) -> None:
        """`opened` makes an account, its secrets in clear, of its document."""
        self.ground = ground
        self.opened = opened
        self._fetchers: dict[str, Fetcher] = {}
        self._doors: dict[str, tuple[A, Together[Payload]]] = {}
        self._noted: dict[str, datetime] = {}

    async def replay(self, fact: RawPayloadStored) -> None:
        """Reads a parked payload again; raises Poison when it still cannot be read, NotFound without its account."""
        account = self.opened(await self.ground.accounts.ever(fact.account))
        await self.ground.intake.replay(fact, account)

    async def door(self, account_id: str) -> tuple[A, Together[Payload]]:
        """An account as it is now, and where what is posted to it goes in; raises NotFound."""
        document = await self.ground.accounts.get(account_id)
        known = self._doors.get(account_id)
        if known is None or known[0].revision != document["_v"]:
            account = self.opened(document)
            known = self._doors[account_id] = (account, Together(partial(self.ground.intake.take, account)))
        return known

    async def noted(self, account: str) -> None:
        """Something came in by post: at whichever copy of the hub, and whoever looks after the account."""
        now = self.ground.clock.now()
        if now - self._noted.get(account, now - 2 * _NOTED_EVERY) < _NOTED_EVERY:
            return
        self._noted[account] = now
        with beside("health", account=account):
            await self.ground.accounts.note_posted(account, iso(now))

    def files_wanted(self, account: str) -> None:
        """There are files to be fetched."""
        if fetcher := self._fetchers.get(account):
            fetcher.woken.set()

    def fetcher(self, account: Account, source: FileSource) -> Follower:
        """The loop that fetches files for an account."""
        ground = self.ground
        self._fetchers[account.id] = made = Fetcher(
            account.id,
            source=source,
            repository=ground.inbound,
            bus=ground.bus,
            blobs=ground.blobs,
            clock=ground.clock,
            limit=ground.settings.file_limit,
            expiry=ground.settings.file_expiry,
        )
        return made

    def alarm(self, account: Account, notes: HealthNotes) -> Alarm:
        return alarm_of(self.ground, account.channel, {"_id": account.id, "address": account.address}, notes)


def alarm_of(ground: Ground, channel: str, document: Document, notes: HealthNotes) -> Alarm:
    """Of an account, whether or not its document can be opened."""
    return Alarm(
        AccountName(channel=channel, id=document["_id"], address=document["address"], service=SERVICE),
        notes=notes,
        repository=ground.accounts,
        bus=ground.bus,
        clock=ground.clock,
        silence=ground.settings.silence,
    )


def counted(account: Account, outcome: Outcome) -> None:
    SENT.labels(account.id, type(outcome).__name__.lower()).inc()


async def measure(account: Account, channel: Channel) -> None:
    """Sets the gauges of an account."""
    health = await channel.health()
    UP.labels(account.id).set(health.state == "green")
    LAG.labels(account.id).set(health.lag_seconds or 0)
