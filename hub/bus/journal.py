"""The one writer of the embedded log: a thread that puts all that waits into one durable SQLite transaction."""

import sqlite3
import threading
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from hub.contracts.topics import Topic
from hub.kit.disk import FULL
from hub.kit.errors import BusFull, BusUnavailable, ConfigurationError
from hub.kit.log import Log
from hub.kit.sqlite import Refusal, check_whole, refusal_of, restore_of

log = Log(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS topics (
    name TEXT PRIMARY KEY, partitions INTEGER NOT NULL, retention_ms INTEGER, retention_bytes INTEGER);
CREATE TABLE IF NOT EXISTS slots (
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL, first INTEGER NOT NULL,
    next INTEGER NOT NULL, timestamp INTEGER NOT NULL, size INTEGER NOT NULL, UNIQUE (topic, partition));
CREATE TABLE IF NOT EXISTS batches (
    id INTEGER PRIMARY KEY, count INTEGER NOT NULL, timestamp INTEGER NOT NULL, records BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS offsets (
    name TEXT NOT NULL, slot INTEGER NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (name, slot)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS commits (name TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stores (name TEXT PRIMARY KEY, writes INTEGER NOT NULL) WITHOUT ROWID;
"""
OFFSET_BITS = 40
OFFSET_MASK = (1 << OFFSET_BITS) - 1
"""A row's id is its slot and the offset of its first record: one B-tree, read in order, with no index beside it."""

ROW_RECORDS = 500
ROW_BYTES = 256 * 1024
"""What one row holds at most (a larger record has a row of its own), so that a reader never unpacks much in vain."""

_TRANSACTION_REQUESTS = 2_000
_BUSY = 30.0


@dataclass(slots=True, eq=False)
class Slot:
    """One partition of one topic; changes only after the transaction that changed it is durable."""

    id: int
    topic: str
    partition: int
    first: int = 0
    """Offset of the oldest record kept."""
    next: int = 0
    """Offset of the next record to come."""
    timestamp: int = 0
    """Of the newest record; never goes backwards within a slot, so that a time can be looked up by bisection."""
    size: int = 0
    """Bytes kept."""

    def row_id(self, offset: int) -> int:
        return self.id << OFFSET_BITS | offset


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some packed records for one slot, in order."""

    slot: Slot
    count: int
    records: bytes


@dataclass(slots=True)
class State:
    """What is durable, as every reader sees it."""

    topics: dict[str, list[Slot]] = field(default_factory=dict)
    retention: dict[str, tuple[int | None, int | None]] = field(default_factory=dict)
    """Milliseconds and bytes for each partition."""
    committed: dict[tuple[str, int], int] = field(default_factory=dict)
    """By group and slot id."""
    commits: dict[str, int] = field(default_factory=dict)
    """When a group committed last, in milliseconds since 1970; none for one that has not since this is noted."""
    stores: dict[str, int] = field(default_factory=dict)
    """How many writes each store had made durable when a group committed last."""


class Transaction:
    """What one commit makes durable; `settle` shows it to the readers afterwards."""

    def __init__(self, connection: sqlite3.Connection, state: State, now: int) -> None:
        self.connection = connection
        self.state = state
        self.now = now
        self._grown: dict[Slot, tuple[list[Chunk], int]] = {}
        self._after: list[Callable[[], None]] = []
        self.touched: set[str] = set()
        """Topics with something new."""

    def append(self, chunks: Sequence[Chunk]) -> list[int]:
        """Offset of the first record of each chunk."""
        offsets = []
        for chunk in chunks:
            grown, following = self._grown.get(chunk.slot, ([], chunk.slot.next))
            grown.append(chunk)
            self._grown[chunk.slot] = grown, following + chunk.count
            offsets.append(following)
        return offsets

    def commit_offsets(self, group: str, offsets: dict[Slot, int]) -> None:
        rows = [(group, slot.id, offset) for slot, offset in offsets.items()]
        self.connection.executemany("INSERT OR REPLACE INTO offsets VALUES (?, ?, ?)", rows)
        self.connection.execute("INSERT OR REPLACE INTO commits VALUES (?, ?)", (group, self.now))
        changed = {(group, slot.id): offset for slot, offset in offsets.items()}
        self._after.append(lambda: self.state.committed.update(changed))
        self._after.append(lambda: self.state.commits.update({group: self.now}))

    def note_stores(self, writes: Mapping[str, int]) -> None:
        """Where the stores were: none may be older than what its groups have committed."""
        changed = {name: count for name, count in writes.items() if count != self.state.stores.get(name)}
        self.connection.executemany("INSERT OR REPLACE INTO stores VALUES (?, ?)", changed.items())
        self._after.append(lambda: self.state.stores.update(changed))

    def forget_group(self, group: str) -> None:
        self.connection.execute("DELETE FROM offsets WHERE name = ?", (group,))
        self.connection.execute("DELETE FROM commits WHERE name = ?", (group,))
        self._after.append(lambda: self._drop_group(group))

    def create_topics(self, topics: Sequence[Topic]) -> None:
        for topic in topics:
            kept = len(self.state.topics.get(topic.name, ()))
            retention = (topic.retention and int(topic.retention.total_seconds() * 1000), topic.retention_bytes)
            row = (topic.name, max(kept, topic.partitions), *retention)
            self.connection.execute("INSERT OR REPLACE INTO topics VALUES (?, ?, ?, ?)", row)
            for partition in range(kept, topic.partitions):
                # Another service may ask for the same topics within this transaction.
                self.connection.execute(
                    "INSERT OR IGNORE INTO slots (topic, partition, first, next, timestamp, size)"
                    " VALUES (?, ?, 0, 0, 0, 0)",
                    (topic.name, partition),
                )
            self.touched.add(topic.name)
        self._after.append(lambda: load(self.connection, self.state))

    def drop_before(self, slot: Slot, offset: int, freed: int) -> None:
        """Removes whole rows below `offset`, which begins a row; `freed` is their bytes."""
        self.connection.execute("DELETE FROM batches WHERE id >= ? AND id < ?", (slot.row_id(0), slot.row_id(offset)))
        self.connection.execute("UPDATE slots SET first = ?, size = size - ? WHERE id = ?", (offset, freed, slot.id))
        self._after.append(lambda: _shrink(slot, offset, freed))

    def write(self) -> None:
        """The appended records as rows, small chunks of one slot joined."""
        for slot, (chunks, following) in self._grown.items():
            timestamp = max(self.now, slot.timestamp)
            size = sum(len(chunk.records) for chunk in chunks)
            self.connection.executemany("INSERT INTO batches VALUES (?, ?, ?, ?)", _rows(slot, chunks, timestamp))
            self.connection.execute(
                "UPDATE slots SET next = ?, timestamp = ?, size = size + ? WHERE id = ?",
                (following, timestamp, size, slot.id),
            )
            self._after.append(lambda s=slot, f=following, t=timestamp, z=size: _grow(s, f, t, z))  # type: ignore[misc]
            self.touched.add(slot.topic)

    def settle(self) -> None:
        for step in self._after:
            step()

    def _drop_group(self, group: str) -> None:
        for key in [key for key in self.state.committed if key[0] == group]:
            del self.state.committed[key]
        self.state.commits.pop(group, None)


def _rows(slot: Slot, chunks: list[Chunk], timestamp: int) -> list[tuple[int, int, int, bytes]]:
    rows = []
    offset, count, size = slot.next, 0, 0
    blobs: list[bytes] = []
    for chunk in chunks:
        if count and (count + chunk.count > ROW_RECORDS or size + len(chunk.records) > ROW_BYTES):
            rows.append((slot.row_id(offset), count, timestamp, b"".join(blobs)))
            offset, count, size, blobs = offset + count, 0, 0, []
        blobs.append(chunk.records)
        count, size = count + chunk.count, size + len(chunk.records)
    rows.append((slot.row_id(offset), count, timestamp, b"".join(blobs)))
    return rows


def _grow(slot: Slot, following: int, timestamp: int, size: int) -> None:
    slot.next, slot.timestamp, slot.size = following, timestamp, slot.size + size


def _shrink(slot: Slot, first: int, freed: int) -> None:
    slot.first, slot.size = first, slot.size - freed


def connect(file: Path) -> sqlite3.Connection:
    """A connection on which what was committed is durable (WAL, every commit synchronised)."""
    connection = sqlite3.connect(file, timeout=_BUSY, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA page_size = 8192")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def load(connection: sqlite3.Connection, state: State) -> None:
    """Brings `state` to what the file holds; slots known keep their identity."""
    known = {slot.id: slot for slots in state.topics.values() for slot in slots}
    topics: dict[str, list[Slot]] = {}
    columns = "id, topic, partition, first, next, timestamp, size"
    for row in connection.execute(f"SELECT {columns} FROM slots ORDER BY topic, partition"):
        slot = known.get(row[0]) or Slot(*row)
        slot.first, slot.next, slot.timestamp, slot.size = row[3:]
        topics.setdefault(slot.topic, []).append(slot)
    rows = connection.execute("SELECT name, retention_ms, retention_bytes FROM topics").fetchall()
    state.retention = {name: (age, size) for name, age, size in rows}
    offsets = connection.execute("SELECT name, slot, offset FROM offsets").fetchall()
    state.committed = {(name, slot_id): offset for name, slot_id, offset in offsets}
    state.commits = _commits(connection)
    state.stores = _stores(connection)
    state.topics = topics


def _commits(connection: sqlite3.Connection) -> dict[str, int]:
    """Nothing in a file that an older version wrote last."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'commits'").fetchone():
        return {}
    return dict(connection.execute("SELECT name, at FROM commits").fetchall())


def _stores(connection: sqlite3.Connection) -> dict[str, int]:
    """As `_commits`."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'stores'").fetchone():
        return {}
    return dict(connection.execute("SELECT name, writes FROM stores").fetchall())


Step = Callable[[Transaction], Any]


@dataclass(frozen=True, slots=True)
class Request:
    step: Step
    loop: AbstractEventLoop
    done: "Future[Any]"


class Journal:
    """Runs steps in transactions, as many as wait in one, in the order they were asked for."""

    def __init__(
        self, file: Path, state: State, now: Callable[[], int], on_commit: Callable[[set[str]], None]
    ) -> None:
        """`on_commit` is called in the writer's thread with the topics that grew; `now` gives milliseconds."""
        self._file = file
        self._state = state
        self._now = now
        self._on_commit = on_commit
        self._queue: SimpleQueue[Request | None] = SimpleQueue()
        self._connection: sqlite3.Connection | None = None
        self._thread = threading.Thread(target=self._run, name="bus-journal", daemon=True)

    def open(self) -> None:
        """Makes the file and reads what it holds; starts the thread.

        Raises:
            BusUnavailable: it cannot be opened now.
            ConfigurationError: it is damaged.
        """
        check_whole(self._file)
        try:
            self._reconnect()
        except (sqlite3.Error, OSError) as exc:
            self._disconnect()
            if refusal_of(exc) is Refusal.DAMAGED:
                raise ConfigurationError(f"{self._file} is damaged ({exc}); {restore_of(self._file)}") from exc
            if refusal_of(exc) is Refusal.FULL:
                raise BusFull(f"the log {self._file.name}: {FULL}") from exc
            raise BusUnavailable(f"the log {self._file.name} cannot be opened: {exc}") from exc
        self._thread.start()

    def close(self) -> None:
        """Finishes what was asked for."""
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()
        self._disconnect()

    def submit(self, step: Step, loop: AbstractEventLoop) -> "Future[Any]":
        """Resolves with what `step` returned once it is durable, with BusUnavailable if it was not confirmed."""
        done: Future[Any] = loop.create_future()
        self._queue.put(Request(step, loop, done))
        return done

    def _run(self) -> None:
        while batch := self._waiting():
            results = self._commit(batch)
            for loop in {request.loop for request in batch}:
                mine = [(r, x) for r, x in zip(batch, results, strict=True) if r.loop is loop]
                _tell(loop, mine)

    def _waiting(self) -> list[Request]:
        """All requests that wait, at least one; none when the journal is closed."""
        first = self._queue.get()
        batch = [] if first is None else [first]
        while batch and len(batch) < _TRANSACTION_REQUESTS:
            try:
                request = self._queue.get_nowait()
            except Empty:
                break
            if request is None:
                self._queue.put(None)
                break
            batch.append(request)
        return batch

    def _commit(self, batch: list[Request]) -> list[Any]:
        """A result or an exception for each. A step that fails does not spoil the others, which go without it."""
        try:
            transaction, results = self._transact(batch)
        except Exception as exc:
            # A fresh connection finds out what is durable after all, and works again once the disk does.
            self._disconnect()
            if _is_the_disk(exc):
                return [self._refused(exc) for _ in batch]
            if len(batch) == 1:
                return [exc]
            half = len(batch) // 2
            return self._commit(batch[:half]) + self._commit(batch[half:])
        self._show(transaction)
        return results

    def _refused(self, exc: Exception) -> BusUnavailable:
        match refusal_of(exc):
            case Refusal.FULL:
                return BusFull(f"the log {self._file.name}: {FULL}")
            case Refusal.DAMAGED:
                return BusUnavailable(f"the log {self._file.name} is damaged ({exc}); {restore_of(self._file)}")
            case Refusal.OTHER:
                return BusUnavailable(f"the log {self._file.name} did not confirm: {exc}")

    def _transact(self, batch: list[Request]) -> tuple[Transaction, list[Any]]:
        connection = self._connection or self._reconnect()
        connection.execute("BEGIN IMMEDIATE")
        transaction = Transaction(connection, self._state, self._now())
        results = [request.step(transaction) for request in batch]
        transaction.write()
        connection.execute("COMMIT")
        return transaction, results

    def _show(self, transaction: Transaction) -> None:
        """What is durable cannot fail any more: where showing it does, the next step reads it from the file."""
        try:
            transaction.settle()
            self._on_commit(transaction.touched)
        except Exception as exc:
            log.error("bus.not_shown", exc=exc)
            self._disconnect()

    def _reconnect(self) -> sqlite3.Connection:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._connection = connection = connect(self._file)
        connection.executescript(_SCHEMA)
        load(connection, self._state)
        return connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except sqlite3.Error:
                return


def _is_the_disk(error: Exception) -> bool:
    """Full, locked, damaged or gone, as against a fault of one step."""
    own = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.DataError)
    return isinstance(error, sqlite3.Error | OSError) and not isinstance(error, own)


def _tell(loop: AbstractEventLoop, results: list[tuple[Request, Any]]) -> None:
    try:
        loop.call_soon_threadsafe(_resolve, results)
    except RuntimeError:
        return  # The loop that asked is closed: nobody waits any more.


def _resolve(results: list[tuple[Request, Any]]) -> None:
    for request, result in results:
        if request.done.done():
            continue
        if isinstance(result, StopIteration):
            # A future does not take this one.
            result = RuntimeError("a step ended in StopIteration")
        if isinstance(result, BaseException):
            request.done.set_exception(result)
        else:
            request.done.set_result(result)
