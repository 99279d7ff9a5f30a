"""aiokafka's consumer with the manners the hub needs: it waits longer, hands over calmly and outlives its broker."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from hub.bus.backoff import delay
from hub.bus.base import Position
from hub.bus.consume import record_of
from hub.bus.kafka_errors import bus_errors
from hub.contracts.base import Record
from hub.kit.log import Log

log = Log(__name__)

POLL_MS = 1000
"""An empty poll waits so long for a record."""
HANDOVER = 20.0
"""Seconds the batch in hand may take before its partitions go to another member; below the rebalance timeout."""

Fetched = dict[TopicPartition, list[ConsumerRecord]]


class KafkaConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """A member of a group.

    While the group rebalances, the batch in hand is finished and committed first, and no other is begun: so nothing
    is handled twice because somebody joined.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._idle = asyncio.Event()
        self._idle.set()
        self._settled = asyncio.Event()
        self._uncommitted = False
        self._failures = 0
        self._handed: dict[TopicPartition, int] = {}

    def subscribe(self, topics: Sequence[str] = (), pattern: str | None = None, listener: Any = None) -> None:  # noqa: ARG002
        super().subscribe(topics=topics, listener=_Handover(self))

    async def start(self) -> None:
        try:
            await super().start()
        except BaseException:
            await self.stop()
            raise

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> Fetched:
        """The next records; waits at least a second for some, so that an idle hub rests. Empty while unsettled."""
        self._idle.set()
        await self._settled.wait()
        try:
            if self._uncommitted:
                await self.commit()
            fetched: Fetched = await super().getmany(
                *partitions, timeout_ms=max(timeout_ms, POLL_MS), max_records=max_records
            )
        except KafkaError as exc:
            await self._rest(exc)
            return {}
        if not self._settled.is_set():
            # The partitions are on the move; whoever gets them begins where the group has committed.
            return {}
        self._failures = 0
        if fetched:
            self._idle.clear()
            self._handed.update({partition: records[-1].offset + 1 for partition, records in fetched.items()})
        return fetched

    async def commit(self, offsets: Mapping[TopicPartition, int] | None = None) -> None:
        """Tried again with the next batch if not confirmed; what another member has by now is his to commit."""
        try:
            await super().commit(offsets)
        except KafkaError as exc:
            self._uncommitted = True
            log.warning("bus.commit_delayed", group=self._group_id, reason=str(exc))
        else:
            self._uncommitted = False

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Nothing when the partition is another member's by now."""
        try:
            super().seek(partition, offset)
        except IllegalStateError:
            return
        self._handed[partition] = offset

    def behind(self) -> int:
        known = [(self.highwater(each), self._handed.get(each)) for each in self.assignment()]
        return sum(max(end - at, 0) for end, at in known if end is not None and at is not None)

    async def hand_over(self) -> None:
        """Called before the group rebalances."""
        self._settled.clear()
        try:
            async with asyncio.timeout(HANDOVER):
                await self._idle.wait()
        except TimeoutError:
            log.warning("bus.handover_late", group=self._group_id, seconds=HANDOVER)

    def take_over(self) -> None:
        """Called once the group has settled."""
        self._handed.clear()
        self._uncommitted = False
        self._settled.set()

    async def _rest(self, error: KafkaError) -> None:
        self._failures += 1
        seconds = delay(self._failures)
        log.warning("bus.unavailable", group=self._group_id, seconds=round(seconds, 1), reason=str(error))
        await asyncio.sleep(seconds)


class _Handover(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, consumer: KafkaConsumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:  # noqa: ARG002
        await self._consumer.hand_over()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:  # noqa: ARG002
        self._consumer.take_over()


class KafkaReader:
    """Reads from any place, without a group."""

    def __init__(self, consumer: AIOKafkaConsumer, positions: dict[TopicPartition, int]) -> None:
        """`consumer` is started and assigned; it is closed with the reader."""
        self._consumer = consumer
        self._next = positions
        for partition, offset in positions.items():
            consumer.seek(partition, offset)

    async def read(self, *, max_records: int = 500, wait: float = 1.0) -> list[Record]:
        with bus_errors("reading"):
            fetched: Fetched = await self._consumer.getmany(timeout_ms=int(wait * 1000), max_records=max_records)
        self._next.update({partition: records[-1].offset + 1 for partition, records in fetched.items()})
        return [record_of(record) for records in fetched.values() for record in records]

    def positions(self) -> dict[Position, int]:
        return {(topic, partition): offset for (topic, partition), offset in self._next.items()}

    async def close(self) -> None:
        await self._consumer.stop()
