"""Fetching ahead: while a batch is stored and published, the next one is on its way."""

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

T = TypeVar("T")


async def ahead(source: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """The items of `source` in order, each made while the one before is used: at most two are held."""
    upcoming = asyncio.ensure_future(anext(source))
    try:
        while True:
            try:
                item = await upcoming
            except StopAsyncIteration:
                return
            upcoming = asyncio.ensure_future(anext(source))
            yield item
    finally:
        upcoming.cancel()
        await asyncio.wait([upcoming])
        if not upcoming.cancelled():
            upcoming.exception()  # nobody asks for it any more
        await source.aclose()
