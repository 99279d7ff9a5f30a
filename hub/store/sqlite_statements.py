"""The SQL of one collection.

Each call is one step of SQLite for many documents: the sqlite3 module gives up the interpreter lock at every step,
and getting it back beside a busy event loop can take 5 ms.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from hub.store.base import Document, In, Index, Range, Scalar, Where
from hub.store.query import ID, Plan, Schema, in_chunks

_CHUNKS = (256, 64, 16, 4, 1)
Term = tuple[str, list[Scalar]]
"""SQL and its parameters."""
_LEAST = "-9e999"
"""Sorts after NULL and before every other value."""


class Row(NamedTuple):
    """A document ready to be written."""

    doc_id: str
    version: int
    """The one it was read with."""
    open_json: str
    """Without the version and the closing brace."""
    values: tuple[Scalar, ...]
    """Of the declared fields."""


class Statements:
    """Reads and writes one table: `seq`, `id`, `v`, `body` (JSON) and a column for each declared field."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._table = _quoted(schema.name)
        self._columns = [_column(field) for field in schema.fields]

    def prepare(self, connection: sqlite3.Connection) -> list[str]:
        """Makes what is missing; returns the fields that were filled in from documents already there."""
        connection.execute(
            # A constraint that may fail would make SQLite copy every page it changes, to undo half a statement.
            f"CREATE TABLE IF NOT EXISTS {self._table} (seq INTEGER PRIMARY KEY, id TEXT, v INTEGER, body TEXT)"
        )
        added = self._add_columns(connection)
        unique = self._index_name(Index(ID))
        connection.execute(f"CREATE UNIQUE INDEX IF NOT EXISTS {unique} ON {self._table} (id)")
        for index in self._schema.indexes:
            columns = ", ".join(dict.fromkeys([*map(_column, index.fields), "id"]))
            held = f" WHERE {_column(index.fields[0])} IS NOT NULL" if index.sparse else ""
            connection.execute(
                f"CREATE INDEX IF NOT EXISTS {self._index_name(index)} ON {self._table} ({columns}){held}"
            )
        return added

    def _add_columns(self, connection: sqlite3.Connection) -> list[str]:
        info = connection.execute(f"PRAGMA table_info({self._table})").fetchall()
        there = {row[1].decode() for row in info}
        missing = [field for field in self._schema.fields if f"f_{field}" not in there]
        for field in missing:
            connection.execute(f"ALTER TABLE {self._table} ADD COLUMN {_column(field)}")
        held = connection.execute(f"SELECT EXISTS (SELECT 1 FROM {self._table})").fetchone()[0]
        if not missing or not held:
            return []
        fill = ", ".join(f"{_column(field)} = body ->> '$.\"{field}\"'" for field in missing)
        connection.execute(f"UPDATE {self._table} SET {fill}")
        return missing

    def versions(self, connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, int]:
        """The stored version of those that are there."""
        sql = f"SELECT json_group_object(id, v) FROM {self._table} WHERE id IN (SELECT value FROM json_each(?))"
        stored: dict[str, int] = orjson.loads(connection.execute(sql, (_json(ids),)).fetchone()[0])
        return stored

    def write(self, connection: sqlite3.Connection, rows: Sequence[tuple[Row, int]]) -> None:
        """Inserts or replaces, with the versions given."""
        for chunk in in_chunks(rows, _CHUNKS):
            parameters: list[Any] = []
            for row, version in chunk:
                parameters += (row.doc_id, version, f'{row.open_json},"_v":{version}}}', *row.values)
            connection.execute(self._upsert(len(chunk)), parameters)

    def _upsert(self, rows: int) -> str:
        columns = ["id", "v", "body", *self._columns]
        one = f"({', '.join('?' * len(columns))})"
        fresh = ", ".join(f"{column} = excluded.{column}" for column in columns[1:])
        return (
            f"INSERT INTO {self._table} ({', '.join(columns)}) VALUES {', '.join([one] * rows)}"
            f" ON CONFLICT (id) DO UPDATE SET {fresh}"
        )

    def delete(self, connection: sqlite3.Connection, ids: Sequence[str]) -> int:
        sql = f"DELETE FROM {self._table} WHERE id IN (SELECT value FROM json_each(?))"
        return connection.execute(sql, (_json(ids),)).rowcount

    def get(self, connection: sqlite3.Connection, ids: Sequence[str]) -> list[Document]:
        sql = f"SELECT body FROM {self._table} WHERE id IN (SELECT value FROM json_each(?))"
        return _documents(connection, sql, [_json(ids)])

    def find(self, connection: sqlite3.Connection, plan: Plan) -> list[Document]:
        """Up to `limit` + 1 documents."""
        found: list[Document] = []
        for stretch in stretches(plan):
            left = plan.limit + 1 - len(found)
            if left > 0:
                found += _documents(connection, *self.select(plan, stretch, left))
        return found

    def select(self, plan: Plan, stretch: Term, limit: int) -> Term:
        """The statement that finds the first bodies of one stretch of the order.

        Several values for a field: the first `limit` of each, then of all, so that the work is bounded by
        values x limit, however many documents match.
        """
        several = {field: values for field, values in plan.fixed.items() if len(values) != 1}
        fixed = [_is(_column(field), values[0]) for field, values in plan.fixed.items() if field not in several]
        listed: list[Term] = [
            (f"{_column(field)} {'IS' if None in values else '='} k{number}.value", [])
            for number, (field, values) in enumerate(several.items())
        ]
        where, given = _where([*fixed, *listed, stretch, *_conditions(plan.rest)])
        way = " DESC" if plan.descending else ""
        columns = dict.fromkeys((_column(plan.order), "id"))
        found = (
            f"FROM {self._table} INDEXED BY {self._index_name(plan.index)}{where}"
            f" ORDER BY {', '.join(f'{column}{way}' for column in columns)} LIMIT ?"
        )
        if not several:
            return f"SELECT body {found}", [*given, limit]
        lists = ", ".join(f"json_each(?) AS k{number}" for number in range(len(several)))
        return (
            f"SELECT t.body FROM {lists} CROSS JOIN {self._table} AS t ON t.seq IN (SELECT seq {found})"
            f" ORDER BY {', '.join(f't.{column}{way}' for column in columns)} LIMIT ?",
            [*map(_json, several.values()), *given, limit, limit],
        )

    def count(self, connection: sqlite3.Connection, field: str, where: Where) -> dict[Scalar, int]:
        condition, given = _where(_conditions(where))
        sql = f"SELECT {_column(field)} AS k, count(*) AS n FROM {self._table}{condition} GROUP BY k"
        rows = connection.execute(f"SELECT json_group_array(json_array(k, n)) FROM ({sql})", given).fetchone()
        return dict(orjson.loads(rows[0]))

    def _index_name(self, index: Index) -> str:
        kind = "___sparse" if index.sparse else ""
        return _quoted(f"{self._schema.name}__{'__'.join(index.fields or (ID,))}{kind}")


