"""A page of what is found in several ways: by each token that somebody has."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from hub.store.base import Page
from hub.store.query import cursor
from hub.store.told import Told


async def merged(
    collection: Told,
    wheres: Iterable[Mapping[str, Any]],
    *,
    order: str,
    descending: bool = False,
    limit: int,
    after: str | None,
) -> Page:
    """A page of what any of these conditions finds, each record once."""
    pages = await asyncio.gather(
        *(collection.find(where, order=order, descending=descending, limit=limit, after=after) for where in wheres)
    )
    found = {document["_id"]: document for page in pages for document in page.items}
    ordered = sorted(found.values(), key=lambda one: (one[order], one["_id"]), reverse=descending)
    items = ordered[:limit]
    more = len(ordered) > limit or any(page.next for page in pages)
    return Page(items, cursor(items[-1][order], items[-1]["_id"]) if more and items else None)
