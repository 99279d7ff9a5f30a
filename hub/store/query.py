"""What both store adapters share: which index serves a query, what a field may hold, and the cursor of a page."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from math import isfinite, prod
from typing import Any, TypeGuard

import orjson

from hub.kit.errors import ConfigurationError, InvalidInput
from hub.store.base import (
    MANY_VALUES,
    All,
    CollectionSpec,
    Condition,
    Document,
    In,
    Index,
    Page,
    Range,
    Scalar,
    Where,
)

SCHEMA_VERSION = 1
"""Of how documents lie in a store; raised when an older hub could not read them."""

ID, VERSION = "_id", "_v"
MAX_ALTERNATIVES = 1000
MAX_TOGETHER = 20
"""Values in one `All`."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_COLLECTION = re.compile(r"[a-z][a-z0-9_.-]*")
_INT64 = 2**63
_STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


@dataclass(frozen=True, slots=True)
class Plan:
    """A query that one index serves."""

    index: Index
    """No fields: the documents by `_id`."""
    fixed: dict[str, tuple[Scalar, ...]]
    """The first fields of the index, each with the values that will do; of an index with `many` the first field has
    one, unless it is counted, and the others it must have are in `rest`."""
    order: str
    bounds: Range | None
    """On `order`."""
    rest: dict[str, Condition]
    """Checked on what the index finds."""
    descending: bool
    limit: int
    after: tuple[Scalar, str] | None
    """Value of `order` and id of the last document of the page before."""

    def page(self, found: list[Document]) -> Page:
        """The page of what was found for `limit` + 1."""
        if len(found) <= self.limit:
            return Page(found)
        items = found[: self.limit]
        return Page(items, cursor(items[-1].get(self.order), items[-1][ID]))


