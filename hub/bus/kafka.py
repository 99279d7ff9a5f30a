"""The bus on Apache Kafka, behind FastStream's KafkaBroker."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, KafkaTimeoutError
from faststream.kafka import KafkaBroker

from hub.bus.backoff import until_available
from hub.bus.base import END, Handle, Lag, Position, Reader
from hub.bus.consume import Consumption, FastStreamLog, attach
from hub.bus.deadletters import tell_lost
from hub.bus.kafka_access import Access
from hub.bus.kafka_consumer import KafkaConsumer, KafkaReader, OnLost
from hub.bus.kafka_errors import bus_errors
from hub.bus.kafka_topics import ONE_COPY, Copies, create_topics
from hub.bus.limits import check_size
from hub.bus.metrics import count_published
from hub.contracts.base import Envelope, Record, encode
from hub.contracts.park import DEAD_LETTER_BYTES
from hub.contracts.topics import TOPICS, Topic
from hub.kit.clock import Clock
from hub.kit.errors import BusUnavailable
from hub.kit.log import Log
from hub.kit.tracing.events import publishing

log = Log(__name__)
# While Kafka is away its client tells so ten times a second; our own lines say it with each retry.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

PUBLISH_TIMEOUT = 20.0
PING_TIMEOUT = 5.0
CLOSE_TIMEOUT = 5.0
"""Seconds."""


class ClusterBroker(KafkaBroker):
    """FastStream's Kafka broker; keeps hold of the producer it makes, and can make another."""

    producer: AIOKafkaProducer | None = None

    def __init__(self, access: Access, client_id: str, on_lost: OnLost) -> None:
        super().__init__(
            access.bootstrap,
            client_id=client_id,
            allow_auto_create_topics=False,
            apply_types=False,
            serializer=None,
            logger=FastStreamLog(),
            graceful_timeout=30.0,
        )
        self._on_lost = on_lost
        self._access = access
        self._client = {**access.options, "client_id": client_id}

    async def _connect(self) -> Callable[..., Any]:
        config = self.config.broker_config
        await self.renew_producer()
        await config.admin.connect(**self._client)
        config.builder = partial(KafkaConsumer, on_lost=self._on_lost, **self._access.options)
        return config.builder

    async def renew_producer(self) -> None:
        """A fresh one in place of the one there was, which sends nothing afterwards.

        Idempotent: a retry of its own never doubles a record nor passes an earlier one. It retries for ever, so that
        giving up is the publisher's decision.
        """
        await self.close_producer()
        producer = AIOKafkaProducer(
            **self._client,
            acks="all",
            enable_idempotence=True,
            linger_ms=1,
            max_batch_size=256 * 1024,
            max_request_size=2 * DEAD_LETTER_BYTES,
            request_timeout_ms=10_000,
        )
        config = self.config.broker_config
        try:
            await config.producer.connect(producer, serializer=config.fd_config._serializer)
        except BaseException:
            await producer.stop()
            raise
        self.producer = producer

    async def stop(self, *exc: Any) -> None:
        await super(KafkaBroker, self).stop(*exc)
        await self.close_producer()
        await self.config.disconnect()
        self._connection = None

    async def close_producer(self) -> None:
        """Sends what waits, but not for ever: an idempotent producer would wait for Kafka to come back."""
        producer, self.producer = self.producer, None
        if producer is None:
            return
        closing = asyncio.ensure_future(producer.stop())
        await asyncio.wait({closing}, timeout=CLOSE_TIMEOUT)
        if not closing.done():
            producer._message_accumulator.fail_all(KafkaTimeoutError("not confirmed before the end"))
        await closing


