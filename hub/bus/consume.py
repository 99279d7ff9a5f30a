"""A batch on either footing: decoded, handled, retried while something is down, poison parked; then committed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Protocol, cast

from aiokafka import ConsumerRecord
from faststream import AckPolicy
from faststream.exceptions import NackMessage
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage

from hub.bus.backoff import delay
from hub.bus.base import Bus, Handle
from hub.bus.deadletters import park
from hub.bus.metrics import HANDLED, HANDLING, LAG, RETRIES, UNPARKED
from hub.contracts.base import MARKS, Envelope, Record
from hub.contracts.park import is_for
from hub.contracts.registry import REGISTRY
from hub.contracts.topics import DEAD_LETTERS
from hub.kit.clock import Clock
from hub.kit.errors import TransientError
from hub.kit.log import Log
from hub.kit.reasons import reason_of
from hub.kit.seams import seam
from hub.kit.tracing.events import Step, handling
from hub.kit.turns import in_turn

log = Log(__name__)

PATIENCE = 60.0
"""Seconds a batch is retried in place before it is handed back and polled again, which keeps the group membership."""

Batch = tuple[ConsumerRecord[bytes, bytes], ...]


class BusConsumer(Protocol):
    """What is asked of a consumer besides aiokafka's interface."""

    def behind(self) -> int:
        """Records published to its partitions and not yet handed out."""
        ...

    @property
    def moving(self) -> asyncio.Event:
        """Set while its partitions may be on their way to another member."""
        ...


