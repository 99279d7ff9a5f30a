"""Tasks are ended although a library swallows a cancellation."""

import asyncio
from contextlib import suppress

from hub.kit.tasks import end
from hub.testing.waiting import PATIENCE


async def test_a_task_that_swallows_a_cancellation_is_ended_all_the_same() -> None:
    cancellations = 0

    async def stubborn() -> None:
        nonlocal cancellations
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        cancellations += 1
        await asyncio.Event().wait()

    tasks = [asyncio.create_task(stubborn()) for _ in range(2)]
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE):
        await end(tasks)
    assert (cancellations, [task.cancelled() for task in tasks]) == (2, [True, True])


async def test_what_has_ended_is_left_alone() -> None:
    async def fail() -> None:
        raise ValueError("told by itself")

    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    await end([task])
    assert str(task.exception()) == "told by itself"
