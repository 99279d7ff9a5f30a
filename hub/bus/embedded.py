"""The embedded bus: FastStream's KafkaBroker on the log in SQLite instead of a Kafka cluster."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from aiokafka import TopicPartition
from aiokafka.structs import RecordMetadata
from faststream.kafka import KafkaBroker

from hub.bus.backoff import until_available
from hub.bus.base import END, Handle, Lag, Position, Reader
from hub.bus.consume import Consumption, FastStreamLog, attach
from hub.bus.embedded_consumer import EmbeddedConsumer, EmbeddedReader
from hub.bus.journal import Slot
from hub.bus.limits import check_size
from hub.bus.log import Log
from hub.bus.metrics import count_published
from hub.contracts.base import Envelope, Headers, Record, encode
from hub.contracts.topics import TOPICS, Topic
from hub.kit.clock import Clock
from hub.kit.errors import BusUnavailable
from hub.kit.log import Log as Logger
from hub.kit.tracing.events import publishing

log = Logger(__name__)


class EmbeddedBatch:
    """As much of aiokafka's BatchBuilder as FastStream calls: records for one partition."""

    def __init__(self) -> None:
        self.records: list[tuple[bytes | None, bytes | None, Headers]] = []

    def append(
        self, *, timestamp: int | None, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> tuple[int, int | None]:
        """Place in the batch and timestamp given; there is no limit to a batch here."""
        self.records.append((key, value, headers))
        return len(self.records) - 1, timestamp


class EmbeddedProducer:
    """As much of aiokafka's AIOKafkaProducer as FastStream calls, over the log. Timestamps are the log's own."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._closed = False

    async def start(self) -> None:
        """Nothing to do: the log is opened by the bus."""

    async def stop(self) -> None:
        self._closed = True

    async def flush(self) -> None:
        """Nothing waits: every send is on its way at once."""

    async def send(
        self,
        topic: str,
        value: bytes | None = None,
        key: bytes | None = None,
        partition: int | None = None,
        timestamp_ms: int | None = None,  # noqa: ARG002
        headers: Headers | None = None,
    ) -> "asyncio.Future[RecordMetadata]":
        slot = self._log.slot_for(topic, key, partition)
        return asyncio.ensure_future(self._append(slot, [(key, value, headers or ())]))

    def create_batch(self) -> EmbeddedBatch:
        return EmbeddedBatch()

    async def send_batch(
        self, batch: EmbeddedBatch, topic: str, *, partition: int | None
    ) -> "asyncio.Future[RecordMetadata]":
        slot = self._log.slot_for(topic, None, partition)
        return asyncio.ensure_future(self._append(slot, batch.records))

    async def _append(
        self, slot: Slot, records: Sequence[tuple[bytes | None, bytes | None, Headers]]
    ) -> RecordMetadata:
        place = (await self._log.append_to([(slot, *record) for record in records]))[0]
        topic_partition = TopicPartition(slot.topic, slot.partition)
        return RecordMetadata(slot.topic, slot.partition, topic_partition, place[1], slot.timestamp, 1, slot.first)


class EmbeddedBroker(KafkaBroker):
    """FastStream's Kafka broker, connected to the log. It makes no topics and has no network administration."""

    def __init__(self, log: Log, **options: Any) -> None:
        super().__init__(allow_auto_create_topics=False, apply_types=False, serializer=None, **options)
        self._log = log

    async def _connect(self) -> Callable[..., Any]:
        config = self.config.broker_config
        await config.producer.connect(EmbeddedProducer(self._log), serializer=config.fd_config._serializer)
        config.builder = partial(EmbeddedConsumer, self._log)
        return config.builder

    async def ping(self, timeout: float | None) -> bool:  # noqa: ASYNC109
        try:
            async with asyncio.timeout(timeout):
                await self._log.ping()
        except (BusUnavailable, TimeoutError):
            return False
        return True


class EmbeddedBus:
    """One service's door to the log; several share one log in one process. Whoever made the log closes it."""

    def __init__(self, log: Log, service: str, clock: Clock, topics: Sequence[Topic] = TOPICS) -> None:
        self._log = log
        self._source = f"omnihub/{service}"
        self._clock = clock
        self._topics = topics
        self._consumptions: list[Consumption] = []
        self.broker = EmbeddedBroker(log, logger=FastStreamLog(), graceful_timeout=30.0)

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        await self.publish_records([encode(envelope) for envelope in envelopes])

    async def publish_records(self, records: Sequence[Record]) -> None:
        check_size(records)
        if not records:
            return
        with publishing(records):
            await self._log.append(records)
        count_published(records)

    def subscribe(
        self,
        topic: str,
        *,
        group: str,
        handle: Handle,
        max_records: int = 500,
        marks: Collection[str] | None = None,
    ) -> None:
        consumption = Consumption(self, topic, group, handle, source=self._source, clock=self._clock, marks=marks)
        self._consumptions.append(consumption)
        attach(self.broker, consumption, max_records=max_records)

    async def reader(
        self,
        topics: Sequence[str],
        *,
        since: datetime | None = None,
        at: Mapping[Position, int] | None = None,
    ) -> Reader:
        offsets: dict[Slot, int] = {}
        for slot in (slot for topic in topics for slot in self._log.slots(topic)):
            offset = (at or {}).get((slot.topic, slot.partition), 0)
            if at is None and since is not None:
                offset = await self._log.offset_for_time(slot, since)
            offsets[slot] = slot.next if offset == END else max(offset, slot.first)
        return EmbeddedReader(self._log, offsets)

    async def lag(self) -> list[Lag]:
        return [Lag(each.group, each.topic, self._log.behind(each.name, each.topic)) for each in self._consumptions]

    async def start(self) -> None:
        await until_available(self._prepare, "opening the log")
        await self.broker.start()

    async def stop(self) -> None:
        for consumption in self._consumptions:
            consumption.stop()
        await self.broker.stop()

    async def ping(self) -> None:
        await self._log.ping()

    async def _prepare(self) -> None:
        await self._log.open()
        await self._log.create_topics(self._topics)
