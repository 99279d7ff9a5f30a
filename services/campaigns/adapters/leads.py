"""The tables of attribution: see `services.campaigns.attribution.projection`.

Sums by source and day are made of all of it at once, beside whoever asks: a report reads what was made last.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.bus.base import Bus
from hub.kit.errors import StoreUnavailable
from services.campaigns.adapters.tables import Row, Shape, Tables
from services.campaigns.attribution.projection import TOPICS, VERSION, LeadRows, fold
from services.campaigns.attribution.sql import UNWORTH, computed, long_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

AT_ONCE = 300_000
"""Touches up to which sums are made while somebody waits."""
_MONEY = "minor BIGINT, currency VARCHAR"
_TABLES = {
    "people": "k UBIGINT PRIMARY KEY, id VARCHAR, leads_to UBIGINT, seen_by VARCHAR[], revision BIGINT",
    "holds": "w UBIGINT, k UBIGINT",
    "merged": "k UBIGINT, root UBIGINT",
    "known": "w UBIGINT PRIMARY KEY, a UBIGINT",
    "nodes": "k UBIGINT PRIMARY KEY, id VARCHAR, level VARCHAR, parent UBIGINT, name VARCHAR, reference VARCHAR,"
    " leads_to UBIGINT, revision BIGINT",
    "touches": "id UBIGINT, told VARCHAR, w UBIGINT, node UBIGINT, happened TIMESTAMP, kind VARCHAR, value VARCHAR,"
    " interaction VARCHAR, lead BOOLEAN",
    "deals": "k UBIGINT PRIMARY KEY, id VARCHAR, client UBIGINT, opened TIMESTAMP, closed TIMESTAMP,"
    f" state VARCHAR, {_MONEY}, revision BIGINT",
    "payments": f"k UBIGINT PRIMARY KEY, id VARCHAR, w UBIGINT, moment TIMESTAMP, deal UBIGINT, {_MONEY},"
    " removed BOOLEAN, revision BIGINT",
    "costs": f"k UBIGINT PRIMARY KEY, id VARCHAR, node UBIGINT, kind VARCHAR, since DATE, upto DATE, {_MONEY},"
    " removed BOOLEAN, revision BIGINT",
    "rates": "currency VARCHAR, day DATE, rate DECIMAL(18,8), revision BIGINT, PRIMARY KEY (currency, day)",
    "sums": "model VARCHAR, node UBIGINT, day DATE, minor HUGEINT, parts BIGINT, newcomers BIGINT",
    "unworth": "currency VARCHAR, day DATE, minor HUGEINT, times BIGINT",
    "written": "one INTEGER PRIMARY KEY, times BIGINT",
    "made": "one INTEGER PRIMARY KEY, times BIGINT, setting VARCHAR, moment TIMESTAMP",
}
_MONEYS = ("BIGINT", "VARCHAR")
_TYPES = {
    "people": ("UBIGINT", "VARCHAR", "UBIGINT", "VARCHAR[]", "BIGINT"),
    "holds": ("UBIGINT", "UBIGINT"),
    "known": ("UBIGINT", "UBIGINT"),
    "nodes": ("UBIGINT", "VARCHAR", "VARCHAR", "UBIGINT", "VARCHAR", "VARCHAR", "UBIGINT", "BIGINT"),
    "touches": ("UBIGINT", "VARCHAR", "UBIGINT", "UBIGINT", "TIMESTAMP", *["VARCHAR"] * 3, "BOOLEAN"),
    "deals": ("UBIGINT", "VARCHAR", "UBIGINT", "TIMESTAMP", "TIMESTAMP", "VARCHAR", *_MONEYS, "BIGINT"),
    "payments": ("UBIGINT", "VARCHAR", "UBIGINT", "TIMESTAMP", "UBIGINT", *_MONEYS, "BOOLEAN", "BIGINT"),
    "costs": ("UBIGINT", "VARCHAR", "UBIGINT", "VARCHAR", "DATE", "DATE", *_MONEYS, "BOOLEAN", "BIGINT"),
    "rates": ("VARCHAR", "DATE", "DECIMAL(18,8)", "BIGINT"),
}
_SHAPE = Shape(
    name="leads", version=VERSION, topics=TOPICS, tables=_TABLES, types=_TYPES, fold=fold, memory="1GB", threads=1
)
_MADE = "SELECT (SELECT max(times) FROM written), (SELECT max(times) FROM made WHERE setting = $1)"


class LeadTables(Tables[LeadRows]):
    """See `services.campaigns.attribution.service.Books`."""

    def __init__(self, folder: Path, owner: str, bus: Bus) -> None:
        super().__init__(folder, owner, bus, _SHAPE)
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="sums")
        self._cursor: DuckDBPyConnection | None = None
        self._making: asyncio.Task[None] | None = None

    async def make(self, setting: str, given: Mapping[str, Any], *, wait: bool = False) -> None:
        """Sums are as all that was there when it was asked, or, of more touches than can be waited for, are being
        made so, where there are older ones of this setting. Raises StoreUnavailable.
        """
        async with self._turn:
            await self._caught_up()
            written, made = (await self._in_thread(partial(self._asked_at, _MADE, [setting])))[0]
            few = (await self._in_thread(partial(self._asked_at, "SELECT count(*) FROM touches", [])))[0][
                0
            ] <= AT_ONCE
            if written is None or written == made:
                return
            if self._making is None or self._making.done():
                self._cursor = self._db.cursor()
                self._making = asyncio.create_task(self._make(self._cursor, setting, given, written))
        if few or wait or made is None:
            await asyncio.shield(self._making)

    async def _make(self, cursor: "DuckDBPyConnection", setting: str, given: Mapping[str, Any], written: int) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._beside, partial(_sums, cursor, setting, dict(given), written))

    async def close(self) -> None:
        await self._stop_making()
        self._beside.shutdown()
        await super().close()

    async def _stop_making(self) -> None:
        if self._cursor and self._making and not self._making.done():
            self._cursor.interrupt()
            await asyncio.gather(self._making, return_exceptions=True)

    async def _let_go(self) -> None:
        await self._stop_making()
        await super()._let_go()

    # --- in the thread ---

    def _asked_at(self, sql: str, given: list[Any]) -> list[Row]:
        found: list[Row] = self._db.execute(sql, given).fetchall()
        return found

    def _write_rows(self, rows: LeadRows) -> None:
        if not rows.any:
            return
        self._write_people(rows)
        for name in ("nodes", "deals", "payments", "costs"):
            self._insert(name, list(getattr(rows, name).values()), "(k)")
        self._insert("known", list(rows.known.values()), "(w)")
        self._insert("rates", list(rows.rates.values()), "(currency, day)")
        if rows.touches:
            found = self._db.execute(
                "SELECT id FROM touches WHERE id IN (SELECT unnest($1::UBIGINT[]))", [list(rows.touches)]
            ).fetchall()
            there = {row[0] for row in found}
            self._insert("touches", [row for key, row in rows.touches.items() if key not in there])
        self._db.execute("INSERT INTO written VALUES (1, 1) ON CONFLICT (one) DO UPDATE SET times = times + 1")

    def _write_people(self, rows: LeadRows) -> None:
        if not rows.people:
            return
        newer = self._newer(rows)
        self._insert("people", [rows.people[k] for k in newer], "(k)")
        self._db.execute("DELETE FROM holds WHERE k IN (SELECT unnest($1::UBIGINT[]))", [newer])
        self._insert("holds", [row for k in newer for row in rows.holds[k]])
        self._merge("people", newer, some=any(rows.people[k][2] for k in newer))

    def _newer(self, rows: LeadRows) -> list[int]:
        """Those that are told anew: an older card has no say in whose an address is."""
        found = self._db.execute(
            "SELECT k, revision FROM people WHERE k IN (SELECT unnest($1::UBIGINT[]))", [list(rows.people)]
        ).fetchall()
        known = dict(found)
        return [k for k, row in rows.people.items() if known.get(k, 0) < row[-1]]


def _sums(cursor: "DuckDBPyConnection", setting: str, given: dict[str, Any], written: int) -> None:
    """All of it in one transaction: who reads meanwhile sees the sums that were there."""
    import duckdb

    try:
        cursor.execute("BEGIN")
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE wide AS {computed()}", given)
        cursor.execute("DELETE FROM sums")
        cursor.execute(f"INSERT INTO sums {long_rows()}")
        cursor.execute("DELETE FROM unworth")
        cursor.execute(f"INSERT INTO unworth {UNWORTH}", {"currency": given["currency"]})
        cursor.execute("DELETE FROM made")
        cursor.execute("INSERT INTO made VALUES (1, $1, $2, now()::TIMESTAMP)", [written, setting])
        cursor.execute("DROP TABLE wide")
        cursor.execute("COMMIT")
    except duckdb.Error as exc:
        cursor.execute("ROLLBACK")
        raise StoreUnavailable(f"the sums of attribution could not be made: {str(exc)[:200]}") from exc
    finally:
        cursor.close()
