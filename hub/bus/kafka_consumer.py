"""aiokafka's consumer with the manners the hub needs: it waits longer, hands over calmly and outlives its broker."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import ConsumerStoppedError, IllegalStateError, KafkaError

from hub.bus.backoff import delay, until_available
from hub.bus.base import Position
from hub.bus.consume import record_of
from hub.bus.kafka_errors import bus_errors
from hub.contracts.base import Record
from hub.kit.log import Log
from hub.kit.reasons import reason_of

log = Log(__name__)

POLL_MS = 1000
"""An empty poll waits so long for a record."""
HANDOVER = 20.0
"""Seconds the batch in hand may take before its partitions go to another member; below the rebalance timeout."""

OnLost = Callable[[str, Position, int, int], Awaitable[None]]
"""Group on the bus, topic and partition, the first offset lost and the one that follows; raises BusUnavailable."""
Fetched = dict[TopicPartition, list[ConsumerRecord]]


class KafkaConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """A member of a group.

    While the group rebalances, the batch in hand is finished and committed first, and no other is begun: so nothing
    is handled twice because somebody joined.

    Where retention was faster than the group, Kafka's client goes on from the oldest record kept and says nothing.
    What was lost is told before what follows is handed out: at assignment, and when offsets are missing.
    """

    def __init__(self, *, on_lost: OnLost, **options: Any) -> None:
        super().__init__(**options)
        self._on_lost = on_lost
        self._unchecked = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._settled = asyncio.Event()
        self.moving = asyncio.Event()
        """The opposite: a batch that waits to be retried is given back."""
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
            if self._unchecked:
                await self._check_assigned()
            fetched: Fetched = await super().getmany(
                *partitions, timeout_ms=max(timeout_ms, POLL_MS), max_records=max_records
            )
            await self._check_fetched(fetched)
        except ConsumerStoppedError:
            raise
        except Exception as exc:
            # Whatever it is: FastStream would ask again at once, and again.
            self._rewind()
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
        self.moving.set()
        try:
            async with asyncio.timeout(HANDOVER):
                await self._idle.wait()
        except TimeoutError:
            log.warning("bus.handover_late", group=self._group_id, seconds=HANDOVER)

    def take_over(self) -> None:
        """Called once the group has settled."""
        self._handed.clear()
        self._unchecked = True
        self._uncommitted = False
        self._settled.set()
        self.moving.clear()

    def _rewind(self) -> None:
        """To what was handed out: the client has already counted as read what an error kept from us."""
        for each in self.assignment() & self._handed.keys():
            self.seek(each, self._handed[each])

    async def _check_assigned(self) -> None:
        """What was removed of its partitions while nobody of the group read."""
        self._unchecked = False
        try:
            committed = {each: await self.committed(each) for each in self.assignment()}
            first = await self._first(committed) if committed else {}
        except BaseException:
            self._unchecked = True
            raise
        self._handed.update({each: max(offset or 0, first[each]) for each, offset in committed.items()})
        for each, offset in committed.items():
            # A group that has committed nothing is new, or Kafka has forgotten it.
            if offset is not None and offset < first[each]:
                await self._tell_lost(each, offset, first[each])
                # So that a quiet partition is not told of again after every start.
                await self.commit({each: first[each]})

    async def _check_fetched(self, fetched: Fetched) -> None:
        """What was removed while the group was slow."""
        starts = {each: records[0].offset for each, records in fetched.items()}
        wanted = {each: at for each, at in self._handed.items() if at < starts.get(each, 0)}
        if not wanted:
            return
        # With an error the records in hand would be lost to this member: so it asks until it is answered.
        first = await until_available(lambda: self._first(wanted), "asking for what is kept")
        for each, offset in wanted.items():
            # Offsets are also missing where somebody else's transactions have their markers.
            following = min(first[each], starts[each])
            if offset < following:
                await self._tell_lost(each, offset, following)

    async def _first(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The oldest offset kept."""
        with bus_errors("asking for what is kept"):
            first: dict[TopicPartition, int] = await self.beginning_offsets(list(partitions))
        return first

    async def _tell_lost(self, partition: TopicPartition, first: int, following: int) -> None:
        try:
            await until_available(
                lambda: self._on_lost(self._group_id, (partition.topic, partition.partition), first, following),
                "telling what was lost",
            )
        except Exception as exc:
            log.error("bus.loss_untold", group=self._group_id, partition=str(partition), reason=reason_of(exc))

    async def _rest(self, error: Exception) -> None:
        self._failures += 1
        seconds = delay(self._failures)
        log.warning("bus.unavailable", group=self._group_id, seconds=round(seconds, 1), reason=reason_of(error))
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
