"""Webhooks of one moment are taken over together, in order, and each is told what became of its batch."""

import asyncio
from collections.abc import Sequence

import pytest

from services.messaging.inbound.together import Together


class Taker:
    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()

    async def take(self, items: Sequence[int]) -> None:
        await self.gate.wait()
        self.batches.append(list(items))
        if 13 in items:
            raise ValueError("thirteen")


async def test_what_comes_while_a_batch_is_in_hand_is_the_next_batch_in_order() -> None:
    taker = Taker()
    together = Together(taker.take)
    first = asyncio.create_task(together.add(0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rest = [asyncio.create_task(together.add(number)) for number in range(1, 20) if number != 13]
    await asyncio.sleep(0)
    taker.gate.set()
    await asyncio.gather(first, *rest)
    assert taker.batches == [[0], [number for number in range(1, 20) if number != 13]]


async def test_a_batch_has_no_more_than_it_may() -> None:
    taker = Taker()
    taker.gate.set()
    together = Together(taker.take, most=4)
    await asyncio.gather(*(together.add(number) for number in range(10)))
    assert sorted(map(len, taker.batches)) == [2, 4, 4]


async def test_a_batch_that_fails_fails_for_each_of_it_and_the_next_goes_on() -> None:
    taker = Taker()
    taker.gate.set()
    together = Together(taker.take)
    outcomes = await asyncio.gather(together.add(12), together.add(13), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ValueError, ValueError]
    await together.add(14)
    assert taker.batches[-1] == [14]


async def test_who_goes_away_before_the_answer_does_not_stop_the_others() -> None:
    taker = Taker()
    together = Together(taker.take)
    gone = asyncio.create_task(together.add(1))
    stays = asyncio.create_task(together.add(2))
    await asyncio.sleep(0)
    gone.cancel()
    taker.gate.set()
    await stays
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert taker.batches == [[1, 2]]
