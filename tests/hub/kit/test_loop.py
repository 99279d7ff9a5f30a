"""A loop goes on whatever its step does, and ends when it is told to."""

import asyncio
from datetime import timedelta

from hub.kit.errors import StoreUnavailable
from hub.kit.loop import Loop
from hub.testing.waiting import eventually

NOW, NEVER = timedelta(milliseconds=1), timedelta(days=1)


async def test_a_step_that_raises_ends_only_itself() -> None:
    steps: list[int] = []

    async def step() -> None:
        steps.append(1)
        raise ValueError("a bug") if len(steps) % 2 else StoreUnavailable("down")

    loop = Loop("test", step, every=NOW)
    await loop.start()
    await eventually(lambda: len(steps) > 4)
    await loop.stop()


async def test_a_loop_that_is_woken_does_not_wait_for_its_time() -> None:
    steps: list[int] = []

    async def step() -> None:
        steps.append(1)

    loop = Loop("test", step, every=NEVER)
    await loop.start()
    await eventually(lambda: len(steps) == 1)
    loop.wake()
    await eventually(lambda: len(steps) == 2)
    await loop.stop()


async def test_a_stop_finishes_the_step_in_hand_and_nothing_follows() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()
    go = asyncio.Event()

    async def step() -> None:
        begun.set()
        await go.wait()
        ended.set()

    loop = Loop("test", step, every=NOW)
    await loop.start()
    await loop.start()
    await begun.wait()
    stopping = asyncio.create_task(loop.stop())
    await asyncio.sleep(0)
    assert loop.stopping
    go.set()
    await stopping
    assert ended.is_set()
    begun.clear()
    await asyncio.sleep(0.02)
    assert not begun.is_set()


async def test_a_stopped_loop_can_be_started_again() -> None:
    steps: list[int] = []

    async def step() -> None:
        steps.append(1)

    loop = Loop("test", step, every=NEVER)
    for count in (1, 2):
        await loop.start()
        await eventually(lambda: len(steps) == count)  # noqa: B023
        await loop.stop()
    await loop.stop()
