"""The tables of segments in DuckDB: a file for each copy of the service, that it can always make anew from the bus.

Nothing is loaded until somebody asks; after a while without a question all of it is let go of again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.api.actor import Actor
from hub.bus.base import Bus, Position, Reader
from hub.contracts.scope import OPEN, reaches
from hub.kit.errors import StoreUnavailable
from hub.kit.log import Log
from hub.kit.private import make_private
from services.campaigns.segments.projection import TOPICS, VERSION, Row, Rows, fold, transposed

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

log = Log(__name__)
_IDLE_SECONDS = 300.0
_AT_ONCE = 5_000
"""Records read in one step."""
_NO_MORE = 0.05
"""Seconds after which nothing more is there."""
_MEMORY, _THREADS = "512MB", 2
_ALONE = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
"""What is not in the package is not fetched from anywhere."""
_TABLES = {
    "clients": "id VARCHAR PRIMARY KEY, k UBIGINT, name VARCHAR, time_zone VARCHAR, language VARCHAR, owner VARCHAR,"
    " team VARCHAR, opened_at TIMESTAMP, leads_to UBIGINT, seen_by VARCHAR[], card VARCHAR, revision BIGINT",
    "merged": "k UBIGINT, root UBIGINT",
    "owned": "address VARCHAR, k UBIGINT, channel VARCHAR, raw VARCHAR",
    "addresses": "address VARCHAR PRIMARY KEY, withdrawn VARCHAR[], given VARCHAR[], worthless VARCHAR,"
    " revision BIGINT",
    "acts": "id UBIGINT, k UBIGINT, kind UTINYINT, happened TIMESTAMP, mailing UBIGINT",
    "members": "list UBIGINT, address VARCHAR, data VARCHAR",
    "loaded": "list UBIGINT PRIMARY KEY, version BIGINT",
    "positions": "topic VARCHAR, part INTEGER, upto BIGINT, PRIMARY KEY (topic, part)",
}
_TYPES = {
    "clients": ("VARCHAR", "UBIGINT", *["VARCHAR"] * 5, "TIMESTAMP", "UBIGINT", "VARCHAR[]", "VARCHAR", "BIGINT"),
    "owned": ("VARCHAR", "UBIGINT", "VARCHAR", "VARCHAR"),
    "addresses": ("VARCHAR", "VARCHAR[]", "VARCHAR[]", "VARCHAR", "BIGINT"),
    "acts": ("UBIGINT", "UBIGINT", "UTINYINT", "TIMESTAMP", "UBIGINT"),
    "members": ("UBIGINT", "VARCHAR", "VARCHAR"),
    "positions": ("VARCHAR", "INTEGER", "BIGINT"),
}
_ROOTS = """
INSERT INTO merged WITH RECURSIVE up(k, root, far) AS (
  SELECT k, leads_to, 1 FROM clients WHERE leads_to <> 0
  UNION ALL SELECT up.k, c.leads_to, far + 1 FROM up JOIN clients c ON c.k = up.root
  WHERE c.leads_to <> 0 AND far < 100
) SELECT k, arg_max(root, far) FROM up GROUP BY k
"""


class Columns:
    """See `services.campaigns.segments.service.Columns`."""

    def __init__(self, folder: Path, owner: str, bus: Bus) -> None:
        """`owner` names the copy of the service, so that each has a file of its own."""
        self._file = folder / "projections" / f"campaigns-{VERSION}-{owner.rpartition('/')[2]}.duckdb"
        self._bus = bus
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="columns")
        self._connection: DuckDBPyConnection | None = None
        self._reader: Reader | None = None
        self._turn = asyncio.Lock()
        self._rest: asyncio.TimerHandle | None = None
        self._letting_go: asyncio.Task[None] | None = None

    async def ask(self, sql: str, given: Mapping[str, Any]) -> list[Row]:
        """Raises StoreUnavailable where the tables do not answer."""
        async with self._turn:
            await self._caught_up()
            found: list[Row] = await self._in_thread(partial(self._asked, sql, given))
        return found

    async def sees(self, address: str, actor: Actor) -> bool:
        """Whether somebody sees whose an address is; nobody's is seen by all who see what is no team's."""
        found = await self.ask(
            "SELECT c.seen_by FROM owned o LEFT JOIN merged m ON m.k = o.k"
            " JOIN clients c ON c.k = coalesce(m.root, o.k) WHERE o.address = $address",
            {"address": address},
        )
        return any(reaches(actor.reach, row[0]) for row in found or [([OPEN],)])

    async def load(self, list_key: int, version: int, rows: Sequence[Row]) -> None:
        """The members of a static list in this version of it."""
        async with self._turn:
            await self._opened()
            await self._in_thread(partial(self._load, list_key, version, rows))

    async def loaded(self, list_key: int) -> int:
        """Which version of a list is here; 0: none."""
        async with self._turn:
            await self._opened()
            found = await self._in_thread(
                partial(self._asked, "SELECT version FROM loaded WHERE list = $list", {"list": list_key})
            )
        return int(found[0][0]) if found else 0

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
            self._reader = await self._bus.reader(TOPICS, at=await self._in_thread(self._positions))
        while records := await self._reader.read(max_records=_AT_ONCE, wait=_NO_MORE):
            await self._in_thread(partial(self._write, fold(records), self._reader.positions()))
            if len(records) < _AT_ONCE:
                return

    # --- in the thread ---

    def _open(self) -> None:
        import duckdb  # a second of loading and 60 MB, for those who have segments

        make_private(self._file.parent)
        try:
            self._connection = self._made(duckdb)
        except duckdb.Error as exc:
            log.warning("columns.made_anew", reason=str(exc)[:200])
            self._file.unlink(missing_ok=True)
            Path(f"{self._file}.wal").unlink(missing_ok=True)
            self._connection = self._made(duckdb)

    def _made(self, duckdb: Any) -> "DuckDBPyConnection":
        connection: DuckDBPyConnection = duckdb.connect(
            str(self._file), config={"memory_limit": _MEMORY, "threads": _THREADS, **_ALONE}
        )
        for name, columns in _TABLES.items():
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
        except (duckdb.OperationalError, duckdb.OutOfMemoryException) as exc:
            raise StoreUnavailable(f"the tables of segments do not answer: {str(exc)[:200]}") from exc

    def _positions(self) -> dict[Position, int]:
        return {(topic, part): at for topic, part, at in self._db.execute("SELECT * FROM positions").fetchall()}

    def _write(self, rows: Rows, positions: Mapping[Position, int]) -> None:
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

    def _write_rows(self, rows: Rows) -> None:
        self._insert("clients", list(rows.clients.values()), "(id)")
        if rows.owned:
            keys = [row[1] for row in rows.clients.values()]
            self._db.execute("DELETE FROM owned WHERE k IN (SELECT unnest($1::UBIGINT[]))", [keys])
            self._insert("owned", [row for owned in rows.owned.values() for row in owned])
        self._insert("addresses", list(rows.addresses.values()), "(address)")
        self._insert("acts", rows.acts)
        if rows.undone:
            self._db.execute("DELETE FROM acts WHERE id IN (SELECT unnest($1::UBIGINT[]))", [rows.undone])
        for act, whose in rows.moved.items():
            self._db.execute("UPDATE acts SET k = $1 WHERE id = $2", [whose, act])
        if any(row[8] for row in rows.clients.values()) or self._any_merged(rows):
            self._db.execute("DELETE FROM merged")
            self._db.execute(_ROOTS)

    def _any_merged(self, rows: Rows) -> bool:
        """Whether one of these was merged, and may have been parted."""
        keys = [row[1] for row in rows.clients.values()]
        found = self._db.execute(
            "SELECT 1 FROM merged WHERE k IN (SELECT unnest($1::UBIGINT[])) LIMIT 1", [keys]
        ).fetchall()
        return bool(found)

    def _insert(self, table: str, rows: Sequence[Row], key: str = "") -> None:
        if not rows:
            return
        columns = ", ".join(f"unnest(${n}::{kind}[])" for n, kind in enumerate(_TYPES[table], 1))
        names = [
            column.split()[0] for column in _TABLES[table].split(", ") if not column.startswith(("PRIMARY", "part)"))
        ]
        text = f"INSERT INTO {table} SELECT * FROM (SELECT {columns})"
        if key:
            changed = [name for name in names if name not in key.strip("()").split(", ")]
            text += f" ON CONFLICT {key} DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in changed)}"
            text += f" WHERE excluded.revision > {table}.revision" if "revision" in names else ""
        self._db.execute(text, transposed(rows))

    def _load(self, list_key: int, version: int, rows: Sequence[Row]) -> None:
        self._db.execute("BEGIN")
        self._db.execute("DELETE FROM members WHERE list = $1", [list_key])
        self._insert("members", rows)
        self._db.execute("DELETE FROM loaded WHERE list = $1", [list_key])
        self._db.execute("INSERT INTO loaded VALUES ($1, $2)", [list_key, version])
        self._db.execute("COMMIT")
