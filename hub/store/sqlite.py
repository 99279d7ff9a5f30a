"""The store on SQLite: one file for each service, one table for each collection."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path

from hub.kit.errors import ConfigurationError, StoreDamaged
from hub.kit.log import Log
from hub.kit.sqlite import Refusal, check_whole, refusal_of, restore_of
from hub.store.base import CollectionSpec, Document, Page, Scalar, Where
from hub.store.query import (
    SCHEMA_VERSION,
    Schema,
    check_schema_version,
    distinct,
    encoded,
    first_of_each,
    id_of,
    last_of_each,
    version_of,
)
from hub.store.sqlite_statements import Row, Statements
from hub.store.sqlite_threads import Readers, Writer, counters

log = Log(__name__)
_MAGIC = b"SQLite format 3\0"

Decide = Callable[[int | None, int], int | None]
"""From the stored version (none: not there) and the document's own to the version to write; none writes nothing."""


class SqliteStore:
    """Documents in the file at `path`; what a write returned for survives a power cut.

    Another process may use the file too: each transaction takes the write lock before it reads.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = Writer(path)
        self._readers = Readers(path)
        self._counters = counters(path)
        self._collections: dict[str, SqliteCollection] = {}

    def collection(self, spec: CollectionSpec) -> "SqliteCollection":
        """Declare all before `start`; the same name again gives the same collection."""
        known = self._collections.get(spec.name)
        if known is None:
            known = self._collections[spec.name] = SqliteCollection(spec, self._writer, self._readers, self._counters)
        elif known.spec != spec:
            raise ValueError(f"collection {spec.name} is declared twice, differently")
        return known

    async def start(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        _check_kind(self._path)
        await asyncio.to_thread(check_whole, self._path)
        self._writer.start()
        self._readers.start()
        self._counters.start()
        try:
            await self._writer.run(self._prepare)
        except StoreDamaged as exc:
            await self.stop()
            raise ConfigurationError(str(exc)) from exc
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        await self._readers.stop()
        await self._counters.stop()
        await self._writer.stop()

    async def ping(self) -> None:
        await self._writer.run(_write_meta)

    @property
    def writes(self) -> int:
        """Transactions that are durable, ever: a file with fewer is an older one."""
        return self._writer.writes

    def _prepare(self, connection: sqlite3.Connection) -> None:
        _check_version(connection, self._path)
        _write_meta(connection)
        connection.execute("INSERT OR IGNORE INTO meta VALUES ('writes', 0)")
        self._writer.count_from(_writes(connection))
        for collection in self._collections.values():
            added = collection.statements.prepare(connection)
            if added:
                log.info("collection.extended", collection=collection.spec.name, fields=", ".join(added))


def _check_kind(path: Path) -> None:
    """Raises ConfigurationError for a file of another kind."""
    if path.exists():
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
        if head not in (b"", _MAGIC):
            raise ConfigurationError(f"{path} is not a SQLite file; restore it, or point `data` at another folder")


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL)")
    row = connection.execute("SELECT value FROM meta WHERE name = 'schema_version'").fetchone()
    check_schema_version(row[0] if row else SCHEMA_VERSION, str(path))


def writes_in(path: Path) -> int | None:
    """Transactions of a store's file that no hub has open; none where there is no such file.

    Raises:
        ConfigurationError: it is damaged, or cannot be read now, which says nothing of what is in it.
    """
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(path)) as connection:
            return _writes(connection)
    except sqlite3.Error as exc:
        if refusal_of(exc) is Refusal.DAMAGED:
            raise ConfigurationError(f"{path} is damaged ({exc}); {restore_of(path)}") from exc
        if getattr(exc, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR:
            return 0  # a table is missing
        fix = "see whether the disk is full or another program holds it, then start again"
        raise ConfigurationError(f"{path} cannot be read now ({exc}); {fix}") from exc


def _writes(connection: sqlite3.Connection) -> int:
    """None are counted in a file that an older version wrote last."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'writes'").fetchone()
    return int(row[0]) if row else 0


