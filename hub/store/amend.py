"""Changes one document by compare-and-swap until nobody is faster."""

from collections.abc import Callable

from hub.store.base import Collection, Document

Change = Callable[[Document], Document | None]
"""The document as it shall be, from the one that is stored; none leaves it."""


async def amend(collection: Collection, doc_id: str, change: Change) -> Document | None:
    """The document as it then is; none if there is none under this id. `change` may run several times."""
    while (stored := await collection.get(doc_id)) is not None:
        wanted = change(dict(stored))
        if wanted is None:
            return stored
        if await collection.swap(wanted):
            return wanted
    return None


async def upsert(collection: Collection, fresh: Document, change: Change) -> Document:
    """Like `amend`; `fresh` is inserted where there is nothing yet."""
    while True:
        if await collection.insert(fresh):
            return fresh
        if (amended := await amend(collection, str(fresh["_id"]), change)) is not None:
            return amended
