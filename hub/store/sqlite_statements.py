"""The SQL of one collection.

Each call is one step of SQLite for many documents: the sqlite3 module gives up the interpreter lock at every step,
and getting it back beside a busy event loop can take 5 ms.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from hub.store.base import All, Condition, Document, In, Index, Range, Scalar, Where
from hub.store.query import ID, Plan, Schema, in_chunks, misfit

_CHUNKS = (256, 64, 16, 4, 1)
Term = tuple[str, list[Scalar]]
"""SQL and its parameters."""
VALUE = '"m_value"'
"""The column of the table of a list that has the value."""
_LEAST = "-9e999"
"""Sorts after NULL and before every other value."""


def _column(field: str) -> str:
    return "id" if field == ID else _quoted(f"f_{field}")


def _quoted(name: str) -> str:
    return f'"{name}"'


class Row(NamedTuple):
    """A document ready to be written."""

    doc_id: str
    version: int
    """The one it was read with."""
    open_json: str
    """Without the version and the closing brace."""
    values: tuple[Scalar, ...]
    """Of the declared fields."""
    lists: Mapping[str, list[Scalar]]
    """Of the declared fields that hold lists, those that are not empty."""


class Statements:
    """Reads and writes one table: `seq`, `id`, `v`, `body` (JSON) and a column for each declared field; beside it a
    table for each list, with a row for each value.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._table = _quoted(schema.name)
        self._columns = [_column(field) for field in schema.fields]
        self._lists = {index.fields[0]: ListTable(schema.name, self._table, index) for index in schema.many}

    def prepare(self, connection: sqlite3.Connection) -> list[str]:
        """Makes what is missing; returns the fields that were filled in from documents already there."""
        connection.execute(
            # A constraint that may fail would make SQLite copy every page it changes, to undo half a statement.
            f"CREATE TABLE IF NOT EXISTS {self._table} (seq INTEGER PRIMARY KEY, id TEXT, v INTEGER, body TEXT)"
        )
        added = self._add_columns(connection)
        unique = self._index_name(Index(ID))
        connection.execute(f"CREATE UNIQUE INDEX IF NOT EXISTS {unique} ON {self._table} (id)")
        for table in self._lists.values():
            table.prepare(connection)
        for index in self._schema.indexes:
            if index.many:
                continue
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
        for field, table in self._lists.items():
            table.write(connection, rows, field, self._schema.fields)

    def unset(self, connection: sqlite3.Connection, read: Mapping[str, int], fields: Sequence[str]) -> set[str]:
        """Takes fields out of the bodies in place."""
        stored = self.versions(connection, list(read))
        ids = [doc_id for doc_id, version in read.items() if stored.get(doc_id) == version]
        paths = ", ".join(f"'$.\"{field}\"'" for field in fields)
        columns = [f"{_column(field)} = NULL" for field in fields if field in self._schema.fields]
        changes = ["v = v + 1", f"body = json_set(json_remove(body, {paths}), '$._v', v + 1)", *columns]
        sql = f"UPDATE {self._table} SET {', '.join(changes)} WHERE id IN (SELECT value FROM json_each(?))"
        connection.execute(sql, (_json(ids),))
        for field in fields:
            if field in self._lists:
                self._lists[field].delete(connection, ids)
        return set(ids)

    def _upsert(self, rows: int) -> str:
        columns = ["id", "v", "body", *self._columns]
        one = f"({', '.join('?' * len(columns))})"
        fresh = ", ".join(f"{column} = excluded.{column}" for column in columns[1:])
        return (
            f"INSERT INTO {self._table} ({', '.join(columns)}) VALUES {', '.join([one] * rows)}"
            f" ON CONFLICT (id) DO UPDATE SET {fresh}"
        )

    def delete(self, connection: sqlite3.Connection, ids: Sequence[str]) -> int:
        for table in self._lists.values():
            table.delete(connection, ids)
        sql = f"DELETE FROM {self._table} WHERE id IN (SELECT value FROM json_each(?))"
        return connection.execute(sql, (_json(ids),)).rowcount

    def delete_version(self, connection: sqlite3.Connection, doc_id: str, version: int) -> bool:
        return self.versions(connection, [doc_id]).get(doc_id) == version and self.delete(connection, [doc_id]) == 1

    def get(self, connection: sqlite3.Connection, ids: Sequence[str]) -> list[Document]:
        sql = f"SELECT body FROM {self._table} WHERE id IN (SELECT value FROM json_each(?))"
        return _documents(connection, sql, [_json(ids)])

    def find(self, connection: sqlite3.Connection, plan: Plan) -> list[Document]:
        """Up to `limit` + 1 documents."""
        select, naming = (self._select_listed, listed) if plan.index.many else (self.select, _column)
        found: list[Document] = []
        for stretch in stretches(plan, naming):
            left = plan.limit + 1 - len(found)
            if left > 0:
                found += _documents(connection, *select(plan, stretch, left))
        return found

    def _select_listed(self, plan: Plan, stretch: Term, limit: int) -> Term:
        """The same where the first field is a list: by its table, which has the rows of one value in order."""
        where, given = self._listed_where(plan, stretch)
        way = " DESC" if plan.descending else ""
        order = ", ".join(f"{column}{way}" for column in dict.fromkeys((listed(plan.order), listed(ID))))
        return f"SELECT t.body FROM {self._listed_from(plan)}{where} ORDER BY {order} LIMIT ?", [*given, limit]

    def _listed_from(self, plan: Plan) -> str:
        return f"{self._lists[plan.index.fields[0]].name} AS m CROSS JOIN {self._table} AS t ON t.id = m.{listed(ID)}"

    def _listed_where(self, plan: Plan, stretch: Term) -> Term:
        (_, values), *others = plan.fixed.items()
        first = _is(VALUE, values[0]) if len(values) == 1 else _condition(VALUE, In(values))
        fixed = [first, *(_condition(listed(field), In(values)) for field, values in others)]
        return _where([*fixed, stretch, *self._conditions(plan.rest)])

    def _conditions(self, where: Where) -> list[Term]:
        return [
            self._lists[field].holding(condition) if field in self._lists else _condition(_column(field), condition)
            for field, condition in where.items()
        ]

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
        where, given = _where([*fixed, *listed, stretch, *self._conditions(plan.rest)])
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

    def count(self, connection: sqlite3.Connection, plan: Plan) -> int:
        """Up to `limit`."""
        bounds = _between((listed if plan.index.many else _column)(plan.order), plan.bounds or Range())
        one = "SELECT 1"
        if plan.index.many:
            table = self._lists[plan.index.fields[0]].name
            # Where nothing else is asked the rows of the list tell all, in their own order.
            source = self._listed_from(plan) if plan.rest else f"{table} AS m"
            where, given = self._listed_where(plan, bounds)
            if len(plan.fixed[plan.index.fields[0]]) > 1:
                one = f"SELECT DISTINCT m.{listed(ID)}"
        else:
            fixed = [_condition(_column(field), In(values)) for field, values in plan.fixed.items()]
            source = f"{self._table} INDEXED BY {self._index_name(plan.index)}"
            where, given = _where([*fixed, bounds, *self._conditions(plan.rest)])
        sql = f"SELECT count(*) FROM ({one} FROM {source}{where} LIMIT ?)"
        return int(connection.execute(sql, [*given, plan.limit]).fetchone()[0])

    def count_by(self, connection: sqlite3.Connection, field: str, where: Where) -> dict[Scalar, int]:
        condition, given = _where(self._conditions(where))
        sql = f"SELECT {_column(field)} AS k, count(*) AS n FROM {self._table}{condition} GROUP BY k"
        rows = connection.execute(f"SELECT json_group_array(json_array(k, n)) FROM ({sql})", given).fetchone()
        return dict(orjson.loads(rows[0]))

    def _index_name(self, index: Index) -> str:
        kind = "___sparse" if index.sparse else ""
        return _quoted(f"{self._schema.name}__{'__'.join(index.fields or (ID,))}{kind}")


