"""Changes one document by compare-and-swap until nobody is faster."""

import asyncio
import random
from collections.abc import Callable

from hub.kit.errors import StoreUnavailable
from hub.store.base import Collection, Document

Change = Callable[[Document], Document | None]
"""The document as it shall be, from the one that is stored; none, or the same one, leaves it. It may run several
times and does not change what it is given."""
TRIES = 30
_PAUSE = 0.01
"""Seconds that the pause between two tries grows by at most."""


async def amend(collection: Collection, doc_id: str, change: Change) -> Document | None:
    """The document as it is then; none where there is none under this id.

    Raises:
        StoreUnavailable: also when others change it at every one of `TRIES` tries.
    """
    for attempt in range(TRIES):
        stored = await collection.get(doc_id)
        wanted = None if stored is None else change(stored)
        if stored is None or wanted is None or wanted is stored:
            return stored
        if await collection.swap(wanted):
            return {**wanted, "_v": stored["_v"] + 1}
        await contended(attempt)
    raise StoreUnavailable(f"{doc_id} is changed by too many at once; try again")


async def upsert(collection: Collection, fresh: Document, change: Change) -> Document:
    """Like `amend`; `fresh` is inserted where there is nothing yet."""
    while True:
        if await collection.insert(fresh):
            return {**fresh, "_v": 1}
        if (amended := await amend(collection, str(fresh["_id"]), change)) is not None:
            return amended


async def contended(attempt: int) -> None:
    """A growing random pause, so that racing copies part."""
    await asyncio.sleep(random.uniform(0, _PAUSE * attempt))
