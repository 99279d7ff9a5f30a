"""Small stand-ins for the ports, for tests of rules."""

from collections.abc import AsyncIterable, AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hub.bus.base import Handle, Lag, Position, Reader
from hub.bus.limits import check_size
from hub.contracts.base import Envelope, Event, Record, encode
from hub.contracts.registry import REGISTRY
from hub.kit.blobs import CHUNK, part_of
from hub.kit.errors import BlobsUnavailable, BusUnavailable, InvalidInput, NotFound
from hub.kit.tracing.spans import Span


class FakeClock:
    """Stands still until it is told."""

    def __init__(self, now: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        self._now = now

    def advance(self, by: timedelta) -> None:
        self._now += by


@dataclass(frozen=True, slots=True)
class Subscription:
    topic: str
    group: str
    handle: Handle
    max_records: int
    marks: Collection[str] | None = None


@dataclass
class FakeBus:
    """Collects what is published; hands it to the subscribers when told to."""

    published: list[Envelope] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    """What was published as records."""
    subscriptions: list[Subscription] = field(default_factory=list)
    failures: int = 0
    """So many of the next publishes and pings raise BusUnavailable; -1 is all of them."""
    lags: list[Lag] = field(default_factory=list)
    running: bool = False

    def events(self, topic: str | None = None) -> list[Event]:
        """The bodies published, of one topic or of all."""
        return [e.event for e in self.published if topic is None or topic == e.event.TOPIC]

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        self._answer()
        self.published += [as_read(envelope) for envelope in envelopes]

    async def publish_records(self, records: Sequence[Record]) -> None:
        self._answer()
        self.records += records

    def subscribe(
        self,
        topic: str,
        *,
        group: str,
        handle: Handle,
        max_records: int = 500,
        marks: Collection[str] | None = None,
    ) -> None:
        self.subscriptions.append(Subscription(topic, group, handle, max_records, marks))

    async def deliver(self, topic: str, envelopes: Sequence[Envelope]) -> None:
        """Hands a batch to every group of the topic; what a handler raises comes out here."""
        for one in self.subscriptions:
            wanted = [e for e in envelopes if one.marks is None or set(one.marks) & set(e.event.marks())]
            if one.topic == topic and wanted:
                await one.handle(wanted)

    async def reader(
        self,
        topics: Sequence[str],
        *,
        since: datetime | None = None,
        at: Mapping[Position, int] | None = None,
    ) -> Reader:
        return FakeReader(self, topics, since, dict(at or {}))

    async def lag(self) -> list[Lag]:
        return self.lags

    async def start(self) -> None:
        self.running = True

    async def stop(self) -> None:
        self.running = False

    async def ping(self) -> None:
        self._answer()

    def history(self, topic: str) -> list[Record]:
        """What the one partition of a topic holds."""
        told = [encode(e) for e in self.published if topic == e.event.TOPIC]
        return told + [record for record in self.records if record.topic == topic]

    def _answer(self) -> None:
        if self.failures:
            self.failures -= 1
            raise BusUnavailable


def as_read(envelope: Envelope) -> Envelope:
    """As a reader gets it: what cannot be published, or not be read, is noticed."""
    record = encode(envelope)
    check_size([record])
    return replace(REGISTRY.decode(record), record=None, correlation_id=envelope.correlation_id, told_as="")


class FakeReader:
    """Reads a `FakeBus`: each topic has one partition; an offset of -1 is the end; `since` keeps the whole."""

    def __init__(self, bus: FakeBus, topics: Sequence[str], since: datetime | None, at: dict[Position, int]) -> None:
        self._bus = bus
        self.since = since
        self._next = {(topic, 0): self._offset(topic, at.get((topic, 0), 0)) for topic in topics}

    def _offset(self, topic: str, offset: int) -> int:
        return len(self._bus.history(topic)) if offset < 0 else offset

    async def read(self, *, max_records: int = 500, wait: float = 1.0) -> list[Record]:  # noqa: ARG002
        found: list[Record] = []
        for (topic, partition), offset in self._next.items():
            records = self._bus.history(topic)[offset : offset + max_records - len(found)]
            found += [_placed(record, partition, offset + n) for n, record in enumerate(records)]
            self._next[topic, partition] = offset + len(records)
        return found

    def positions(self) -> dict[Position, int]:
        return dict(self._next)

    async def close(self) -> None:
        return None


def _placed(record: Record, partition: int, offset: int) -> Record:
    return Record(
        topic=record.topic,
        key=record.key,
        value=record.value,
        headers=record.headers,
        partition=partition,
        offset=offset,
        timestamp=record.timestamp,
    )


@dataclass
class FakeBlobs:
    """Bytes in memory."""

    content: dict[str, bytes] = field(default_factory=dict)
    failures: int = 0
    """So many of the next calls raise BlobsUnavailable; -1 is all of them."""

    async def put(self, key: str, content: bytes) -> None:
        await self.put_many({key: content})

    async def put_many(self, blobs: dict[str, bytes]) -> None:
        self._answer()
        self.content.update(blobs)

    async def get(self, key: str) -> bytes:
        self._answer()
        blob, start, length = part_of(key) or (key, 0, None)
        try:
            return self.content[blob][start : None if length is None else start + length]
        except KeyError as exc:
            raise NotFound(f"no blob under {key}") from exc

    async def put_stream(self, key: str, content: AsyncIterable[bytes]) -> None:
        await self.put(key, b"".join([piece async for piece in content]))

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        content = await self.get(key)
        for start in range(0, len(content), CHUNK):
            yield content[start : start + CHUNK]

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        return (await self.get(key))[start : start + length]

    async def size(self, key: str) -> int:
        return len(await self.get(key))

    async def delete(self, keys: Iterable[str]) -> None:
        self._answer()
        wanted = list(keys)
        if parts := [key for key in wanted if part_of(key)]:
            raise InvalidInput(f"{parts[0]} is a part, which goes with its blob")
        for key in wanted:
            self.content.pop(key, None)

    async def ping(self) -> None:
        self._answer()

    def _answer(self) -> None:
        if self.failures:
            self.failures -= 1
            raise BlobsUnavailable


@dataclass
class FakeSink:
    """Keeps the spans that it is told, or raises."""

    spans: list[Span] = field(default_factory=list)
    broken: bool = False
    closed: bool = False

    def take(self, span: Span) -> None:
        if self.broken:
            raise RuntimeError("a fault of the sink")
        self.spans.append(span)

    def close(self) -> None:
        self.closed = True

    def tree(self) -> dict[str, str]:
        """By the name of each span that of the one above it; empty: it is the first one."""
        names = {span.id: span.name for span in self.spans}
        return {span.name: names.get(span.parent, "?" if span.parent else "") for span in self.spans}
