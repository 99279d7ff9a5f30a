"""Tables in DuckDB that are folded from the bus: a file for each copy of the service, that it can always make anew.

Nothing is loaded until somebody asks; after a while without a question all of it is let go of again.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from hub.bus.base import Bus, Position, Reader
from hub.contracts.base import Record
from hub.kit.errors import StoreUnavailable, TooLarge
from hub.kit.log import Log
from hub.kit.private import make_private

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

log = Log(__name__)
Row = tuple[Any, ...]
R = TypeVar("R")
_IDLE_SECONDS = 300.0
_AT_ONCE = 5_000
"""Records read in one step."""
_NO_MORE = 0.05
"""Seconds after which nothing more is there."""
_ALONE = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
"""What is not in the package is not fetched from anywhere."""
_ROOTS = """
INSERT INTO merged WITH RECURSIVE up(k, root, far) AS (
  SELECT k, leads_to, 1 FROM {table} WHERE leads_to <> 0
  UNION ALL SELECT up.k, c.leads_to, far + 1 FROM up JOIN {table} c ON c.k = up.root
  WHERE c.leads_to <> 0 AND far < 100
) SELECT k, arg_max(root, far) FROM up GROUP BY k
"""
_POSITIONS = "topic VARCHAR, part INTEGER, upto BIGINT, PRIMARY KEY (topic, part)"
_POSITION_TYPES = ("VARCHAR", "INTEGER", "BIGINT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape(Generic[R]):
    """What the tables are, and how records become rows of them."""

    name: str
    version: int
    """Of the tables; other ones are made anew, beside."""
    topics: Sequence[str]
    tables: Mapping[str, str]
    types: Mapping[str, Sequence[str]]
    """Of the columns of those that rows are inserted into."""
    fold: Callable[[Iterable[Record]], R]
    memory: str = "512MB"
    threads: int = 2


class Tables(Generic[R]):
    """One file of them."""

    def __init__(self, folder: Path, owner: str, bus: Bus, shape: Shape[R]) -> None:
        """`owner` names the copy of the service, so that each has a file of its own."""
        self._shape = shape
        self._file = folder / "projections" / f"{shape.name}-{shape.version}-{owner.rpartition('/')[2]}.duckdb"
        self._bus = bus
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=shape.name)
        self._connection: DuckDBPyConnection | None = None
        self._reader: Reader | None = None
        self._turn = asyncio.Lock()
        self._rest: asyncio.TimerHandle | None = None
        self._letting_go: asyncio.Task[None] | None = None

    async def ask(self, sql: str, given: Mapping[str, Any]) -> list[Row]:
        """Raises TooLarge for what takes more memory than there is, and StoreUnavailable where they do not answer."""
        async with self._turn:
            await self._caught_up()
            found: list[Row] = await self._in_thread(partial(self._asked, sql, given))
        return found

    async def export(self, sql: str, given: Mapping[str, Any], *, most: int) -> tuple[bytes, int]:
        """The answer as a Parquet file, and how many rows it has; no bytes where there are more than `most`.

        Raises StoreUnavailable where the tables do not answer.
        """
        async with self._turn:
            await self._caught_up()
            exported: tuple[bytes, int] = await self._in_thread(partial(self._exported, sql, given, most))
        return exported

    async def close(self) -> None:
        if self._rest:
            self._rest.cancel()
        async with self._turn:
            await self._let_go()
        self._thread.shutdown()

    async def _in_thread(self, work: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _opened(self) -> None:
        loop = asyncio.get_running_loop()
        if self._rest:
            self._rest.cancel()
        self._rest = loop.call_later(_IDLE_SECONDS, self._rested)
        if self._connection is None:
            await self._in_thread(self._open)

    def _rested(self) -> None:
        self._letting_go = asyncio.get_running_loop().create_task(self._idle())

    async def _idle(self) -> None:
        async with self._turn:
            await self._let_go()

    async def _let_go(self) -> None:
        if self._reader:
            await self._reader.close()
        if self._connection:
            await self._in_thread(self._connection.close)
        self._reader = self._connection = None

    async def _caught_up(self) -> None:
        """Everything that was there when it was asked is in the tables."""
        await self._opened()
        if self._reader is None:
            self._reader = await self._bus.reader(self._shape.topics, at=await self._in_thread(self._positions))
        while records := await self._reader.read(max_records=_AT_ONCE, wait=_NO_MORE):
            await self._in_thread(partial(self._write, self._shape.fold(records), self._reader.positions()))
            if len(records) < _AT_ONCE:
                return

    # --- in the thread ---

    def _open(self) -> None:
        import duckdb  # a second of loading and 60 MB, for those who have segments

        make_private(self._file.parent)
        try:
            self._connection = self._made(duckdb)
        except duckdb.Error as exc:
            log.warning("tables.made_anew", tables=self._shape.name, reason=str(exc)[:200])
            self._file.unlink(missing_ok=True)
            Path(f"{self._file}.wal").unlink(missing_ok=True)
            self._connection = self._made(duckdb)

    def _made(self, duckdb: Any) -> "DuckDBPyConnection":
        connection: DuckDBPyConnection = duckdb.connect(
            str(self._file), config={"memory_limit": self._shape.memory, "threads": self._shape.threads, **_ALONE}
        )
        for name, columns in {**self._shape.tables, "positions": _POSITIONS}.items():
            connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")
        return connection

    @property
    def _db(self) -> "DuckDBPyConnection":
        assert self._connection is not None
        return self._connection

    def _asked(self, sql: str, given: Mapping[str, Any]) -> list[Row]:
        import duckdb

        try:
            return self._db.execute(sql, dict(given)).fetchall()
        except duckdb.OutOfMemoryException as exc:
            fix = f"it takes more than the {self._shape.memory} of memory that there are; ask for less at once"
            raise TooLarge(fix) from exc
        except duckdb.OperationalError as exc:
            raise StoreUnavailable(f"the tables of {self._shape.name} do not answer: {str(exc)[:200]}") from exc

    def _exported(self, sql: str, given: Mapping[str, Any], most: int) -> tuple[bytes, int]:
        self._asked(f"CREATE OR REPLACE TEMP TABLE exported AS {sql}", given)
        count = int(self._asked("SELECT count(*) FROM exported", {})[0][0])
        content = b""
        if count <= most:
            with TemporaryDirectory(dir=self._file.parent) as folder:
                self._asked(f"COPY exported TO '{folder}/rows' (FORMAT parquet, COMPRESSION zstd)", {})
                content = Path(folder, "rows").read_bytes()
        self._asked("DROP TABLE exported", {})
        return content, count

    def _positions(self) -> dict[Position, int]:
        return {(topic, part): at for topic, part, at in self._db.execute("SELECT * FROM positions").fetchall()}

    def _write(self, rows: R, positions: Mapping[Position, int]) -> None:
        """Rows and position in one transaction: a crash repeats the step, or has done it."""
        self._db.execute("BEGIN")
        try:
            self._write_rows(rows)
            self._insert("positions", [(topic, part, at) for (topic, part), at in positions.items()], "(topic, part)")
            self._db.execute("COMMIT")
        except BaseException:
            with suppress(Exception):
                self._db.execute("ROLLBACK")
            raise

    def _insert(self, table: str, rows: Sequence[Row], key: str = "") -> None:
        if not rows:
            return
        columns = ", ".join(f"unnest(${n}::{kind}[])" for n, kind in enumerate(self._types(table), 1))
        told = self._shape.tables.get(table, _POSITIONS).split(", ")
        names = [
            column.split()[0] for column in told if not column.startswith("PRIMARY") and ")" not in column.split()[0]
        ]
        text = f"INSERT INTO {table} SELECT * FROM (SELECT {columns})"
        if key:
            changed = [name for name in names if name not in key.strip("()").split(", ")]
            text += f" ON CONFLICT {key} DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in changed)}"
            text += f" WHERE excluded.revision > {table}.revision" if "revision" in names else ""
        self._db.execute(text, transposed(rows))

    def _types(self, table: str) -> Sequence[str]:
        return self._shape.types.get(table, _POSITION_TYPES)

    def _write_rows(self, rows: R) -> None:
        """Within a transaction."""
        raise NotImplementedError

    def _merge(self, table: str, keys: Sequence[int], *, some: bool) -> None:
        """What is merged into what, anew, where `some` of these rows of a table lead to another one now, or one of
        them did and may have been parted.
        """
        merged = "SELECT 1 FROM merged WHERE k IN (SELECT unnest($1::UBIGINT[])) LIMIT 1"
        if some or self._db.execute(merged, [list(keys)]).fetchall():
            self._db.execute("DELETE FROM merged")
            self._db.execute(_ROOTS.format(table=table))


def transposed(rows: Sequence[Row]) -> list[list[Any]]:
    """Rows as columns, as they are written."""
    return [list(column) for column in zip(*rows, strict=True)]
