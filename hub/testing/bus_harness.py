"""What the suites of the bus work with: a cluster, a handler that remembers, waiting without guessing."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from hub.bus.base import Bus, Reader
from hub.contracts.base import Envelope, Record, encode
from hub.contracts.interaction import InteractionReceived, Participant, Role
from hub.contracts.park import MessageParked
from hub.contracts.registry import REGISTRY
from hub.contracts.topics import DEAD_LETTERS
from hub.testing.waiting import PATIENCE, eventually

NOW = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)


class Cluster(Protocol):
    """What outlives a service: the log's file, or Kafka."""

    topic: str
    """A topic of this test alone, with four partitions."""
    group: str
    """A group of this test alone."""

    def door(self) -> Bus:
        """A bus not started yet, as each service and each copy of a service has one."""
        ...


def an_arrival(text: str, *, sender: str = "email:anna@example.com") -> Envelope:
    """An event keyed by `sender`."""
    event = InteractionReceived(
        id=f"in_{text[:40]}",
        channel="email",
        type="email",
        account="email:we@example.com",
        at=NOW,
        received_at=NOW,
        participants=(Participant(role=Role.FROM, address=sender),),
        text=text,
    )
    return Envelope(event=event, source="omnihub/email", time=NOW, correlation_id="ev_first", causation_id="ev_cause")


def on_topic(topic: str, envelopes: Sequence[Envelope]) -> list[Record]:
    return [replace(encode(envelope), topic=topic) for envelope in envelopes]


def text_of(envelope: Envelope) -> str:
    assert isinstance(envelope.event, InteractionReceived)
    return envelope.event.text


def text_in(record: Record) -> str:
    return text_of(REGISTRY.decode(record))


@dataclass
class Collector:
    """A handler that remembers what it was given."""

    batches: list[list[Envelope]] = field(default_factory=list)
    before: Callable[[Sequence[Envelope]], object] = lambda _: None
    """Called before the batch is remembered; may raise."""
    _grew: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, envelopes: Sequence[Envelope]) -> None:
        outcome = self.before(envelopes)
        if asyncio.iscoroutine(outcome):
            await outcome
        self.batches.append(list(envelopes))
        self._grew.set()

    @property
    def texts(self) -> list[str]:
        return [text_of(envelope) for batch in self.batches for envelope in batch]

    async def until(self, count: int) -> list[str]:
        """The texts once there are at least `count`."""
        async with asyncio.timeout(PATIENCE):
            while len(self.texts) < count:
                self._grew.clear()
                await self._grew.wait()
        return self.texts


@asynccontextmanager
async def running(*doors: Bus) -> AsyncIterator[None]:
    """The doors started, and stopped at the end."""
    try:
        async with asyncio.timeout(PATIENCE):
            for door in doors:
                await door.start()
        yield
    finally:
        for door in doors:
            await door.stop()


async def read_all(reader: Reader, count: int) -> list[Record]:
    """At least `count` records; the reader is closed."""
    records: list[Record] = []
    try:
        async with asyncio.timeout(PATIENCE):
            while len(records) < count:
                records += await reader.read(wait=0.5)
    finally:
        await reader.close()
    return records


async def until_lag(door: Bus, records: int) -> None:
    await eventually(door.lag, lambda lags: sum(lag.records for lag in lags) == records)


async def letters_of(door: Bus, group: str, count: int) -> list[MessageParked]:
    """The dead letters of a group, at least `count`."""
    reader = await door.reader([DEAD_LETTERS.name])
    letters: list[MessageParked] = []
    try:
        async with asyncio.timeout(PATIENCE):
            while len(letters) < count:
                events = [REGISTRY.decode(record).event for record in await reader.read(wait=0.5)]
                letters += [event for event in events if isinstance(event, MessageParked) and event.group == group]
    finally:
        await reader.close()
    return letters


async def letters_of_now(door: Bus, group: str) -> list[MessageParked]:
    """The dead letters of a group so far."""
    reader = await door.reader([DEAD_LETTERS.name])
    records: list[Record] = []
    try:
        while batch := await reader.read(wait=0.2):
            records += batch
    finally:
        await reader.close()
    events = [REGISTRY.decode(record).event for record in records]
    return [event for event in events if isinstance(event, MessageParked) and event.group == group]
