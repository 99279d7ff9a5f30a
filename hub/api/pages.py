"""Pages of lists, bounded in number by their caller and in bytes by us."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import accumulate
from typing import TypeVar

import orjson
from fastapi import Response
from pydantic import BaseModel

from hub.kit.every import Paged

T = TypeVar("T")

PAGE_BYTES = 2**20
"""Of the items of one page, as JSON; a page that would be larger ends earlier, and `next` goes on from there. One
item alone may be larger."""


async def listed(
    find: Callable[[int], Awaitable[Paged[T]]],
    show: Callable[[Sequence[T]], Awaitable[Sequence[BaseModel]]],
    *,
    limit: int,
) -> Response:
    """`{"items": […], "next": …}`, each item written once; `find` gives a page of at most so many."""
    while True:
        page = await find(limit)
        items = [view.model_dump_json().encode() for view in await show(page.items)]
        limit = _fitting(items)
        if limit == len(items):
            body = b'{"items":[%b],"next":%b}' % (b",".join(items), orjson.dumps(page.next))
            return Response(body, media_type="application/json")


def each(view: Callable[[T], BaseModel]) -> Callable[[Sequence[T]], Awaitable[Sequence[BaseModel]]]:
    """Items that are shown one by one."""

    async def shown(items: Sequence[T]) -> list[BaseModel]:
        return [view(item) for item in items]

    return shown


def _fitting(items: Sequence[bytes]) -> int:
    """How many of them fit; the first one always does."""
    within = sum(size <= PAGE_BYTES for size in accumulate(len(item) + 1 for item in items))
    return max(within, 1) if items else 0