def stretches(plan: Plan) -> Iterator[Term]:
    """The conditions on the order, one after the other: NULL compares with nothing, so it is a stretch of its own."""
    column, bounds = _column(plan.order), plan.bounds or Range()
    if plan.after is None:
        yield _between(column, bounds)
        return
    value, doc_id = plan.after
    sign = "<" if plan.descending else ">"
    if plan.order == ID:
        yield _both((f"id {sign} ?", [doc_id]), _between(column, bounds))
    elif value is None:
        yield f"{column} IS NULL AND id {sign} ?", [doc_id]
        if not plan.descending:
            yield f"{column} >= {_LEAST}", []
    else:
        # The cursor is a tighter bound than the range's own on that side.
        other = Range(since=bounds.since) if plan.descending else Range(until=bounds.until)
        yield _both((f"({column}, id) {sign} (?, ?)", [value, doc_id]), _between(column, other))
        if plan.descending and plan.bounds is None:
            yield f"{column} IS NULL", []


def _conditions(where: Where) -> list[Term]:
    return [_condition(_column(field), condition) for field, condition in where.items()]


def _condition(column: str, condition: Scalar | In | Range) -> Term:
    match condition:
        case Range():
            return _between(column, condition)
        case In(values):
            either = f"{column} IN (SELECT value FROM json_each(?))"
            return f"({either}{f' OR {column} IS NULL' if None in values else ''})", [_json(values)]
        case _:
            return _is(column, condition)


def _is(column: str, value: Scalar) -> Term:
    return (f"{column} IS NULL", []) if value is None else (f"{column} = ?", [value])


def _between(column: str, bounds: Range) -> Term:
    since: Term = (f"{column} >= ?", [bounds.since]) if bounds.since is not None else ("", [])
    until: Term = (f"{column} < ?", [bounds.until]) if bounds.until is not None else ("", [])
    return _both(since, until)


def _both(*terms: Term) -> Term:
    """All that say something."""
    return " AND ".join(sql for sql, _ in terms if sql), [value for _, given in terms for value in given]


def _where(terms: Sequence[Term]) -> Term:
    sql, given = _both(*terms)
    return (f" WHERE {sql}" if sql else ""), given


def _documents(connection: sqlite3.Connection, sql: str, parameters: Sequence[Scalar]) -> list[Document]:
    joined = connection.execute(f"SELECT group_concat(body) FROM ({sql})", parameters).fetchone()[0]
    found: list[Document] = orjson.loads(b"[%b]" % (joined or b""))
    return found


def _json(values: Sequence[Scalar]) -> str:
    return orjson.dumps(values).decode()


def _column(field: str) -> str:
    return "id" if field == ID else _quoted(f"f_{field}")


def _quoted(name: str) -> str:
    return f'"{name}"'
