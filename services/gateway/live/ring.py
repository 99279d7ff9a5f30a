"""The last events in memory, which every listener of the live stream reads at his own pace."""

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import islice

from hub.contracts.base import Record
from hub.contracts.scope import Shown
from services.gateway.live.position import Vector
from services.gateway.live.shown import Telling, told
from services.gateway.live.waiting import Waiting


class Entry:
    """A record; what is shown of it is made when the first listener asks, once for all who are shown as much."""

    __slots__ = ("_data", "_told", "offset", "place", "record", "size")

    def __init__(self, record: Record) -> None:
        self.record: Record = record
        self.place = (record.topic, record.partition)
        self.offset = record.offset
        self.size = len(record.value)
        self._told: Telling | bool | None = False
        self._data: dict[tuple[Shown, tuple[str, ...]], str] = {}

    def told(self) -> Telling | None:
        if self._told is False:
            self._told = told(self.record)
        return self._told  # type: ignore[return-value]

    def data(self, level: Shown, hides: tuple[str, ...], reach: tuple[str, ...] = ()) -> str:
        """JSON on one line, of one that is told."""
        telling = self.told()
        assert telling
        if telling.is_by_reach:
            return telling.data(level, hides, reach)
        if (level, hides) not in self._data:
            self._data[level, hides] = telling.data(level, hides)
        return self._data[level, hides]


class Ring:
    """Events in the order this process read them, the oldest dropped past a number or a size.

    `start` and `end` are the positions before the first and after the last of them.
    """

    def __init__(self, at: Vector, *, events: int, size: int, waiting: Waiting) -> None:
        self.start: Vector = dict(at)
        self.end: Vector = dict(at)
        self.first = 0
        """Number of the oldest entry; they are counted from the start of the process."""
        self.changed = asyncio.Event()
        """Set when something is added; then another takes its place."""
        self._entries: deque[Entry] = deque()
        self._most = events
        self._largest = size
        self._size = 0
        self._waiting = waiting

    def add(self, records: Sequence[Record]) -> None:
        for record in records:
            entry = Entry(record)
            self._entries.append(entry)
            self._size += entry.size
            self.end[entry.place] = entry.offset + 1
        while len(self._entries) > self._most or self._size > self._largest:
            self._drop()
        if records:
            self._waiting.came(sum(len(record.value) for record in records))
            self.wake()

    def wake(self) -> None:
        """Lets every listener look again."""
        self.changed.set()
        self.changed = asyncio.Event()

    def covers(self, vector: Vector) -> bool:
        """Whether everything after `vector` is here, or yet to come."""
        return all(vector[place] >= offset for place, offset in self.start.items())

    def since(self, number: int, size: int) -> list[Entry] | None:
        """Entries from `number` on, up to `size` bytes but at least one; none if the oldest is dropped already."""
        if number < self.first:
            return None
        found: list[Entry] = []
        for entry in islice(self._entries, number - self.first, None):
            size -= entry.size
            if found and size < 0:
                break
            found.append(entry)
        return found

    def _drop(self) -> None:
        entry = self._entries.popleft()
        self._size -= entry.size
        self.start[entry.place] = entry.offset + 1
        self.first += 1