class ListTable:
    """The values of one list, each with the fields that its index goes on with, in the order of the index."""

    def __init__(self, collection: str, table: str, index: Index) -> None:
        self._field, *self._others = index.fields
        self._table = table
        self._collection = collection
        self._bare = f"{collection}__many__{'__'.join(index.fields)}"
        self.name = _quoted(self._bare)
        self._columns = [VALUE, *map(listed, self._others), *([] if ID in self._others else [listed(ID)])]

    def prepare(self, connection: sqlite3.Connection) -> None:
        """Makes it, filled in from the documents already there."""
        there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (self._bare,)).fetchone()
        if there:
            return
        columns = ", ".join(self._columns)
        connection.execute(f"CREATE TABLE {self.name} ({columns}, PRIMARY KEY ({columns})) WITHOUT ROWID")
        connection.execute(f"CREATE INDEX {_quoted(self._bare + '__id')} ON {self.name} ({listed(ID)})")
        self._check_carried(connection)
        others = ", ".join(f"t.{_column(field)}" for field in self._others)
        connection.execute(
            f"INSERT OR IGNORE INTO {self.name} SELECT e.value{', ' if others else ''}{others}, t.id"
            f" FROM {self._table} AS t, json_each(t.body, '$.\"{self._field}\"') AS e"
        )

    def _check_carried(self, connection: sqlite3.Connection) -> None:
        """Raises ConfigurationError where what is there already does not fit."""
        some = f"json_array_length(body, '$.\"{self._field}\"') > 0"
        for field in self._others:
            sql = f"SELECT id FROM {self._table} WHERE {_column(field)} IS NULL AND {some} LIMIT 1"
            if found := connection.execute(sql).fetchone():
                raise misfit(self._collection, self._field, field, found[0].decode())

    def write(
        self, connection: sqlite3.Connection, rows: Sequence[tuple[Row, int]], field: str, fields: Sequence[str]
    ) -> None:
        self.delete(connection, [row.doc_id for row, version in rows if version > 1])
        places = [fields.index(other) for other in self._others]
        values = [
            (value, *(row.values[place] for place in places), row.doc_id)
            for row, _ in rows
            for value in row.lists.get(field, ())
        ]
        marks = ", ".join("?" * len(self._columns))
        connection.executemany(f"INSERT INTO {self.name} VALUES ({marks})", values)

    def delete(self, connection: sqlite3.Connection, ids: Sequence[str]) -> None:
        if ids:
            sql = f"DELETE FROM {self.name} WHERE {listed(ID)} IN (SELECT value FROM json_each(?))"
            connection.execute(sql, (_json(ids),))

    def holding(self, condition: Condition) -> Term:
        """Documents whose list has the value, or all of them, or any."""
        if isinstance(condition, In):
            return (
                f"id IN (SELECT {listed(ID)} FROM {self.name} WHERE {VALUE} IN (SELECT value FROM json_each(?)))",
                [_json(condition.values)],
            )
        values = condition.values if isinstance(condition, All) else (condition,)
        one = f"id IN (SELECT {listed(ID)} FROM {self.name} WHERE {VALUE} = ?)"
        return " AND ".join([one] * len(values)), [value for value in values if not isinstance(value, In | Range)]


