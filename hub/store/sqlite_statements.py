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
            f"CREATE TABLE IF NOT EXISTS {self._table}"
            " (seq INTEGER PRIMARY KEY, id TEXT, v INTEGER, body TEXT)"
        )
        added = self._add_columns(connection)
        unique = self._index_name(Index(ID))
        connection.execute(f"CREATE UNIQUE INDEX IF NOT EXISTS {unique} ON {self._table} (id)")
        for index in self._schema.indexes:
            columns = ", ".join(dict.fromkeys([*map(_column, index.fields), "id"]))
            connection.execute(f"CREATE INDEX IF NOT EXISTS {self._index_name(index)} ON {self._table} ({columns})")
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
        for condition, parameters in _stretches(plan):
            left = plan.limit + 1 - len(found)
            if left > 0:
                sql, given = self.select(plan, condition, parameters, left)
                found += _documents(connection, sql, given)
        return found

    def select(
        self, plan: Plan, condition: str, parameters: Sequence[Scalar], limit: int
    ) -> tuple[str, list[Scalar]]:
        """The statement for one stretch of the order.

        Several values for a field: the first `limit` of each, then of all, so that the work is bounded by
        values x limit, however many documents match.
        """
        way = " DESC" if plan.descending else ""
        order = ", ".join(f"{column}{way}" for column in dict.fromkeys((_column(plan.order), "id")))
        terms = [condition] if condition else []
        given: list[Scalar] = []
        lists: list[str] = []
        fixed: list[str] = []
        for field, values in plan.fixed.items():
            if len(values) == 1:
                fixed.append(f"{_column(field)} IS ?")
                given.append(values[0])
        several = {field: values for field, values in plan.fixed.items() if len(values) != 1}
        for number, field in enumerate(several):
            lists.append(f"json_each(?) AS k{number}")
            fixed.append(f"{_column(field)} IS k{number}.value")
        rest, rest_given = _conditions(plan.rest)
        terms = [*fixed, *terms, *rest]
        where = f" WHERE {' AND '.join(terms)}" if terms else ""
        source = f"{self._table} INDEXED BY {self._index_name(plan.index)}"
        given += [*parameters, *rest_given, limit]
        if not lists:
            return f"SELECT body FROM {source}{where} ORDER BY {order} LIMIT ?", given
        firsts = f"SELECT seq FROM {source}{where} ORDER BY {order} LIMIT ?"
        joined = f"{', '.join(lists)} CROSS JOIN {self._table} AS t ON t.seq IN ({firsts})"
        outer = ", ".join(f"t.{column}" for column in order.split(", "))
        return (
            f"SELECT t.body FROM {joined} ORDER BY {outer} LIMIT ?",
            [*(_json(values) for values in several.values()), *given, limit],
        )

    def count(self, connection: sqlite3.Connection, field: str, where: Where) -> dict[Scalar, int]:
        terms, given = _conditions(where)
        condition = f" WHERE {' AND '.join(terms)}" if terms else ""
        sql = f"SELECT {_column(field)} AS k, count(*) AS n FROM {self._table}{condition} GROUP BY k"
        rows = connection.execute(f"SELECT json_group_array(json_array(k, n)) FROM ({sql})", given).fetchone()
        return dict(orjson.loads(rows[0]))

    def _index_name(self, index: Index) -> str:
        return _quoted(f"{self._schema.name}__{'__'.join(index.fields or (ID,))}")


def _stretches(plan: Plan) -> Iterator[tuple[str, list[Scalar]]]:
    """The conditions on the order, one after the other: NULL compares with nothing, so it is a stretch of its own."""
    column = _column(plan.order)
    if plan.after is None:
        yield _bounds(column, plan.bounds or Range())
        return
    value, doc_id = plan.after
    sign = "<" if plan.descending else ">"
    if plan.order == ID:
        yield _joined((f"id {sign} ?", [doc_id]), _bounds(column, plan.bounds or Range()))
    elif value is None:
        yield f"{column} IS NULL AND id {sign} ?", [doc_id]
        if not plan.descending:
            yield f"{column} >= {_LEAST}", []
    else:
        # The cursor is a tighter bound than the range's own on that side.
        bounds = plan.bounds or Range()
        other = Range(since=bounds.since) if plan.descending else Range(until=bounds.until)
        yield _joined((f"({column}, id) {sign} (?, ?)", [value, doc_id]), _bounds(column, other))
        if plan.descending and plan.bounds is None:
            yield f"{column} IS NULL", []


def _joined(first: tuple[str, list[Scalar]], second: tuple[str, list[Scalar]]) -> tuple[str, list[Scalar]]:
    return " AND ".join(filter(None, (first[0], second[0]))), [*first[1], *second[1]]


def _bounds(column: str, bounds: Range) -> tuple[str, list[Scalar]]:
    terms: list[str] = []
    given: list[Scalar] = []
    for sign, value in ((">=", bounds.since), ("<", bounds.until)):
        if value is not None:
            terms.append(f"{column} {sign} ?")
            given.append(value)
    return " AND ".join(terms), given


def _conditions(where: Where) -> tuple[list[str], list[Scalar]]:
    terms: list[str] = []
    given: list[Scalar] = []
    for field, condition in where.items():
        term, values = _condition(_column(field), condition)
        if term:
            terms.append(term)
            given += values
    return terms, given


def _condition(column: str, condition: Scalar | In | Range) -> tuple[str, list[Scalar]]:
    match condition:
        case Range():
            return _bounds(column, condition)
        case In(values):
            either = f"{column} IN (SELECT value FROM json_each(?))"
            return f"({either}{f' OR {column} IS NULL' if None in values else ''})", [_json(values)]
        case _:
            return f"{column} IS ?", [condition]


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