class KafkaBus:
    """One service's door to Kafka."""

    def __init__(
        self,
        access: Access,
        service: str,
        clock: Clock,
        topics: Sequence[Topic] = TOPICS,
        *,
        copies: Copies = ONE_COPY,
    ) -> None:
        """`copies` are those of the topics."""
        self._access = access
        self._source = f"omnihub/{service}"
        self._clock = clock
        self._topics = topics
        self._copies = copies
        self._consumptions: list[Consumption] = []
        self._renewing = asyncio.Lock()
        self._started = False
        self._limits: set[asyncio.Timeout] = set()
        """Of the publishes under way: a stop ends them, for the client does not."""
        self.broker = ClusterBroker(access, f"omnihub-{service}", self._tell_lost)

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        await self.publish_records([encode(envelope) for envelope in envelopes])

    async def publish_records(self, records: Sequence[Record]) -> None:
        check_size(records)
        producer = await self._producer()
        try:
            with publishing(records), bus_errors("publishing"):
                await self._send(producer, records)
        except BusUnavailable as exc:
            if _is_fatal(exc.__cause__):
                await self._discard(producer, str(exc))
            raise
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
        with bus_errors("opening a reader"):
            partitions = await self._partitions(topics)
            consumer = self._consumer()
            consumer.assign(partitions)
            try:
                await consumer.start()
                return KafkaReader(consumer, await _offsets(consumer, partitions, since, at))
            except BaseException:
                await consumer.stop()
                raise

    async def lag(self) -> list[Lag]:
        lags = []
        consumer = self._consumer()
        with bus_errors("asking for the lag"):
            try:
                await consumer.start()
                for each in self._consumptions:
                    lags.append(await self._lag(consumer, each))
            finally:
                await consumer.stop()
        return lags

    async def start(self) -> None:
        await until_available(self._start, "connecting to Kafka")

    async def stop(self) -> None:
        for consumption in self._consumptions:
            consumption.stop()
        await self.broker.stop()
        self._started = False
        for limit in self._limits:
            limit.reschedule(asyncio.get_running_loop().time())

    async def ping(self) -> None:
        if not self._started:
            raise BusUnavailable("Kafka is not connected yet")
        with bus_errors("ping"):
            async with asyncio.timeout(PING_TIMEOUT):
                await self.broker.config.admin_client.describe_cluster()

    async def _tell_lost(self, name: str, place: Position, first: int, following: int) -> None:
        group = next(each.group for each in self._consumptions if each.name == name)
        await tell_lost(self, place, first, following, group=group, source=self._source, clock=self._clock)

    async def _start(self) -> None:
        try:
            with bus_errors("start"):
                await self._connect()
                await create_topics(self.broker.config.admin_client, self._topics, self._copies)
                await self.broker.start()
            self._started = True
        except BaseException:
            await self.broker.stop()
            raise

    async def _connect(self) -> None:
        try:
            await self.broker.connect()
        except (KafkaError, TimeoutError, OSError) as exc:
            if trouble := await self._access.trouble():
                raise BusUnavailable(f"Kafka: {trouble}") from exc
            raise

    async def _send(self, producer: AIOKafkaProducer, records: Sequence[Record]) -> None:
        async with asyncio.timeout(PUBLISH_TIMEOUT) as limit:
            self._limits.add(limit)
            try:
                confirmed = [
                    await producer.send(record.topic, record.value, record.key, headers=list(record.headers))
                    for record in records
                ]
                await asyncio.gather(*confirmed)
            finally:
                self._limits.discard(limit)

    async def _producer(self) -> AIOKafkaProducer:
        async with self._renewing:
            if self.broker.producer is None:
                if not self._started:
                    raise BusUnavailable("Kafka is not connected yet")
                with bus_errors("connecting again"):
                    async with asyncio.timeout(PUBLISH_TIMEOUT):
                        await self.broker.renew_producer()
            return self.broker.producer

    async def _discard(self, broken: AIOKafkaProducer, reason: str) -> None:
        async with self._renewing:
            if self.broker.producer is broken:
                log.warning("bus.producer_discarded", reason=reason)
                await self.broker.close_producer()

    def _consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **self._access.options, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
        )

    async def _partitions(self, topics: Sequence[str]) -> list[TopicPartition]:
        producer = await self._producer()
        return [
            TopicPartition(topic, partition)
            for topic in topics
            for partition in sorted(await producer.partitions_for(topic))
        ]

    async def _lag(self, consumer: AIOKafkaConsumer, each: Consumption) -> Lag:
        partitions = await self._partitions([each.topic])
        admin = self.broker.config.admin_client
        committed = await admin.list_consumer_group_offsets(each.name, partitions=partitions)
        first, last = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        behind = (last[p] - max(committed[p].offset if p in committed else 0, first[p]) for p in partitions)
        return Lag(each.group, each.topic, sum(behind))


def _is_fatal(error: BaseException | None) -> bool:
    """Whether the producer does not survive it; Kafka being away it does."""
    return isinstance(error, KafkaError) and not error.retriable


async def _offsets(
    consumer: AIOKafkaConsumer,
    partitions: Sequence[TopicPartition],
    since: datetime | None,
    at: Mapping[Position, int] | None,
) -> dict[TopicPartition, int]:
    first, last = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
    if at is None and since is not None:
        moment = int(since.timestamp() * 1000)
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, moment))
        return {p: found[p].offset if found[p] is not None else last[p] for p in partitions}
    wanted = {p: (at or {}).get((p.topic, p.partition), 0) for p in partitions}
    return {p: last[p] if offset == END else max(offset, first[p]) for p, offset in wanted.items()}