class Consumption:
    """One subscription: its handler, and what became of the records so far."""

    def __init__(
        self,
        bus: Bus,
        topic: str,
        group: str,
        handle: Handle,
        *,
        source: str,
        clock: Clock,
        marks: Collection[str] | None = None,
    ) -> None:
        self.topic = topic
        self.group = group
        self.name = f"{group}.{topic}"
        """The group's name on the bus: topics of one service rebalance and lag independently of each other."""
        self._bus = bus
        self._handle = handle
        self._source = source
        self._clock = clock
        self._marks = None if marks is None else frozenset(mark.encode() for mark in marks)
        self._stopping = asyncio.Event()
        self._moving = asyncio.Event()
        self._attempts = 0

    def stop(self) -> None:
        """A batch that is waiting to be retried is given back; one that is being handled is finished."""
        self._stopping.set()

    async def consume(self, batch: Batch, behind: int, moving: asyncio.Event | None = None) -> None:
        """Returns when every record is handled or parked; the offsets may then be committed.

        Raises:
            NackMessage: something was down for too long, the hub is stopping, or the partitions are `moving`: a batch
                that waits to be retried is given back then, so that no other copy has it in hand, too.
        """
        self._moving = moving or self._moving
        LAG.labels(self.topic, self.group).set(behind + len(batch))
        try:
            await in_turn(self._handle_all([record_of(each) for each in batch if self._wants(each)]))
        except TransientError as exc:
            raise NackMessage from exc
        except Exception as exc:
            # A fault of the bus's own: FastStream would read the batch again at once, and again.
            self._attempts += 1
            await self._pause(exc)
            raise NackMessage from exc
        seam(f"bus.after_handle.{self.topic}")
        HANDLED.labels(self.topic, self.group).inc(len(batch))
        LAG.labels(self.topic, self.group).set(behind)

    def _wants(self, record: ConsumerRecord[bytes, bytes]) -> bool:
        if self._marks is None:
            return True
        marks = next((value for name, value in reversed(record.headers) if name == MARKS), b"")
        return not self._marks.isdisjoint(marks.split(b","))

    async def _handle_all(self, records: Sequence[Record]) -> None:
        envelopes = await self._decode(records)
        if envelopes:
            await self._handle_or_split(envelopes)

    async def _decode(self, records: Sequence[Record]) -> list[Envelope]:
        envelopes = []
        for record in records:
            if not is_for(record, self.group):
                continue
            try:
                envelopes.append(REGISTRY.decode(record))
            except Exception as exc:
                await self._park(record, exc)
        return envelopes

    async def _handle_or_split(self, envelopes: Sequence[Envelope]) -> None:
        try:
            with handling(self.topic, self.group, envelopes, source=self._source) as told:
                await self._patiently(lambda: self._timed(envelopes, told))
        except TransientError:
            raise
        except Exception as exc:
            # Halves rather than singles: one poison record among five hundred costs twenty calls, not five hundred.
            if len(envelopes) > 1:
                half = len(envelopes) // 2
                await self._handle_or_split(envelopes[:half])
                await self._handle_or_split(envelopes[half:])
                return
            record = envelopes[0].record
            assert record is not None
            await self._park(record, exc)

    async def _timed(self, envelopes: Sequence[Envelope], told: Step) -> None:
        told.tried()
        task = asyncio.current_task()
        assert task is not None
        try:
            with HANDLING.labels(self.topic, self.group).time():
                await self._handle(envelopes)
        except asyncio.CancelledError as exc:
            if task.cancelling():
                raise
            # Nobody cancelled this task: something the handler waited for was, and FastStream would stop reading.
            raise TransientError("what the handler waited for was cancelled") from exc

    async def _park(self, record: Record, error: Exception) -> None:
        if self.topic == DEAD_LETTERS.name:
            # A dead letter about a dead letter would go round for ever; this one stays where it is.
            self._tell_lost("message.unreadable", record, error)
            return
        try:
            await self._patiently(
                lambda: park(self._bus, record, group=self.group, error=error, source=self._source, clock=self._clock)
            )
        except TransientError:
            raise
        except Exception as exc:
            # Nothing is left that could be tried, and what follows must not stand still for it.
            UNPARKED.labels(self.topic).inc()
            self._tell_lost("message.unparkable", record, exc)

    def _tell_lost(self, what: str, record: Record, error: Exception) -> None:
        log.error(
            what,
            topic=record.topic,
            group=self.group,
            partition=record.partition,
            offset=record.offset,
            error=type(error).__name__,
            reason=reason_of(error),
        )

    async def _patiently(self, step: Callable[[], Awaitable[None]]) -> None:
        started = asyncio.get_running_loop().time()
        while True:
            try:
                await step()
            except TransientError as exc:
                self._attempts += 1
                elapsed = asyncio.get_running_loop().time() - started
                if elapsed > PATIENCE or not await self._pause(exc):
                    raise
            else:
                self._attempts = 0
                return

    async def _pause(self, error: Exception) -> bool:
        """Whether to try again: not when the hub is stopping, or the partitions move."""
        wait = delay(self._attempts)
        RETRIES.labels(self.topic, self.group).inc()
        log.warning(
            "bus.retrying",
            topic=self.topic,
            group=self.group,
            attempt=self._attempts,
            seconds=round(wait, 1),
            error=type(error).__name__,
            reason=reason_of(error),
        )
        ends = [asyncio.ensure_future(event.wait()) for event in (self._stopping, self._moving)]
        done, left = await asyncio.wait(ends, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
        for waiting in left:
            waiting.cancel()
        return not done


def attach(broker: KafkaBroker, consumption: Consumption, *, max_records: int) -> None:
    """Makes the consumption a FastStream batch subscriber of the broker."""
    subscriber = broker.subscriber(
        consumption.topic,
        group_id=consumption.name,
        batch=True,
        max_records=max_records,
        # FastStream sleeps this long after an empty poll; our consumers do the waiting themselves.
        batch_timeout_ms=1,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        no_reply=True,
        rebalance_timeout_ms=30_000,
        heartbeat_interval_ms=1_000,
        max_poll_interval_ms=600_000,
    )

    async def parse(batch: Batch) -> KafkaAckableMessage:
        # FastStream's own parser would decode every header of every record, which the registry does once more.
        assert subscriber.consumer is not None
        return KafkaAckableMessage(batch, batch, consumer=subscriber.consumer, correlation_id="-")

    async def decode(message: KafkaAckableMessage) -> Batch:
        return cast(Batch, message.raw_message)

    async def consume(batch: Batch) -> None:
        consumer = cast(BusConsumer, subscriber.consumer)
        await consumption.consume(batch, consumer.behind(), consumer.moving)

    subscriber(consume, parser=parse, decoder=decode)


class FastStreamLog:
    """FastStream's log lines from errors up, as ours; what is below tells of every batch."""

    def log(self, level: int, msg: Any, /, *, exc_info: Any = None, extra: Mapping[str, Any] | None = None) -> None:
        if level >= logging.ERROR:
            fields = {key: value for key, value in (extra or {}).items() if value}
            log.error("bus.failed", exc=exc_info or None, reason=str(msg), **fields)


def record_of(read: ConsumerRecord[bytes, bytes]) -> Record:
    return Record(
        topic=read.topic,
        key=read.key or b"",
        value=read.value or b"",
        # Kafka lets a header be without a value.
        headers=[(name, value or b"") for name, value in read.headers],
        partition=read.partition,
        offset=read.offset,
        timestamp=read.timestamp,
    )
