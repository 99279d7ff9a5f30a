"""The store port: documents by id, in collections with declared indexes. Two adapters pass one contract suite.

Every method raises `StoreUnavailable` when the store does not answer or does not confirm; what a write method
returned is durable.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Document = dict[str, Any]
"""JSON values only. `_id` (text) names it; `_v` (whole number, from 1) is its version, kept by the store.

Moments are stored as text in the form `hub.kit.clock.iso` writes, which sorts in the order of time.
"""

Scalar = str | int | float | bool | None
MANY_VALUES = 1000
"""A list in a declared field holds at most so many."""


@dataclass(frozen=True, slots=True)
class Index:
    """Fields by which documents are found, equality fields first, then at most one to order by.

    A field is a top-level name whose value is a scalar. `_id` is always there and breaks ties in every order.
    """

    fields: tuple[str, ...]
    sparse: bool = False
    """Serves only conditions that give its first field a value, or bounds; a document without that field costs it
    nothing."""
    many: bool = False
    """Its first field holds a list of up to `MANY_VALUES` scalars: tags, participants, watchers. It serves conditions
    that name one of them, or several with `All`; a document without any costs it nothing. No other index has that
    field. A document that has some has a value in each field that the index goes on with."""

    def __init__(self, *fields: str, sparse: bool = False, many: bool = False) -> None:
        object.__setattr__(self, "fields", fields)
        object.__setattr__(self, "sparse", sparse)
        object.__setattr__(self, "many", many)


@dataclass(frozen=True, slots=True)
class CollectionSpec:
    """A collection and its indexes, declared together."""

    name: str
    indexes: tuple[Index, ...] = ()


@dataclass(frozen=True, slots=True)
class Range:
    """`since` <= value < `until`; none is open."""

    since: Scalar = None
    until: Scalar = None


@dataclass(frozen=True, slots=True)
class In:
    """Any of these values (up to 1,000)."""

    values: tuple[Scalar, ...]

    def __init__(self, values: Iterable[Scalar]) -> None:
        object.__setattr__(self, "values", tuple(values))


@dataclass(frozen=True, slots=True)
class All:
    """A list that has every one of these values (1 to 20); for the first field of an index with `many`."""

    values: tuple[Scalar, ...]

    def __init__(self, *values: Scalar) -> None:
        object.__setattr__(self, "values", values)


Condition = Scalar | In | Range | All
Where = Mapping[str, Condition]


@dataclass(frozen=True, slots=True)
class Page:
    """Some documents in order; `next` continues after them, none at the end."""

    items: list[Document] = field(default_factory=list)
    next: str | None = None


class Collection(Protocol):
    """Documents of one kind."""

    async def get(self, doc_id: str) -> Document | None: ...

    async def get_many(self, ids: Iterable[str]) -> dict[str, Document]:
        """Those that exist, by id."""
        ...

    async def insert(self, document: Document) -> bool:
        """Adds it with version 1 unless the id is taken; says whether it was new."""
        ...

    async def insert_many(self, documents: Sequence[Document]) -> set[str]:
        """Adds those whose id is free; returns the ids that were new. A repeated id in one call counts once."""
        ...

    async def swap(self, document: Document) -> bool:
        """Replaces the document if the stored version is still its `_v`, and makes the version one higher.

        False: somebody else was faster, or it is gone; read it again. The document given is not changed.
        """
        ...

    async def swap_many(self, documents: Sequence[Document]) -> set[str]:
        """The ids that were swapped; each document stands for itself."""
        ...

    async def unset(self, documents: Sequence[Document], *fields: str) -> set[str]:
        """Takes top-level fields out of those whose stored version is still their `_v`, and makes it one higher.

        The ids of those; the same as a swap, without writing the rest of the document anew.

        Raises:
            InvalidInput: an index with `many` goes on with a field; nothing was changed.
        """
        ...

    async def put_many(self, documents: Sequence[Document]) -> None:
        """Writes whatever is there already; for what is derived and the same whoever writes it."""
        ...

    async def delete_many(self, ids: Iterable[str]) -> int:
        """How many were there."""
        ...

    async def delete(self, document: Document) -> bool:
        """Removes the document if the stored version is still its `_v`. False: somebody changed it, or it is gone."""
        ...

    async def find(
        self,
        where: Where,
        *,
        order: str = "_id",
        descending: bool = False,
        limit: int = 100,
        after: str | None = None,
    ) -> Page:
        """Documents for which every condition holds.

        One declared index must serve: its first fields are conditions by equality or `In`, the next one is `order`
        (which may carry a `Range`). Further conditions are allowed on fields of any declared index and are checked
        on what the index finds. `after` is the `next` of the page before.

        Raises:
            InvalidInput: no index serves, a field is not declared, or `after` is not one of ours.
        """
        ...

    async def count(self, where: Where, *, at_most: int) -> int:
        """How many documents meet the conditions, which an index must serve as for `find`; it stops at `at_most`.

        A list may be asked for `In`: the documents that have any of these values, each counted once.
        """
        ...

    async def count_by(self, field: str, where: Where | None = None) -> dict[Scalar, int]:
        """How many documents there are for each value of a declared field that holds one.

        It may read them all; on SQLite it has a thread of its own, so that no other read waits for it.
        """
        ...


class Store(Protocol):
    """The collections of one service."""

    def collection(self, spec: CollectionSpec) -> Collection: ...

    async def start(self) -> None:
        """Makes what is declared; safe to repeat, and while others run.

        Raises:
            ConfigurationError: the data is of a newer version.
        """
        ...

    async def stop(self) -> None: ...

    async def ping(self) -> None:
        """Returns when a write would be confirmed; raises StoreUnavailable otherwise."""
        ...