def listed(field: str) -> str:
    """The column of the table of a list that has what `field` of the document has."""
    return _quoted(f"m_{field}")


def stretches(plan: Plan, naming: Callable[[str], str] = _column) -> Iterator[Term]:
    """The conditions on the order, one after the other: NULL compares with nothing, so it is a stretch of its own."""
    column, id_column, bounds = naming(plan.order), naming(ID), plan.bounds or Range()
    if plan.after is None:
        yield _between(column, bounds)
        return
    value, doc_id = plan.after
    sign = "<" if plan.descending else ">"
    if plan.order == ID:
        yield _both((f"{id_column} {sign} ?", [doc_id]), _between(column, bounds))
    elif value is None:
        yield f"{column} IS NULL AND {id_column} {sign} ?", [doc_id]
        if not plan.descending:
            yield f"{column} >= {_LEAST}", []
    else:
        # The cursor is a tighter bound than the range's own on that side.
        other = Range(since=bounds.since) if plan.descending else Range(until=bounds.until)
        # A sparse index is used only where the condition says, to SQLite, that there is a value.
        there: Term = (f"{column} IS NOT NULL" if plan.index.sparse else "", [])
        yield _both((f"({column}, {id_column}) {sign} (?, ?)", [value, doc_id]), _between(column, other), there)
        if plan.descending and plan.bounds is None:
            yield f"{column} IS NULL", []


def _condition(column: str, condition: Condition) -> Term:
    match condition:
        case Range():
            return _between(column, condition)
        case All():
            raise TypeError("a list has a table of its own")
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
