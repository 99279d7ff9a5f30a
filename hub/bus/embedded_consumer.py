"""Reading the embedded log: aiokafka's consumer as a member of a group, and readers without one."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import ConsumerStoppedError

from hub.bus.backoff import delay, until_available
from hub.bus.base import Position
from hub.bus.consume import record_of
from hub.bus.groups import Member
from hub.bus.journal import Slot
from hub.bus.log import Log
from hub.contracts.base import Record
from hub.kit.errors import BusUnavailable
from hub.kit.log import Log as Logger
from hub.kit.reasons import reason_of
from hub.kit.turns import turns

log = Logger(__name__)

POLL = 1.0
"""Seconds an empty poll waits for a record."""


class EmbeddedConsumer:
    """As much of aiokafka's AIOKafkaConsumer as FastStream calls, over the log, as a member of a group."""

    def __init__(self, log: Log, *, group_id: str, auto_offset_reset: str = "latest", **_: Any) -> None:
        self._log = log
        self._group_id = group_id
        self._latest = auto_offset_reset == "latest"
        self._topics: tuple[str, ...] = ()
        self._member: Member | None = None
        self._wait: Callable[[float], Any] | None = None
        self._unwatch: Callable[[], None] = lambda: None
        self._next: dict[Slot, int] = {}
        self._durable: dict[Slot, int] = {}
        self._turn = 0
        self._failures = 0
        self.moving = asyncio.Event()
        """Never set: here partitions move between two batches only."""

    def subscribe(self, topics: Sequence[str] = (), pattern: str | None = None, listener: Any = None) -> None:  # noqa: ARG002
        self._topics = tuple(topics)

    async def start(self) -> None:
        """Joins the group; waits for the log as long as it takes."""
        await until_available(
            lambda: self._log.join(self._group_id, self._topics, latest=self._latest), f"joining {self._group_id}"
        )
        watch = self._log.watch(self._topics)
        self._wait, self._unwatch = watch.wait, lambda: self._log.unwatch(watch)
        self._member = Member(self._topics, watch.wake)
        self._log.groups[self._group_id].join(self._member)

    async def stop(self) -> None:
        """Leaves the group; from now on it commits nothing."""
        member, self._member = self._member, None
        self._unwatch()
        if member is not None:
            self._log.groups[self._group_id].leave(member)

    async def getone(self) -> ConsumerRecord[bytes, bytes]:
        while True:
            for records in (await self.getmany(max_records=1)).values():
                return records[0]

    async def getmany(
        self, *, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]:
        """The next records; waits at least a second for some, so that an idle hub rests."""
        patience = max(timeout_ms / 1000, POLL)
        try:
            await self._commit_late()
            fetched = await self._fetch(max_records or 500)
            if not fetched:
                await self._member_wait(patience)
                fetched = await self._fetch(max_records or 500)
        except ConsumerStoppedError:
            raise
        except Exception as exc:
            # Whatever it is: FastStream would ask again at once, and again.
            await self._rest(exc)
            return {}
        self._failures = 0
        for slot, records in fetched.items():
            self._next[slot] = records[-1].offset + 1
        return {TopicPartition(slot.topic, slot.partition): records for slot, records in fetched.items()}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Where to read on; nothing when the partition is another member's by now."""
        slot = self._log.slots(partition.topic)[partition.partition]
        if slot in self._next:
            self._next[slot] = offset

    async def commit(self) -> None:
        """Up to what was handed out, for the partitions it has. Tried again later if not confirmed."""
        wanted = {slot: self._next[slot] for slot in self._owned()}
        news = {slot: offset for slot, offset in wanted.items() if self._durable.get(slot) != offset}
        if not news:
            return
        try:
            await self._log.commit(self._group_id, news)
        except BusUnavailable as exc:
            log.warning("bus.commit_delayed", group=self._group_id, reason=str(exc))
        else:
            self._durable.update(news)

    def behind(self) -> int:
        return sum(slot.next - self._next[slot] for slot in self._owned())

    def _owned(self) -> set[Slot]:
        return self._member.owned & self._next.keys() if self._member is not None else set()

    async def _commit_late(self) -> None:
        """What the disk did not take after the last batch."""
        if any(self._durable.get(slot) != self._next[slot] for slot in self._owned()):
            await self.commit()

    async def _fetch(self, limit: int) -> dict[Slot, list[ConsumerRecord[bytes, bytes]]]:
        slots = self._settle()
        # Beginning with another partition each time, so that a busy one does not starve the rest.
        self._turn = (self._turn + 1) % len(slots) if slots else 0
        turned = slots[self._turn :] + slots[: self._turn]
        return await self._log.fetch({slot: self._next[slot] for slot in turned}, turns().portion(limit))

    def _settle(self) -> list[Slot]:
        """The partitions that are this member's now; those it just got begin where the group had come to."""
        if self._member is None:
            raise ConsumerStoppedError
        self._log.groups[self._group_id].settle(self._member)
        owned = self._member.owned
        for slot in self._next.keys() - owned:
            del self._next[slot], self._durable[slot]
        for slot in owned - self._next.keys():
            self._next[slot] = self._durable[slot] = self._log.committed(self._group_id, slot)
        return sorted(owned, key=lambda slot: slot.id)

    async def _member_wait(self, seconds: float) -> None:
        if self._wait is None:
            raise ConsumerStoppedError
        await self._wait(seconds)

    async def _rest(self, error: Exception) -> None:
        self._failures += 1
        seconds = delay(self._failures)
        log.warning("bus.unavailable", group=self._group_id, seconds=round(seconds, 1), reason=reason_of(error))
        await asyncio.sleep(seconds)


class EmbeddedReader:
    """Reads the log from any place, without a group."""

    def __init__(self, log: Log, positions: dict[Slot, int]) -> None:
        self._log = log
        self._next = positions
        self._watch = log.watch(sorted({slot.topic for slot in positions}))

    async def read(self, *, max_records: int = 500, wait: float = 1.0) -> list[Record]:
        records = await self._fetch(max_records)
        if not records and wait > 0:
            await self._watch.wait(wait)
            records = await self._fetch(max_records)
        return records

    def positions(self) -> dict[Position, int]:
        return {(slot.topic, slot.partition): offset for slot, offset in self._next.items()}

    async def close(self) -> None:
        self._log.unwatch(self._watch)

    async def _fetch(self, limit: int) -> list[Record]:
        fetched = await self._log.fetch(self._next, limit)
        for slot, records in fetched.items():
            # Last in, first out of the dictionary's order: every partition has its turn.
            del self._next[slot]
            self._next[slot] = records[-1].offset + 1
        return [record_of(record) for records in fetched.values() for record in records]
