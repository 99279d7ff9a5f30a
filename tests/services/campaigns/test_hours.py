"""How a list went by hour and weekday, on its own clock, with the best hour of those that tell anything."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from hub.kit.clock import iso
from hub.store.base import Document
from hub.store.sqlite import SqliteStore
from services.campaigns.calllists.hours import Hours, Lasted
from services.campaigns.calllists.models import DISPOSITIONS, CallListForm
from services.campaigns.calllists.repository import CallRepository

MONDAY = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)
"""Half past ten in Moscow."""
LIST: Document = {"_id": "cll_1", "zone": None}


class Calls:
    """The service of calls: each that was spoken in took a minute and a half."""

    async def durations(self, interactions: Sequence[str]) -> Mapping[str, Lasted]:
        return {one: Lasted(90.0, MONDAY + timedelta(minutes=2)) for one in interactions if "talked" in one}


class Book:
    """Attempts of a list."""

    def __init__(self, kept: CallRepository) -> None:
        self.kept = kept
        self.hours = Hours(kept, Calls(), "Europe/Moscow")
        self.count = 0

    async def tried(self, code: str, at: datetime = MONDAY, *, talked: bool = False) -> None:
        self.count += 1
        flags = list(DISPOSITIONS[code].flags)
        told = {"disposition": code, "flags": flags, "over_at": iso(MONDAY + timedelta(minutes=2, seconds=30))}
        interaction = f"in_{'talked' if talked else 'quiet'}{self.count}"
        await self.kept.attempts.insert(
            {"_id": f"att_{self.count}", "list": "cll_1", "at": iso(at), "interaction": interaction, **told}
        )


@pytest.fixture
async def book(store: SqliteStore) -> Book:
    kept = CallRepository(store)
    await store.start()
    return Book(kept)


async def test_attempts_are_counted_by_the_clock_of_the_list_and_add_up_to_the_total(book: Book) -> None:
    for code in ("busy", "dropped", "wrong_number"):
        await book.tried(code)
    await book.tried("sale", talked=True)
    await book.tried("not_interested", MONDAY + timedelta(hours=14), talked=True)
    found = await book.hours.of(LIST, MONDAY - timedelta(days=1), MONDAY + timedelta(days=1))
    rows = [(row.weekday, row.hour, row.attempts) for row in found.rows]
    assert (found.zone, rows) == ("Europe/Moscow", [("mon", 10, 4), ("tue", 0, 1)])
    total = found.total
    assert (total.attempts, total.answered, total.contacts, total.sales, total.dropped) == (5, 3, 2, 1, 1)
    assert (total.talk, total.after_call) == (90.0, 30.0)
    elsewhere = await book.hours.of({**LIST, "zone": "Asia/Vladivostok"}, MONDAY, MONDAY + timedelta(days=1))
    assert [(row.weekday, row.hour) for row in elsewhere.rows] == [("mon", 17), ("tue", 7)]


async def test_an_hour_of_few_attempts_is_never_the_best_one(book: Book) -> None:
    await book.tried("sale", MONDAY + timedelta(hours=3))
    for number in range(20):
        await book.tried("sale" if number < 5 else "busy")
    found = await book.hours.of(LIST, MONDAY, MONDAY + timedelta(days=1))
    assert found.best is not None
    assert (found.best.hour, found.best.attempts, found.best.contacts) == (10, 20, 5)


async def test_only_what_was_begun_in_the_period_is_counted(book: Book) -> None:
    await book.tried("sale", MONDAY - timedelta(days=2))
    await book.tried("sale")
    found = await book.hours.of(LIST, MONDAY, MONDAY + timedelta(days=1))
    assert (found.total.attempts, found.complete) == (1, True)


@pytest.mark.parametrize("zone", ["Europe", "", "../etc/passwd", "Nowhere/At_all"])
def test_a_zone_that_is_none_is_refused_also_where_it_is_a_folder_of_zones(zone: str) -> None:
    with pytest.raises(ValidationError, match="zone"):
        CallListForm.model_validate({"name": "Весна", "segment": "seg_1", "zone": zone})
