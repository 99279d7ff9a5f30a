"""At any instant at most one owner holds a lease."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from hub.store.leases import LEASES, Lease, Leases
from hub.store.sqlite import SqliteStore
from hub.testing.fakes import FakeClock

TTL = timedelta(seconds=30)
Owner = Callable[[str], Leases]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def owner(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Owner]:
    store = SqliteStore(tmp_path / "leases.sqlite")
    collection = store.collection(LEASES)
    await store.start()
    yield lambda name: Leases(collection, clock, name, TTL)
    await store.stop()


async def test_what_nobody_holds_is_taken(owner: Owner, clock: FakeClock) -> None:
    assert await owner("a").take("mailbox") == Lease("mailbox", "a", clock.now() + TTL, 1)


async def test_what_another_holds_is_not_taken(owner: Owner) -> None:
    await owner("a").take("mailbox")
    assert await owner("b").take("mailbox") is None
    assert await owner("b").take("other mailbox") is not None


async def test_of_many_who_ask_at_once_one_gets_it(owner: Owner, clock: FakeClock) -> None:
    for _ in range(3):
        taken = await asyncio.gather(*(owner(str(n)).take("mailbox") for n in range(20)))
        assert len([lease for lease in taken if lease]) == 1
        clock.advance(TTL)


async def test_a_lease_of_ours_is_taken_again_in_the_same_epoch(owner: Owner, clock: FakeClock) -> None:
    await owner("a").take("mailbox")
    clock.advance(TTL / 2)
    assert await owner("a").take("mailbox") == Lease("mailbox", "a", clock.now() + TTL, 1)


async def test_an_expired_lease_falls_to_the_next_in_a_new_epoch(owner: Owner, clock: FakeClock) -> None:
    await owner("a").take("mailbox")
    clock.advance(TTL)
    assert await owner("b").take("mailbox") == Lease("mailbox", "b", clock.now() + TTL, 2)


async def test_a_renewed_lease_is_held_longer(owner: Owner, clock: FakeClock) -> None:
    lease = await owner("a").take("mailbox")
    assert lease
    for _ in range(3):
        clock.advance(TTL * 0.9)
        assert await owner("a").renew(lease)
    assert await owner("b").take("mailbox") is None


async def test_a_lost_lease_is_not_renewed(owner: Owner, clock: FakeClock) -> None:
    lost = await owner("a").take("mailbox")
    assert lost
    clock.advance(TTL)
    await owner("b").take("mailbox")
    assert not await owner("a").renew(lost)
    clock.advance(TTL)
    assert await owner("a").take("mailbox")
    assert not await owner("a").renew(lost)


async def test_a_released_lease_is_free_at_once(owner: Owner) -> None:
    lease = await owner("a").take("mailbox")
    assert lease
    await owner("a").release(lease)
    taken = await owner("b").take("mailbox")
    assert taken
    assert taken.epoch == 2


async def test_releasing_a_lost_lease_takes_it_from_nobody(owner: Owner, clock: FakeClock) -> None:
    lost = await owner("a").take("mailbox")
    assert lost
    clock.advance(TTL)
    await owner("b").take("mailbox")
    await owner("a").release(lost)
    assert await owner("c").take("mailbox") is None
