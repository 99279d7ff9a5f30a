"""Identity by pointer: a client or chain that was merged into another names it in `into`, and keeps what is its own.

Reading goes through the root, which is the one that was merged into nothing. So merging and parting change a handful
of documents, whatever the clients have, and parting is exact.
"""

from collections.abc import Iterable
from typing import Protocol

from hub.kit.errors import NotFound
from hub.kit.every import every
from hub.store.base import Document, In, Page, Where

_AT_ONCE = 500
_DEEPEST = 50
"""Steps to a root; more is a ring, which nothing makes."""


class Readable(Protocol):
    """A collection that is read."""

    async def get(self, doc_id: str) -> Document | None: ...


class Merged(Protocol):
    """A collection of documents that may be merged."""

    async def get_many(self, ids: Iterable[str]) -> dict[str, Document]: ...

    async def find(self, where: Where, *, order: str = "_id", limit: int = 100, after: str | None = None) -> Page: ...


async def roots(collection: Merged, ids: Iterable[str]) -> dict[str, Document]:
    """By id: the document of its root, its own where it was not merged; what does not exist is left out."""
    found = await collection.get_many(ids)
    at = dict(found)
    for _ in range(_DEEPEST):
        merged = {doc_id: document["into"] for doc_id, document in at.items() if document.get("into")}
        if not merged:
            return at
        nearer = await collection.get_many(set(merged.values()))
        at |= {doc_id: nearer.get(into) or {**at[doc_id], "into": None} for doc_id, into in merged.items()}
    return at


async def root_of(collection: Merged, doc_id: str, noun: str) -> Document:
    """The document of its root. Raises NotFound."""
    return _there((await roots(collection, [doc_id])).get(doc_id), doc_id, noun)


async def existing(collection: Readable, doc_id: str, noun: str = "") -> Document:
    """The document itself, merged or not. Raises NotFound."""
    return _there(await collection.get(doc_id), doc_id, noun)


def _there(document: Document | None, doc_id: str, noun: str) -> Document:
    if document is None:
        raise NotFound(f"there is no {noun} {doc_id}" if noun else f"there is nothing under {doc_id}")
    return document


async def members(collection: Merged, ids: Iterable[str]) -> dict[str, tuple[str, Document]]:
    """Of all that were merged into these, directly or over others: the id of the root and the document."""
    found: dict[str, tuple[str, Document]] = {}
    root_of = {doc_id: doc_id for doc_id in ids}
    left = list(root_of)
    while left:
        now, left = left[:_AT_ONCE], left[_AT_ONCE:]
        for document in await _merged_into(collection, now):
            if document["_id"] not in found and document["_id"] not in root_of:
                root = root_of[document["_id"]] = root_of[document["into"]]
                found[document["_id"]] = (root, document)
                left.append(document["_id"])
    return found


async def _merged_into(collection: Merged, ids: list[str]) -> list[Document]:
    return await every(lambda after: collection.find({"into": In(ids)}, limit=_AT_ONCE, after=after))
