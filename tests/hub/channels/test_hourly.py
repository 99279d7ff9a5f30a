"""At most so many messages an hour, over restarts too."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.channels.hourly import Hourly
from hub.channels.sender import Hold
from hub.channels.sends import SendRepository
from hub.contracts.interaction import SendMessage
from hub.kit.clock import iso
from hub.store.sqlite import SqliteStore
from hub.testing.fakes import FakeClock

MESSAGE = SendMessage(id="in_1", channel="email", account="mb_1", to=(), text="x")


@pytest.fixture
async def sends(tmp_path: Path) -> AsyncIterator[SendRepository]:
    store = SqliteStore(tmp_path / "sends.sqlite")
    repository = SendRepository(store, service="t")
    await store.start()
    yield repository
    await store.stop()


async def test_what_is_over_the_limit_waits_until_the_hour_allows_it(sends: SendRepository) -> None:
    clock = FakeClock()
    pace = Hourly("mb_1", 2, sends=sends, clock=clock)
    assert await pace.ask(MESSAGE) is None
    clock.advance(timedelta(minutes=20))
    assert await pace.ask(MESSAGE) is None
    words = "held: at most 2 an hour may leave from here"
    assert await pace.ask(MESSAGE) == Hold(timedelta(minutes=40), words, whole=True)
    clock.advance(timedelta(minutes=40))
    assert await pace.ask(MESSAGE) is None
    assert await pace.ask(MESSAGE) == Hold(timedelta(minutes=20), words, whole=True)


async def test_a_restart_forgets_nothing_that_left(sends: SendRepository) -> None:
    clock = FakeClock()
    for number, minutes in enumerate((90, 30, 10)):
        handed = iso(clock.now() - timedelta(minutes=minutes))
        await sends.add([{"_id": f"in_{number}", "account": "mb_1", "handed_at": handed}])
    await sends.add([{"_id": "in_other", "account": "mb_2", "handed_at": iso(clock.now())}])
    pace = Hourly("mb_1", 2, sends=sends, clock=clock)
    words = "held: at most 2 an hour may leave from here"
    assert await pace.ask(MESSAGE) == Hold(timedelta(minutes=30), words, whole=True)
