"""How calls are counted: so many are read at most, whatever they are."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.contracts.scope import EVERYTHING
from hub.store.sqlite import SqliteStore
from hub.testing.fakes import FakeBus, FakeClock
from services.telephony.calls.repository import CALLS, CallRepository
from services.telephony.lines.models import OurLine
from services.telephony.lines.repository import Directory
from services.telephony.statistics.models import StatisticsQuery
from services.telephony.statistics.service import Counts

DAY: Any = {"since": "2026-03-02T00:00:00Z", "until": "2026-03-03T00:00:00Z"}


class TwoLines:
    async def directory(self) -> Directory:
        return Directory(
            [OurLine(id=f"ln_{number}", number=f"+7495123456{number}", exchange="ex_1") for number in (1, 2)]
        )


def a_call(number: int, *, line: str = "ln_1", direction: str = "in", complete: bool = True) -> dict[str, Any]:
    state = {
        "complete": complete,
        "part_of": None,
        "result": "answered",
        "wait": 5.0,
        "talk": 60.0,
        "queue": None,
        "line": None,
    }
    return {
        "_id": f"in_{number}",
        "line": line,
        "direction": direction,
        "started_at": f"2026-03-02T09:00:{number:02}.000000Z",
        "state": state,
    }


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "calls.sqlite")
    store.collection(CALLS)
    await store.start()
    yield store
    await store.stop()


async def counted(store: SqliteStore, *calls: dict[str, Any], most: int) -> tuple[int, bool]:
    repository = CallRepository(store)
    repository.on(FakeBus(), FakeClock())
    await store.collection(CALLS).insert_many(calls)
    counts = Counts(repository, TwoLines(), most=most)  # type: ignore[arg-type]
    found = await counts.of(StatisticsQuery(**DAY), [EVERYTHING])
    return sum(row.calls for row in found.items), found.complete


async def test_calls_that_came_in_and_are_over_are_counted(store: SqliteStore) -> None:
    calls = [a_call(1), a_call(2, direction="out"), a_call(3, complete=False), a_call(4, line="ln_2")]
    assert await counted(store, *calls, most=10) == (2, True)


async def test_those_that_are_not_counted_are_read_too_and_more_than_so_many_are_not(store: SqliteStore) -> None:
    calls = [a_call(number, direction="out") for number in range(3)]
    assert await counted(store, *calls, a_call(9, line="ln_2"), most=3) == (0, False)
