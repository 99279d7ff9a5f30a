"""A page of what lists one of several tokens in `seen_by`, for those who have these."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from hub.store.base import Page
from hub.store.query import cursor
from hub.store.told import Told


async def merged(
    collection: Told,
    tokens: Iterable[str],
    where: Mapping[str, Any],
    *,
    order: str,
    descending: bool = False,
    limit: int,
    after: str | None,
) -> Page:
    """A page of each token, merged; each record once."""
    pages = await asyncio.gather(
        *(
            collection.find({**where, "seen_by": token}, order=order, descending=descending, limit=limit, after=after)
            for token in tokens
        )
    )
    found = {document["_id"]: document for page in pages for document in page.items}
    ordered = sorted(found.values(), key=lambda one: (one[order], one["_id"]), reverse=descending)
    items = ordered[:limit]
    more = len(ordered) > limit or any(page.next for page in pages)
    return Page(items, cursor(items[-1][order], items[-1]["_id"]) if more and items else None)