def _write_meta(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('schema_version', ?)", (SCHEMA_VERSION,))


class SqliteCollection:
    """One table."""

    def __init__(self, spec: CollectionSpec, writer: Writer, readers: Readers, counting: Readers) -> None:
        self.spec = spec
        self.schema = Schema(spec)
        self.statements = Statements(self.schema)
        self._writer = writer
        self._readers = readers
        self._counters = counting

    async def get(self, doc_id: str) -> Document | None:
        return (await self.get_many((doc_id,))).get(doc_id)

    async def get_many(self, ids: Iterable[str]) -> dict[str, Document]:
        wanted = distinct(ids)
        if not wanted:
            return {}
        found = await self._readers.run(lambda connection: self.statements.get(connection, wanted))
        return {document["_id"]: document for document in found}

    async def insert(self, document: Document) -> bool:
        return bool(await self.insert_many((document,)))

    async def insert_many(self, documents: Sequence[Document]) -> set[str]:
        rows = [self._row(doc_id, document, 0) for doc_id, document in first_of_each(documents).items()]
        return await self._write(rows, lambda stored, _: 1 if stored is None else None)

    async def swap(self, document: Document) -> bool:
        return bool(await self.swap_many((document,)))

    async def swap_many(self, documents: Sequence[Document]) -> set[str]:
        rows = [self._row(doc_id, doc, version_of(doc)) for doc_id, doc in first_of_each(documents).items()]
        return await self._write(rows, lambda stored, read: read + 1 if stored == read else None)

    async def unset(self, documents: Sequence[Document], *fields: str) -> set[str]:
        self.schema.check_unset(fields)
        read = {id_of(document): version_of(document) for document in documents}
        if not read:
            return set()
        return await self._writer.run(lambda connection: self.statements.unset(connection, read, fields))

    async def put_many(self, documents: Sequence[Document]) -> None:
        rows = [self._row(doc_id, document, 0) for doc_id, document in last_of_each(documents).items()]
        await self._write(rows, lambda stored, _: (stored or 0) + 1)

    async def delete_many(self, ids: Iterable[str]) -> int:
        wanted = distinct(ids)
        if not wanted:
            return 0
        return await self._writer.run(lambda connection: self.statements.delete(connection, wanted))

    async def delete(self, document: Document) -> bool:
        doc_id, version = id_of(document), version_of(document)
        return await self._writer.run(lambda connection: self.statements.delete_version(connection, doc_id, version))

    async def find(
        self,
        where: Where,
        *,
        order: str = "_id",
        descending: bool = False,
        limit: int = 100,
        after: str | None = None,
    ) -> Page:
        plan = self.schema.plan(where, order=order, descending=descending, limit=limit, after=after)
        return plan.page(await self._readers.run(lambda connection: self.statements.find(connection, plan)))

    async def count(self, where: Where, *, at_most: int) -> int:
        plan = self.schema.counting(where, at_most)
        return await self._counters.run(lambda connection: self.statements.count(connection, plan))

    async def count_by(self, field: str, where: Where | None = None) -> dict[Scalar, int]:
        self.schema.check_countable(field)
        self.schema.check(where or {})
        return await self._counters.run(lambda connection: self.statements.count_by(connection, field, where or {}))

    def _row(self, doc_id: str, document: Document, version: int) -> Row:
        values = self.schema.values(document)
        lists = self.schema.listed(document) if self.schema.lists else {}
        return Row(doc_id, version, encoded(document)[:-1].decode(), values, lists)

    async def _write(self, rows: list[Row], decide: Decide) -> set[str]:
        if not rows:
            return set()

        def write(connection: sqlite3.Connection) -> set[str]:
            stored = self.statements.versions(connection, [row.doc_id for row in rows])
            chosen = [
                (row, version) for row in rows if (version := decide(stored.get(row.doc_id), row.version)) is not None
            ]
            self.statements.write(connection, chosen)
            return {row.doc_id for row, _ in chosen}

        return await self._writer.run(write)
