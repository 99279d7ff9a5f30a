"""The tables of segments: see `services.campaigns.segments.projection`."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from hub.api.actor import Actor
from hub.bus.base import Bus
from hub.contracts.scope import OPEN, reaches
from services.campaigns.adapters.tables import Shape, Tables
from services.campaigns.classes.sql import COLUMNS
from services.campaigns.letterboxes import client_in, is_word_of
from services.campaigns.segments.projection import TOPICS, VERSION, Row, Rows, fold, key_of

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
    "classified": "run UBIGINT, k UBIGINT, abc VARCHAR, xyz VARCHAR, bcg VARCHAR, recency UTINYINT,"
    " frequency UTINYINT, monetary UTINYINT, amount HUGEINT, previous HUGEINT, times BIGINT, latest TIMESTAMP",
    "corrected": "classification UBIGINT, k UBIGINT, kind VARCHAR, value VARCHAR, since TIMESTAMP, until TIMESTAMP",
}
_TYPES = {
    "clients": ("VARCHAR", "UBIGINT", *["VARCHAR"] * 5, "TIMESTAMP", "UBIGINT", "VARCHAR[]", "VARCHAR", "BIGINT"),
    "owned": ("VARCHAR", "UBIGINT", "VARCHAR", "VARCHAR"),
    "addresses": ("VARCHAR", "VARCHAR[]", "VARCHAR[]", "VARCHAR", "BIGINT"),
    "acts": ("UBIGINT", "UBIGINT", "UTINYINT", "TIMESTAMP", "UBIGINT"),
    "members": ("UBIGINT", "VARCHAR", "VARCHAR"),
    "loaded": ("UBIGINT", "BIGINT"),
    "corrected": ("UBIGINT", "UBIGINT", "VARCHAR", "VARCHAR", "TIMESTAMP", "TIMESTAMP"),
}
_SHAPE = Shape(name="campaigns", version=VERSION, topics=TOPICS, tables=_TABLES, types=_TYPES, fold=fold)


class Columns(Tables[Rows]):
    """See `services.campaigns.segments.service.Columns`."""

    def __init__(self, folder: Path, owner: str, bus: Bus) -> None:
        super().__init__(folder, owner, bus, _SHAPE)

    async def sees(self, address: str, actor: Actor) -> bool:
        """Whether somebody sees whose an address is; nobody's is seen by all who see what is no team's."""
        if is_word_of(address):
            return await self.sees_client(client_in(address), actor)
        found = await self.ask(
            "SELECT c.seen_by FROM owned o LEFT JOIN merged m ON m.k = o.k"
            " JOIN clients c ON c.k = coalesce(m.root, o.k) WHERE o.address = $address",
            {"address": address},
        )
        return any(reaches(actor.reach, row[0]) for row in found or [([OPEN],)])

    async def sees_client(self, client: str, actor: Actor) -> bool:
        """Whether somebody sees a client."""
        return client in await self.seen_clients([client], actor)

    async def seen_clients(self, clients: Sequence[str], actor: Actor) -> set[str]:
        """Those of them whom somebody sees: who was merged, as the one he is read as."""
        found = await self.ask(
            "SELECT c.id, r.seen_by FROM clients c LEFT JOIN merged m ON m.k = c.k"
            " JOIN clients r ON r.k = coalesce(m.root, c.k) WHERE c.k IN (SELECT unnest($keys::UBIGINT[]))",
            {"keys": [key_of(one) for one in clients]},
        )
        return {row[0] for row in found if reaches(actor.reach, row[1])}

    async def client_of(self, address: str) -> str | None:
        """Whose an address is."""
        found = await self.ask(
            "SELECT c.id FROM owned o LEFT JOIN merged m ON m.k = o.k JOIN clients c ON c.k = coalesce(m.root, o.k)"
            " WHERE o.address = $address LIMIT 1",
            {"address": address},
        )
        return str(found[0][0]) if found else None

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

    async def load_run(self, run_key: int, rows: bytes) -> None:
        """See `services.campaigns.classes.service.Tables`."""
        async with self._turn:
            await self._opened()
            await self._in_thread(partial(self._load_run, run_key, rows))

    async def unload_run(self, run_key: int) -> None:
        """A run that is not kept any more."""
        async with self._turn:
            await self._opened()
            await self._in_thread(partial(self._replace, "classified", "run", run_key, 0, ()))

    async def load_corrected(self, classification_key: int, version: int, rows: Sequence[Row]) -> None:
        """The corrections of a classification in this version of them."""
        async with self._turn:
            await self._opened()
            await self._in_thread(
                partial(self._replace, "corrected", "classification", classification_key, version, rows)
            )

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
        clients = rows.clients.values()
        self._merge("clients", [row[1] for row in clients], some=any(row[8] for row in clients))

    def _load(self, list_key: int, version: int, rows: Sequence[Row]) -> None:
        self._replace("members", "list", list_key, version, rows)

    def _load_run(self, run_key: int, rows: bytes) -> None:
        with TemporaryDirectory(dir=self._file.parent) as folder:
            Path(folder, "rows").write_bytes(rows)
            from_file = f"SELECT $1::UBIGINT, {', '.join(COLUMNS)} FROM read_parquet('{folder}/rows')"
            self._replace("classified", "run", run_key, 1, (), also=f"INSERT INTO classified {from_file}")

    def _replace(
        self, table: str, column: str, key: int, version: int, rows: Sequence[Row], *, also: str = ""
    ) -> None:
        """Rows of a key anew, with the version that they are of (0: none are here), in one step."""
        self._db.execute("BEGIN")
        try:
            self._db.execute(f"DELETE FROM {table} WHERE {column} = $1", [key])
            self._insert(table, rows)
            if also:
                self._db.execute(also, [key])
            self._db.execute("DELETE FROM loaded WHERE list = $1", [key])
            self._insert("loaded", [(key, version)] if version else [])
            self._db.execute("COMMIT")
        except BaseException:
            with suppress(Exception):
                self._db.execute("ROLLBACK")
            raise
