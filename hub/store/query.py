"""What both store adapters share: which index serves a query, what a field may hold, and the cursor of a page."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, TypeGuard

import orjson

from hub.kit.errors import ConfigurationError, InvalidInput
from hub.store.base import CollectionSpec, Document, In, Index, Page, Range, Scalar, Where

SCHEMA_VERSION = 1
"""Of how documents lie in a store; raised when an older hub could not read them."""

ID, VERSION = "_id", "_v"
MAX_ALTERNATIVES = 1000
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
    """The first fields of the index, each with the values that will do."""
    order: str
    bounds: Range | None
    """On `order`."""
    rest: dict[str, Scalar | In | Range]
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
        return Page(items, _cursor(items[-1].get(self.order), items[-1][ID]))


class Schema:
    """A collection's declared fields, and the plans for its queries."""

    def __init__(self, spec: CollectionSpec) -> None:
        self.name = spec.name
        self.indexes = spec.indexes
        self.fields = tuple(dict.fromkeys(field for index in spec.indexes for field in index.fields if field != ID))
        if spec.name == "meta" or not _COLLECTION.fullmatch(spec.name) or not all(map(_NAME.fullmatch, self.fields)):
            raise ValueError(f"{spec}: names are lower-case letters, digits and underscores, and `meta` is taken")

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
        if limit < 1:
            raise InvalidInput("limit: give 1 or more", fields={"limit": "give 1 or more"})
        by = ID if order in where and _scalar(where[order]) else order
        index, served = self._serving(where, by)
        bounds = where.get(by)
        return Plan(
            index=index,
            fixed={field: _alternatives(where[field]) for field in served},
            order=by,
            bounds=bounds if isinstance(bounds, Range) else None,
            rest={f: c for f, c in where.items() if f not in served and not (f == by and isinstance(c, Range))},
            descending=descending,
            limit=limit,
            after=None if after is None else _position(after),
        )

    def check(self, where: Where) -> None:
        """Raises InvalidInput unless the conditions are of known kinds on declared fields."""
        for field, condition in where.items():
            self._declared(field)
            if isinstance(condition, In):
                if len(condition.values) > MAX_ALTERNATIVES:
                    raise _invalid(field, f"at most {MAX_ALTERNATIVES} values")
                for value in condition.values:
                    self._checked(field, value)
            elif isinstance(condition, Range):
                self._checked(field, condition.since)
                self._checked(field, condition.until)
            else:
                self._checked(field, condition)

    def _declared(self, field: str) -> None:
        if field != ID and field not in self.fields:
            raise _invalid(field, f"no index of {self.name} declares this field")

    def _checked(self, field: str, value: Any) -> Scalar:
        if not _scalar(value) or (type(value) is int and not -_INT64 <= value < _INT64):
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
    if index.sparse and not _gives_value(where, index.fields[0]):
        return None
    fixed: list[str] = []
    for field in index.fields:
        if field == order or not _fixes(where, field):
            return tuple(fixed) if field == order and _few(where, fixed) else None
        fixed.append(field)
    return tuple(fixed) if order == ID and _few(where, fixed) else None


def _fixes(where: Where, field: str) -> bool:
    return field in where and not isinstance(where[field], Range)


def _gives_value(where: Where, field: str) -> bool:
    return _fixes(where, field) and None not in _alternatives(where[field])


def _few(where: Where, fields: Iterable[str]) -> bool:
    return prod(len(_alternatives(where[field])) for field in fields) <= MAX_ALTERNATIVES


def _alternatives(condition: Scalar | In | Range) -> tuple[Scalar, ...]:
    assert not isinstance(condition, Range)
    return tuple(dict.fromkeys(condition.values)) if isinstance(condition, In) else (condition,)


def check_schema_version(found: int, place: str) -> None:
    """Raises ConfigurationError if a newer version of the hub wrote this."""
    if found > SCHEMA_VERSION:
        raise ConfigurationError(
            f"{place} was written by a newer version of omnihub (schema {found}, this one knows {SCHEMA_VERSION});"
            " install that version, or start with other data"
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


def _scalar(value: Any) -> TypeGuard[Scalar]:
    return value is None or isinstance(value, str | int | float)


def _storable(text: str) -> bool:
    """Lone surrogates are not."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _cursor(value: Scalar, doc_id: str) -> str:
    return urlsafe_b64encode(orjson.dumps([value, doc_id])).decode("ascii").rstrip("=")


def _position(after: str) -> tuple[Scalar, str]:
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
