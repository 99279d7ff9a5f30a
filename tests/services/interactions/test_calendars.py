"""Working time: hours, holidays with their moved days, exceptions; what is due and overdue by them."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from hub.kit.clock import iso
from hub.kit.errors import InvalidInput
from services.interactions.calendars.forms import CalendarForm
from services.interactions.calendars.repository import of_employee, of_team
from services.interactions.calendars.working import WorkingCalendar
from tests.services.interactions.conftest import Bench
from tests.services.interactions.test_tasks import ANNA, OLGA, Desk

MOSCOW = ZoneInfo("Europe/Moscow")
HOUR = timedelta(hours=1)


def at(text: str, zone: ZoneInfo = MOSCOW) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def test_nobody_works_at_night_at_weekends_and_on_holidays() -> None:
    calendar = WorkingCalendar(MOSCOW)
    working = ["2026-03-02T09:00", "2026-03-02T17:59", "2026-03-10T12:00"]
    resting = ["2026-03-02T08:59", "2026-03-02T18:00", "2026-03-07T12:00", "2026-03-09T12:00", "2026-01-05T12:00"]
    assert [calendar.is_working(at(moment)) for moment in working] == [True] * 3
    assert [calendar.is_working(at(moment)) for moment in resting] == [False] * 5


def test_a_saturday_that_was_moved_into_the_week_is_worked_as_a_monday() -> None:
    assert WorkingCalendar(MOSCOW).is_working(at("2024-04-27T12:00"))
    assert not WorkingCalendar(MOSCOW, country="").is_working(at("2024-04-27T12:00"))


def test_working_time_goes_on_over_nights_weekends_and_holidays() -> None:
    calendar = WorkingCalendar(MOSCOW)
    friday = at("2026-03-06T17:00")
    assert calendar.after(friday, 2 * HOUR) == at("2026-03-10T10:00")
    assert calendar.between(friday, at("2026-03-10T10:00")) == 2 * HOUR
    assert calendar.between(at("2026-03-07T10:00"), at("2026-03-09T20:00")) == timedelta()
    assert calendar.end_of(date(2026, 3, 7)) == at("2026-03-10T18:00")


def test_an_exception_counts_before_holidays_and_hours() -> None:
    calendar = WorkingCalendar(MOSCOW, exceptions={date(2026, 3, 9): ((time(10), time(12)),), date(2026, 3, 2): ()})
    assert calendar.between(at("2026-03-09T00:00"), at("2026-03-10T00:00")) == 2 * HOUR
    assert not calendar.is_working(at("2026-03-02T12:00"))


def test_who_never_works_is_never_asked_for_ever() -> None:
    assert WorkingCalendar(MOSCOW, week={}, country="").after(at("2026-03-02T12:00"), HOUR) is None
    assert WorkingCalendar(MOSCOW, week={}, country="").end_of(date(2026, 3, 2)) is None


def test_a_day_on_which_the_clocks_change_has_its_own_length() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    calendar = WorkingCalendar(berlin, week={7: ((time(0), time(6)),)}, country="")
    night = at("2026-03-29T00:00", berlin)
    assert calendar.between(night, night + timedelta(days=1)) == 5 * HOUR


async def test_somebodys_own_calendar_counts_before_his_teams_and_that_before_the_one_for_all(bench: Bench) -> None:
    for name, zone in ((of_team("sales"), "Asia/Tomsk"), (of_employee("anna"), "Asia/Tokyo")):
        form = CalendarForm(time_zone=zone, week={"1": (("09:00", "18:00"),)})
        await bench.calendars.put(name, form.stored)
    found = [await bench.calendars.of(*who) for who in (("anna", "sales"), ("boris", "sales"), ("boris", None))]
    assert [calendar.zone.key for calendar in found] == ["Asia/Tokyo", "Asia/Tomsk", "Europe/Moscow"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_zone": "Mars/Olympus"},
        {"week": {"8": [["09:00", "18:00"]]}},
        {"week": {"1": [["18:00", "09:00"]]}},
        {"week": {"1": [["09:00", "13:00"], ["12:00", "18:00"]]}},
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises((ValidationError, InvalidInput)):
        CalendarForm(**({"time_zone": "Europe/Moscow", "week": {}} | wrong))


async def test_holidays_of_a_country_that_nobody_knows_are_refused_by_the_field(bench: Bench) -> None:
    form = CalendarForm(time_zone="Europe/Moscow", week={}, country="XX")
    with pytest.raises(InvalidInput) as refused:
        await bench.calendars.put("default", form.stored)
    assert list(refused.value.fields) == ["country"]


async def test_a_task_is_due_by_the_working_calendar_of_whoever_does_it(bench: Bench) -> None:
    desk = Desk(bench)
    bench.clock.set(at("2026-03-06T17:00"))
    within = await desk.open(assignee="anna", due_within=120)
    on = await desk.open(assignee="anna", due_day=date(2026, 3, 8))
    assert (within["due"], on["due"]) == (iso(at("2026-03-10T10:00")), iso(at("2026-03-10T18:00")))
    form = CalendarForm(time_zone="Asia/Tokyo", week={"7": (("09:00", "12:00"),)}, country="")
    await bench.calendars.put(of_employee("boris"), form.stored)
    moved = await desk.change(on, assignee="boris", due_day=date(2026, 3, 8))
    assert moved["due"] == iso(at("2026-03-08T12:00", ZoneInfo("Asia/Tokyo")))


async def test_a_task_is_overdue_when_working_time_has_passed_since_it_was_due(bench: Bench) -> None:
    desk = Desk(bench)
    task = await desk.open(assignee="anna", due=at("2026-03-06T18:00"))
    for moment, late in (("2026-03-09T12:00", set()), ("2026-03-10T09:01", {task["_id"]})):
        bench.clock.set(at(moment))
        assert await desk.tasks.overdue([task]) == late
    done = await desk.change(task, ANNA, state="done")
    assert await desk.tasks.overdue([done]) == set()


async def test_who_works_too_little_for_a_task_is_told_so_by_the_field(bench: Bench) -> None:
    desk = Desk(bench)
    await bench.calendars.put(of_employee("anna"), CalendarForm(time_zone="UTC", week={}, country="").stored)
    with pytest.raises(InvalidInput) as refused:
        await desk.open(OLGA, assignee="anna", due_within=60)
    assert list(refused.value.fields) == ["due_within"]