class Schema:
    """A collection's declared fields, and the plans for its queries."""

    def __init__(self, spec: CollectionSpec) -> None:
        self.name = spec.name
        self.indexes = spec.indexes
        self.many = tuple(index for index in spec.indexes if index.many)
        lists = {index.fields[0] for index in self.many}
        declared = dict.fromkeys(field for index in spec.indexes for field in index.fields if field != ID)
        self.lists = tuple(field for field in declared if field in lists)
        self.fields = tuple(field for field in declared if field not in lists)
        """Those that hold one value."""
        self.carried = {
            index.fields[0]: tuple(field for field in index.fields[1:] if field != ID) for index in self.many
        }
        """By list: the fields that its index goes on with. Who has something in the list has a value in each."""
        self._check_declared(spec)
        if spec.name == "meta" or not _COLLECTION.fullmatch(spec.name) or not all(map(_NAME.fullmatch, self.fields)):
            raise ValueError(f"{spec}: names are lower-case letters, digits and underscores, and `meta` is taken")

    def _check_declared(self, spec: CollectionSpec) -> None:
        twice = len(self.lists) != len(self.many)
        mixed = {field for index in spec.indexes for field in index.fields[index.many :]} & set(self.lists)
        if twice or mixed:
            raise ValueError(f"{spec}: a field that holds a list leads one index with `many`, and is in no other")

    def listed(self, document: Document) -> dict[str, list[Scalar]]:
        """What the declared lists of a document hold, each value once.

        Raises:
            InvalidInput: it is no list, has too many values, or one that is no scalar; or a field is missing that the
                index of a list goes on with.
        """
        found = {field: self._list(field, document[field]) for field in self.lists if document.get(field)}
        for field in found:
            for carried in self.carried[field]:
                if document.get(carried) is None:
                    raise _invalid(carried, f"the index of {field} goes on with this field; give it a value")
        return found

    def check_unset(self, fields: Iterable[str]) -> None:
        """Raises InvalidInput for a field that the index of a list goes on with: whoever is in the list needs it."""
        for field in fields:
            if lists := [one for one, carried in self.carried.items() if field in carried]:
                raise _invalid(field, f"the index of {', '.join(lists)} goes on with this field; swap the document")

    def _list(self, field: str, values: Any) -> list[Scalar]:
        if not isinstance(values, list) or len(values) > MANY_VALUES:
            raise _invalid(field, f"this declared field holds a list of up to {MANY_VALUES} values")
        if None in values:
            raise _invalid(field, "a list in a declared field holds no nulls")
        return list(dict.fromkeys(self._checked(field, value) for value in values))

    def values(self, document: Document) -> tuple[Scalar, ...]:
        """What the declared fields of a document hold.

        Raises:
            InvalidInput: a list, an object or a whole number beyond 64 bits.
        """
        # Nearly all are nothing or plain text: those need no call each.
        return tuple(
            [
                value
                if (value := document.get(field)) is None or (type(value) is str and value.isascii())
                else self._checked(field, value)
                for field in self.fields
            ]
        )

    def plan(self, where: Where, *, order: str, descending: bool, limit: int, after: str | None) -> Plan:
        """How to find.

        Raises:
            InvalidInput: no index serves, a field is not declared, or `after` is not one of ours.
        """
        self.check(where)
        self._declared(order)
        if order in self.lists:
            raise _invalid(order, "a list gives no order")
        if limit < 1:
            raise InvalidInput("limit: give 1 or more", fields={"limit": "give 1 or more"})
        by = ID if order in where and _scalar(where[order]) else order
        index, served = self._serving(where, by)
        plan = self.plan_of(index, served, where, order=by, limit=limit)
        return replace(plan, descending=descending, after=None if after is None else position(after))

    def counting(self, where: Where, at_most: int) -> Plan:
        """How to count up to `at_most`: by the index of which the conditions fix most.

        Raises:
            InvalidInput: no index serves, a field is not declared, or `at_most` is not positive.
        """
        self.check(where, counting=True)
        if at_most < 1:
            raise _invalid("at_most", "give 1 or more")
        found = [(index, fixed) for index in self.indexes if (fixed := _leading(index, where)) is not None]
        if not found and set(where) <= {ID}:
            found = [(Index(ID), (ID,) if _fixes(where, ID) else ())]
        if not found:
            raise _invalid("where", f"no index of {self.name} serves {sorted(where)}; declare one")
        index, fixed = max(found, key=lambda candidate: len(candidate[1]))
        order = next((field for field in index.fields if field not in fixed), ID)
        return self.plan_of(index, fixed, where, order=order, limit=at_most)

    def plan_of(self, index: Index, fixed: Sequence[str], where: Where, *, order: str, limit: int) -> Plan:
        bounds = where.get(order)
        return Plan(
            index=index,
            fixed={field: _fixed(where[field]) for field in fixed},
            order=order,
            bounds=bounds if isinstance(bounds, Range) else None,
            rest=self._rest(where, fixed, order),
            descending=False,
            limit=limit,
            after=None,
        )

    def _rest(self, where: Where, served: Iterable[str], by: str) -> dict[str, Condition]:
        rest = {f: c for f, c in where.items() if f not in served and not (f == by and isinstance(c, Range))}
        for field in served:
            condition = where[field]
            if isinstance(condition, All) and len(condition.values) > 1:
                rest[field] = All(*condition.values[1:])
        return rest

    def check(self, where: Where, *, counting: bool = False) -> None:
        """Raises InvalidInput unless the conditions are of known kinds on declared fields."""
        for field, condition in where.items():
            self._declared(field)
            if field in self.lists:
                self._check_list(field, condition, several=counting)
            elif isinstance(condition, All):
                raise _invalid(field, "All is for fields that hold lists")
            elif isinstance(condition, In):
                if len(condition.values) > MAX_ALTERNATIVES:
                    raise _invalid(field, f"at most {MAX_ALTERNATIVES} values")
                for value in condition.values:
                    self._checked(field, value)
            elif isinstance(condition, Range):
                self._checked(field, condition.since)
                self._checked(field, condition.until)
            else:
                self._checked(field, condition)

    def _check_list(self, field: str, condition: Condition, *, several: bool = False) -> None:
        """`several`: any of some values will do."""
        kinds = (All, In) if several else (All,)
        values: tuple[Condition, ...] = condition.values if isinstance(condition, kinds) else (condition,)
        most = MAX_ALTERNATIVES if isinstance(condition, In) else MAX_TOGETHER
        if not 0 < len(values) <= most:
            raise _invalid(field, f"1 to {most} values")
        if any(isinstance(value, In | Range) or value is None for value in values):
            raise _invalid(field, "a list is asked for a value that it has, or for several with All")
        for value in values:
            self._checked(field, value)

    def check_countable(self, field: str) -> None:
        """Raises InvalidInput unless documents can be counted by this field."""
        if field not in self.fields:
            raise _invalid(field, f"{self.name} is counted by declared fields that hold one value")

    def _declared(self, field: str) -> None:
        if field != ID and field not in self.fields and field not in self.lists:
            raise _invalid(field, f"no index of {self.name} declares this field")

    def _checked(self, field: str, value: Any) -> Scalar:
        if not _scalar(value) or (type(value) is int and not -_INT64 <= value < _INT64) or _endless(value):
            raise _invalid(field, "a declared field holds text, a number of 64 bits, true, false or nothing")
        if isinstance(value, str) and not _storable(value):
            raise _invalid(field, "this is not valid Unicode text")
        return value

    def _serving(self, where: Where, order: str) -> tuple[Index, tuple[str, ...]]:
        """The index with the most fields fixed that yields the order."""
        candidates: list[tuple[Index, tuple[str, ...]]] = []
        candidates += [(Index(ID), (ID,))] if _fixes(where, ID) and order == ID else []
        for index in self.indexes:
            if (served := _served(index, where, order)) is not None:
                candidates.append((index, served))
        if order == ID and set(where) <= {ID}:
            candidates.append((Index(), ()))
        if not candidates:
            raise _invalid(order, f"no index of {self.name} serves {sorted(where)} in this order; declare one")
        return max(candidates, key=lambda candidate: len(candidate[1]))


