"""The embedded bus's storage: a durable, partitioned log of records in one SQLite file.

Limits: one process at a time; a record of up to 1 MB; 2^40 records a partition. Retention by age and by size removes
whole rows (up to 500 records) in the background, oldest first, and never a record that a group has not committed yet:
a group that stops reading for ever keeps its topics growing until `forget_group`. The file does not shrink; what is
freed is used again.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from random import randrange
from typing import Any

from aiokafka import ConsumerRecord
from aiokafka.partitioner import murmur2

from hub.bus.groups import Groups
from hub.bus.journal import ROW_BYTES, ROW_RECORDS, Chunk, Journal, Slot, State, Step, Transaction
from hub.bus.log_reads import Readers, bisect, expired, fetch
from hub.bus.packing import pack
from hub.contracts.base import Headers, Record
from hub.contracts.topics import Topic
from hub.kit.clock import Clock, SystemClock
from hub.kit.errors import BusUnavailable, ConfigurationError, NotFound
from hub.kit.log import Log as Logger
from hub.kit.loop import Loop
from hub.kit.reasons import reason_of

log = Logger(__name__)

_RETENTION_INTERVAL = 60.0


class Watch:
    """Wakes one waiter when one of its topics grew."""

    def __init__(self, topics: frozenset[str]) -> None:
        self.topics = topics
        self._event = asyncio.Event()

    def wake(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Returns at the next `wake` (at once if there was one since the last wait), or when the time is over."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return
        finally:
            self._event.clear()


class Log:
    """Topics, records and committed offsets. What a method returned for is durable; all raise BusUnavailable.

    Belongs to the event loop that opened it.
    """

    def __init__(
        self,
        file: Path,
        clock: Clock | None = None,
        *,
        retention_interval: float = _RETENTION_INTERVAL,
        stores: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        """`stores` says how many writes each store beside the log has made durable; it is noted with every commit."""
        self.file = file
        self._stores = stores
        self._clock = clock or SystemClock()
        self._state = State()
        self._journal: Journal | None = None
        self._readers: Readers | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watches: set[Watch] = set()
        self.groups = Groups(self.slots)
        self._retention = Loop(
            "retention", lambda: self.retain(), every=timedelta(seconds=retention_interval), first=False
        )

    async def open(self) -> None:
        """Makes the file if there is none; nothing when it is open already."""
        if self._journal is not None:
            return
        loop = asyncio.get_running_loop()
        journal = Journal(self.file, self._state, self._now, self._on_commit)
        self._loop = loop
        journal.open()
        self._journal = journal
        self._readers = Readers(self.file)
        await self._retention.start()

    async def close(self) -> None:
        """Finishes what was asked for, then lets go of the file."""
        await self._retention.stop()
        journal, readers = self._journal, self._readers
        if journal is None or readers is None:
            return
        self._journal = self._readers = None
        await asyncio.to_thread(journal.close)
        await asyncio.to_thread(readers.close)

    async def create_topics(self, topics: Sequence[Topic]) -> None:
        """Makes those that are missing, adds partitions where there are fewer, and takes over the retention."""
        await self._submit(lambda tx: tx.create_topics(topics))

    def slots(self, topic: str) -> list[Slot]:
        """The partitions of a topic, by number."""
        self._opened()
        try:
            return self._state.topics[topic]
        except KeyError as exc:
            raise ConfigurationError(f"there is no topic {topic}; add it to hub/contracts/topics.py") from exc

    def slot_for(self, topic: str, key: bytes | None, partition: int | None = None) -> Slot:
        """Where a key goes: as Kafka's default partitioner has it."""
        slots = self.slots(topic)
        if partition is None:
            partition = randrange(len(slots)) if key is None else _hash(key) % len(slots)
        return slots[partition]

    async def append(self, records: Sequence[Record]) -> list[tuple[Slot, int]]:
        """Slot and offset of each record. Records of one key keep their order."""
        placed = [(self.slot_for(record.topic, record.key), record) for record in records]
        return await self.append_to([(slot, record.key, record.value, record.headers) for slot, record in placed])

    async def append_to(
        self, records: Sequence[tuple[Slot, bytes | None, bytes | None, Headers]]
    ) -> list[tuple[Slot, int]]:
        """The same with the slot chosen by the caller."""
        chunks, places = _chunks(records)
        firsts: list[int] = await self._submit(lambda tx: tx.append(chunks))
        return [(chunks[chunk].slot, firsts[chunk] + index) for chunk, index in places]

    async def fetch(self, wanted: Mapping[Slot, int], limit: int) -> dict[Slot, list[ConsumerRecord[bytes, bytes]]]:
        """Up to `limit` records from these offsets on, in order within a slot; slots without any are left out.

        Slots are read in the order given until there are enough; an offset below what is kept means the oldest kept.
        """
        ready = {slot: max(offset, slot.first) for slot, offset in wanted.items() if offset < slot.next}
        if not ready:
            return {}
        loop, readers = asyncio.get_running_loop(), self._opened()[1]
        return await loop.run_in_executor(readers.executor, fetch, readers, ready, limit)

    async def offset_for_time(self, slot: Slot, moment: datetime) -> int:
        """Of the first record from `moment` on; the next to come if there is none."""
        loop, readers = asyncio.get_running_loop(), self._opened()[1]
        wanted = int(moment.timestamp() * 1000)
        return await loop.run_in_executor(readers.executor, bisect, readers, slot, wanted)

    async def commit(self, group: str, offsets: Mapping[Slot, int]) -> None:
        """The offset of the next record the group is to read, for each slot."""
        durable, stores = dict(offsets), dict(self._stores())

        def commit(tx: Transaction) -> None:
            tx.commit_offsets(group, durable)
            tx.note_stores(stores)

        await self._submit(commit)

    def stores(self) -> dict[str, int]:
        """How many writes each store had made durable, at the least: what its groups have committed is in those."""
        return dict(self._state.stores)

    async def note_stores(self, writes: Mapping[str, int]) -> None:
        """Believes what is told, whatever was noted before."""
        await self._submit(lambda tx: tx.note_stores(writes))

    async def join(self, group: str, topics: Sequence[str], *, latest: bool = False) -> None:
        """From now on, what the group has not committed is kept. It begins with the oldest record (or the next)."""
        offsets = {
            slot: slot.next if latest else slot.first
            for topic in topics
            for slot in self.slots(topic)
            if (group, slot.id) not in self._state.committed
        }
        if offsets:
            await self.commit(group, offsets)

    async def forget_group(self, group: str) -> None:
        """Retention no longer waits for this group; should it come back, it begins with the oldest record.

        Raises:
            NotFound: the log knows no such group.
        """
        if group not in self.committed_groups():
            raise NotFound(f"the log has no group {group}; `omnihub groups list` shows those it has")
        await self._submit(lambda tx: tx.forget_group(group))

    def committed_groups(self) -> set[str]:
        """For whom records are kept, by their names on the bus."""
        return {group for group, _ in list(self._state.committed)}

    def unread_groups(self) -> list[str]:
        """Those for whom records are kept and whom nobody has joined since the log was opened."""
        return sorted(group for group in self.committed_groups() if group not in self.groups)

    def committed(self, group: str, slot: Slot) -> int:
        return self._state.committed.get((group, slot.id), slot.first)

    def behind(self, group: str, topic: str) -> int:
        """Records that the group has not committed."""
        return sum(slot.next - max(self.committed(group, slot), slot.first) for slot in self.slots(topic))

    async def ping(self) -> None:
        """Returns when a write would be confirmed."""
        await self._submit(lambda tx: tx.connection.execute("UPDATE topics SET partitions = partitions WHERE 0"))

    def watch(self, topics: Sequence[str]) -> Watch:
        """Woken whenever one of the topics grew, until `unwatch`."""
        watch = Watch(frozenset(topics))
        self._watches.add(watch)
        return watch

    def unwatch(self, watch: Watch) -> None:
        self._watches.discard(watch)

    async def retain(self) -> None:
        """Removes what is older or more than its topic keeps and every group has committed."""
        for topic, (age, size) in list(self._state.retention.items()):
            for slot in self._state.topics.get(topic, ()):
                try:
                    while await self._retain_slot(slot, age, size):
                        pass
                except Exception as exc:
                    # The other partitions have their own; this one is tried again in a minute.
                    log.error("bus.retention_failed", topic=topic, partition=slot.partition, reason=reason_of(exc))

    async def _retain_slot(self, slot: Slot, age: int | None, size: int | None) -> bool:
        """Says whether it removed something: there may be more."""
        floor = self._floor(slot)
        too_old = self._now() - age if age is not None else -1
        too_many = slot.size - size if size is not None else 0
        if floor <= slot.first or (too_many <= 0 and too_old < 0):
            return False
        loop, readers = asyncio.get_running_loop(), self._opened()[1]
        keep, freed = await loop.run_in_executor(readers.executor, expired, readers, slot, floor, too_old, too_many)
        if keep <= slot.first:
            return False
        await self._submit(lambda tx: tx.drop_before(slot, keep, freed))
        log.info("bus.retained", topic=slot.topic, partition=slot.partition, dropped_before=keep)
        return True

    def _floor(self, slot: Slot) -> int:
        """What the slowest group has still to read; a group of the topic counts for its new partitions too."""
        siblings = {sibling.id for sibling in self._state.topics[slot.topic]}
        groups = {group for group, slot_id in list(self._state.committed) if slot_id in siblings}
        return min((self._state.committed.get((group, slot.id), 0) for group in groups), default=slot.next)

    def _opened(self) -> tuple[Journal, Readers]:
        if self._journal is None or self._readers is None:
            raise BusUnavailable(f"the log {self.file.name} is not open")
        return self._journal, self._readers

    async def _submit(self, step: Step) -> Any:
        return await self._opened()[0].submit(step, asyncio.get_running_loop())

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)

    def _on_commit(self, topics: set[str]) -> None:
        loop = self._loop
        if topics and loop is not None and not loop.is_closed():
            with suppress(RuntimeError):  # closed just now: nobody waits any more
                loop.call_soon_threadsafe(self._wake, topics)

    def _wake(self, topics: set[str]) -> None:
        for watch in self._watches:
            if not watch.topics.isdisjoint(topics):
                watch.wake()


@lru_cache(maxsize=100_000)
def _hash(key: bytes) -> int:
    # Cached: the hash in pure Python costs more than all else that is done for a record here.
    return int(murmur2(key)) & 0x7FFFFFFF


def _chunks(
    records: Sequence[tuple[Slot, bytes | None, bytes | None, Headers]],
) -> tuple[list[Chunk], list[tuple[int, int]]]:
    """The records packed by slot, and of each record the number of its chunk and its place in there."""
    blobs: list[list[bytes]] = []
    slots: list[Slot] = []
    sizes: list[int] = []
    filling: dict[Slot, int] = {}
    places = []
    for slot, key, value, headers in records:
        blob = pack((key, value, headers))
        chunk = filling.get(slot, -1)
        if chunk < 0 or len(blobs[chunk]) >= ROW_RECORDS or sizes[chunk] + len(blob) > ROW_BYTES:
            chunk = filling[slot] = len(blobs)
            blobs.append([])
            slots.append(slot)
            sizes.append(0)
        places.append((chunk, len(blobs[chunk])))
        blobs[chunk].append(blob)
        sizes[chunk] += len(blob)
    return [Chunk(slot, len(some), b"".join(some)) for slot, some in zip(slots, blobs, strict=True)], places
