"""Reading the embedded log, on connections and in threads of its own."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from aiokafka import ConsumerRecord

from hub.bus.journal import OFFSET_MASK, Slot, connect
from hub.bus.packing import unpack
from hub.kit.errors import BusUnavailable

FETCH_BYTES = 8 * 1024 * 1024
"""After so many bytes a fetch returns what it has."""


class Readers:
    """Reads on connections of their own, away from the event loop."""

    def __init__(self, file: Path, threads: int = 2) -> None:
        self._file = file
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self.executor = ThreadPoolExecutor(threads, thread_name_prefix="bus-reader")

    def rows(self, query: str, values: Sequence[Any]) -> Iterator[Any]:
        """In one of the threads. Raises BusUnavailable."""
        try:
            with closing(self._connection().execute(query, values)) as cursor:
                yield from cursor
        except sqlite3.Error as exc:
            self._local.connection = None
            raise BusUnavailable(f"the log {self._file.name} cannot be read: {exc}") from exc

    def close(self) -> None:
        self.executor.shutdown(wait=True)
        for connection in self._open:
            connection.close()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = connect(self._file)
            self._open.append(connection)
        return connection


_FROM = """
SELECT id, count, timestamp, records FROM batches
WHERE id >= coalesce((SELECT max(id) FROM batches WHERE id BETWEEN ? AND ?), ?) AND id < ? ORDER BY id
"""


def fetch(readers: Readers, wanted: Mapping[Slot, int], limit: int) -> dict[Slot, list[ConsumerRecord[bytes, bytes]]]:
    fetched: dict[Slot, list[ConsumerRecord[bytes, bytes]]] = {}
    room = FETCH_BYTES
    for slot, offset in wanted.items():
        records: list[ConsumerRecord[bytes, bytes]] = []
        at = slot.row_id(offset)
        for row, _, timestamp, blob in readers.rows(_FROM, (slot.row_id(0), at, at, slot.row_id(OFFSET_MASK))):
            first = row & OFFSET_MASK
            records += _records(slot, first, max(offset - first, 0), timestamp, blob, limit - len(records))
            room -= len(blob)
            if len(records) >= limit or room <= 0:
                break
        if records:
            fetched[slot] = records
            limit -= len(records)
        if limit <= 0 or room <= 0:
            break
    return fetched


def _records(
    slot: Slot, first: int, skip: int, timestamp: int, blob: bytes, limit: int
) -> list[ConsumerRecord[bytes, bytes]]:
    topic, partition = slot.topic, slot.partition
    return [
        ConsumerRecord(topic, partition, offset, timestamp, 1, key, value, None, -1, -1, headers)
        for offset, (key, value, headers) in enumerate(unpack(blob, skip=skip, limit=limit), first + skip)
    ]


def bisect(readers: Readers, slot: Slot, moment: int) -> int:
    low, high = slot.first, slot.next
    while low < high:
        middle = (low + high) // 2
        row = next(readers.rows(_ROW_AT, (slot.row_id(low), slot.row_id(middle))), None)
        first, count, timestamp = (row[0] & OFFSET_MASK, row[1], row[2]) if row else (low, 1, 0)
        if timestamp >= moment:
            high = first
        else:
            low = first + count
    return low


_ROW_AT = "SELECT id, count, timestamp FROM batches WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1"
_OLDEST = "SELECT id, count, timestamp, length(records) FROM batches WHERE id >= ? AND id < ? ORDER BY id LIMIT 500"


def expired(readers: Readers, slot: Slot, floor: int, too_old: int, too_many: int) -> tuple[int, int]:
    """The offset below which rows may go, and their bytes."""
    keep, freed = slot.first, 0
    for row, count, timestamp, size in readers.rows(_OLDEST, (slot.row_id(slot.first), slot.row_id(floor))):
        following = (row & OFFSET_MASK) + count
        if following > floor or (timestamp >= too_old and freed >= too_many):
            break
        keep, freed = following, freed + size
    return keep, freed