def _served(index: Index, where: Where, order: str) -> tuple[str, ...] | None:
    """The first fields that conditions fix, if the index then goes on in this order."""
    if index.many and index.fields[0] not in where:
        return None
    if index.sparse and not _gives_value(where, index.fields[0]):
        return None
    fixed: list[str] = []
    for field in index.fields:
        if field == order or not _fixes(where, field):
            return tuple(fixed) if field == order and _few(where, fixed) else None
        fixed.append(field)
    return tuple(fixed) if order == ID and _few(where, fixed) else None


def _leading(index: Index, where: Where) -> tuple[str, ...] | None:
    """The first fields that conditions fix; none where the index does not narrow anything down."""
    if (index.sparse or index.many) and not _gives_value(where, index.fields[0]):
        return None
    fixed = tuple(takewhile(lambda field: _fixes(where, field), index.fields))
    return fixed if _few(where, fixed) and (fixed or index.fields[0] in where) else None


def _fixes(where: Where, field: str) -> bool:
    return field in where and not isinstance(where[field], Range)


def _gives_value(where: Where, field: str) -> bool:
    """Whether the condition cannot be met by a document without the field."""
    condition = where.get(field)
    if isinstance(condition, Range):
        return condition.since is not None or condition.until is not None
    return field in where and None not in _alternatives(condition)


def _few(where: Where, fields: Iterable[str]) -> bool:
    several = (where[field] for field in fields if isinstance(where[field], In))
    return prod(len(_alternatives(condition)) for condition in several) <= MAX_ALTERNATIVES


def _fixed(condition: Condition) -> tuple[Scalar, ...]:
    """The values that will do; of several that are all wanted the first, by which the others are looked for."""
    return _alternatives(condition)[:1] if isinstance(condition, All) else _alternatives(condition)


