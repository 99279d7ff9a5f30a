"""Fetching ahead."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from services.email.inbound.ahead import ahead


async def test_items_come_in_order_and_the_next_one_is_made_meanwhile() -> None:
    made: list[int] = []

    async def numbers() -> AsyncGenerator[int, None]:
        for number in range(4):
            made.append(number)
            yield number

    seen = []
    async with aclosing(ahead(numbers())) as items:
        async for number in items:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            seen.append((number, len(made)))
    assert seen == [(0, 2), (1, 3), (2, 4), (3, 4)]


async def test_a_fault_comes_after_what_was_made_before_it() -> None:
    async def faulty() -> AsyncGenerator[int, None]:
        yield 1
        raise ConnectionError

    seen: list[int] = []

    async def use() -> None:
        async with aclosing(ahead(faulty())) as items:
            async for number in items:
                seen.append(number)

    with pytest.raises(ConnectionError):
        await use()
    assert seen == [1]


async def test_whoever_stops_early_leaves_nothing_running() -> None:
    ended = asyncio.Event()

    async def endless() -> AsyncGenerator[int, None]:
        try:
            yield 1
            await asyncio.sleep(60)
            yield 2
        finally:
            ended.set()

    async def use() -> None:
        async with aclosing(ahead(endless())) as items:
            async for _ in items:
                await asyncio.sleep(0)
                raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        await use()
    assert ended.is_set()
