"""The threads that own SQLite's connections: one writer that commits for all who wait, and a few readers."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from hub.kit.disk import FULL
from hub.kit.errors import StoreDamaged, StoreFull, StoreUnavailable
from hub.kit.sqlite import Refusal, refusal_of, restore_of

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], T]

_OPERATIONS_IN_ONE_COMMIT = 1000
_READERS = 2
_COUNTERS = 1
_WRITER_SETUP = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = OFF",
    "PRAGMA cache_size = -16384",
    # 128 MB of log between checkpoints: at a million documents with random ids every row dirties a page of each
    # index, and inserts are 1.4 times as fast as with 32 MB.
    "PRAGMA wal_autocheckpoint = 32000",
)
_READER_SETUP = ("PRAGMA query_only = ON", "PRAGMA cache_size = -4096")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's refusals (disk full, locked, I/O error, damaged file) as StoreUnavailable."""
    try:
        yield
    except sqlite3.DatabaseError as exc:
        if isinstance(exc, sqlite3.OperationalError) or type(exc) is sqlite3.DatabaseError:
            raise _refused(path, exc) from exc
        raise


def _refused(path: Path, exc: sqlite3.DatabaseError) -> StoreUnavailable:
    match refusal_of(exc):
        case Refusal.FULL:
            return StoreFull(f"store {path.name}: {FULL}")
        case Refusal.DAMAGED:
            return StoreDamaged(f"store {path.name} is damaged ({exc}); {restore_of(path)}")
        case Refusal.OTHER:
            return StoreUnavailable(f"store {path.name}: {exc}")


def connect(path: Path, *, setup: tuple[str, ...]) -> sqlite3.Connection:
    """Autocommit: transactions are begun and ended by hand."""
    connection = sqlite3.connect(
        path, timeout=5.0, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        connection.text_factory = bytes
        for statement in setup:
            connection.execute(statement).fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


class Writer:
    """Runs operations in the order they came, all that wait in one durable transaction.

    An operation that fails does not spoil the others: the transaction is rolled back and each is run by itself.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._waiting: SimpleQueue[tuple[Operation[Any], asyncio.Future[Any]] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._counts = False
        self.writes = 0
        """Durable transactions of this file, once they are counted."""

    def count_from(self, writes: int) -> None:
        """From the transaction in hand on each is counted, in the row `writes` of the table `meta`."""
        self._counts, self.writes = True, writes

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=f"store {self._path.name}", daemon=True)
            self._thread.start()

    async def stop(self) -> None:
        """Commits what waits."""
        if self._thread is not None:
            self._waiting.put(None)
            await asyncio.to_thread(self._thread.join)
            self._thread = None

    async def run(self, operation: Operation[T]) -> T:
        """Returns when it is durable.

        Raises:
            StoreUnavailable: it was not done.
        """
        if self._thread is None:
            raise StoreUnavailable(f"store {self._path.name}: not started")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.put((operation, future))
        return await future

    def _work(self) -> None:
        running = True
        while running:
            batch = self._take()
            running = None not in batch
            taken = [item for item in batch if item is not None]
            outcomes = self._outcomes([operation for operation, _ in taken])
            _deliver([(future, outcome) for (_, future), outcome in zip(taken, outcomes, strict=True)])
        self._close()

    def _take(self) -> list[tuple[Operation[Any], asyncio.Future[Any]] | None]:
        batch = [self._waiting.get()]
        with suppress(Empty):
            while batch[-1] is not None and len(batch) < _OPERATIONS_IN_ONE_COMMIT:
                batch.append(self._waiting.get_nowait())
        return batch

    def _outcomes(self, operations: list[Operation[Any]]) -> list[Any]:
        """A result or an exception for each."""
        if not operations:
            return []
        try:
            return self._transaction(operations)
        except Exception as exc:
            if len(operations) == 1:
                return [exc]
        return [outcome for operation in operations for outcome in self._outcomes([operation])]

    def _transaction(self, operations: list[Operation[Any]]) -> list[Any]:
        with translated(self._path):
            connection = self._connection = self._connection or connect(self._path, setup=_WRITER_SETUP)
            try:
                connection.execute("BEGIN IMMEDIATE")
                results = [operation(connection) for operation in operations]
                if self._counts:
                    connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'writes'")
                connection.execute("COMMIT")
                self.writes += 1
            except BaseException:
                self._abandon(connection)
                raise
            return results

    def _abandon(self, connection: sqlite3.Connection) -> None:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._close()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()


class Readers:
    """Runs reads beside the writer; each sees everything that was confirmed before it began."""

    def __init__(self, path: Path, threads: int = _READERS) -> None:
        self._path = path
        self._count = threads
        self._idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        self._threads: ThreadPoolExecutor | None = None

    def start(self) -> None:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._count, thread_name_prefix=f"store {self._path.name} reader")

    async def stop(self) -> None:
        if self._threads is not None:
            threads, self._threads = self._threads, None
            await asyncio.to_thread(threads.shutdown)
            with suppress(Empty):
                while True:
                    self._idle.get_nowait().close()

    async def run(self, operation: Operation[T]) -> T:
        if self._threads is None:
            raise StoreUnavailable(f"store {self._path.name}: not started")
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, operation)

    def _read(self, operation: Operation[T]) -> T:
        with translated(self._path):
            connection = self._connection()
            try:
                result = operation(connection)
            except BaseException:
                connection.close()
                raise
            self._idle.put(connection)
            return result

    def _connection(self) -> sqlite3.Connection:
        try:
            return self._idle.get_nowait()
        except Empty:
            return connect(self._path, setup=_READER_SETUP)


def counters(path: Path) -> Readers:
    """Readers for what may look at every document: nobody else waits for them."""
    return Readers(path, _COUNTERS)


def _deliver(outcomes: list[tuple[asyncio.Future[Any], Any]]) -> None:
    """Wakes each loop once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
    for future, outcome in outcomes:
        by_loop.setdefault(future.get_loop(), []).append((future, outcome))
    for loop, settled in by_loop.items():
        # A loop that is closed has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, settled)


def _settle(settled: list[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, outcome in settled:
        if future.done():
            continue
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