def _alternatives(condition: Condition) -> tuple[Scalar, ...]:
    assert not isinstance(condition, Range)
    return tuple(dict.fromkeys(condition.values)) if isinstance(condition, In | All) else (condition,)


def check_schema_version(found: int, place: str) -> None:
    """Raises ConfigurationError if a newer version of the hub wrote this."""
    if found > SCHEMA_VERSION:
        raise ConfigurationError(
            f"{place} was written by a newer version of omnihub (schema {found}, this one knows {SCHEMA_VERSION});"
            " install that version, or start with other data"
        )


def misfit(collection: str, listed: str, carried: str, doc_id: str) -> ConfigurationError:
    """The index of a list that is declared over documents which it cannot find."""
    return ConfigurationError(
        f"collection {collection}: the index of {listed} goes on with {carried}, which document {doc_id} has not;"
        " give it a value, or do not declare it"
    )


def encoded(document: Document) -> bytes:
    """The document as JSON, without its version.

    Raises:
        InvalidInput: it holds what JSON cannot.
    """
    content = dict(document)
    content.pop(VERSION, None)
    try:
        return orjson.dumps(content, option=_STRICT)
    except TypeError as exc:
        raise InvalidInput(f"document {document.get(ID)}: {exc}") from exc


def first_of_each(documents: Iterable[Document]) -> dict[str, Document]:
    """By id; of a repeated id the first.

    Raises:
        InvalidInput: a document has no id.
    """
    found: dict[str, Document] = {}
    for document in documents:
        found.setdefault(id_of(document), document)
    return found


def last_of_each(documents: Iterable[Document]) -> dict[str, Document]:
    """By id; of a repeated id the last."""
    return {id_of(document): document for document in documents}


def distinct(ids: Iterable[str]) -> list[str]:
    """Those that a store may hold, each once."""
    return [doc_id for doc_id in dict.fromkeys(ids) if _storable(doc_id)]


def id_of(document: Document) -> str:
    """Raises InvalidInput unless `_id` is text."""
    match document.get(ID):
        case str(doc_id) if doc_id:
            return doc_id
    raise _invalid(ID, "give a text that is not empty")


def version_of(document: Document) -> int:
    """Raises InvalidInput unless `_v` is the version a document was read with."""
    match document.get(VERSION):
        case int(version):
            return version
    raise _invalid(VERSION, "give the document as it was read, with its version")


_SCALARS = frozenset((str, int, float, bool, type(None)))


def _scalar(value: Any) -> TypeGuard[Scalar]:
    return type(value) in _SCALARS or isinstance(value, str | int | float)


def _endless(value: Scalar) -> bool:
    """JSON has neither infinity nor what is no number: SQLite would keep nothing, and MongoDB keep it."""
    return isinstance(value, float) and not isfinite(value)


def _storable(text: str) -> bool:
    """Lone surrogates are not."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def cursor(value: Scalar, doc_id: str) -> str:
    """Of the page after a document, by the value that it has in the field of the order."""
    return urlsafe_b64encode(orjson.dumps([value, doc_id])).decode("ascii").rstrip("=")


def position(after: str) -> tuple[Scalar, str]:
    try:
        match orjson.loads(urlsafe_b64decode(after + "=" * (-len(after) % 4))):
            case [value, str(doc_id)] if _scalar(value):
                return value, doc_id
    except ValueError:
        pass
    raise _invalid("after", "give the `next` of the page before, or leave it out")


def _invalid(field: str, fix: str) -> InvalidInput:
    return InvalidInput(f"{field}: {fix}", fields={field: fix})


def in_chunks(items: Sequence[Any], sizes: Sequence[int]) -> Iterable[Sequence[Any]]:
    """Cuts into the given sizes, largest first; the last size is 1."""
    start = 0
    for size in sizes:
        while len(items) - start >= size:
            yield items[start : start + size]
            start += size
