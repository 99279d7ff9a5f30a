"""Calendars of employees: what is planned, what is due, and when they are free."""

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.api.actor import Actor
from hub.contracts.scope import EVERYTHING
from hub.store.sqlite import SqliteStore
from hub.testing.builders import NOON
from services.interactions.addresses import Addresses
from services.interactions.agenda import service
from services.interactions.agenda.forms import AgendaQuery, FreeQuery
from services.interactions.agenda.service import Agenda
from services.interactions.agenda.spans import Span, common, joined, long_enough, without
from services.interactions.agenda.views import EntryView
from services.interactions.analysis.forms import PlanFactQuery, SilentQuery, UnansweredQuery
from services.interactions.byhand.forms import ByHandForm, FactForm, PlanForm
from services.interactions.byhand.service import ByHand
from services.interactions.handover import ChainChange, Handover
from services.interactions.models import INTERACTIONS
from services.interactions.seen import Seen
from services.interactions.tasks.forms import NewTask
from services.interactions.tasks.service import Tasks
from services.interactions.upgrades import Upgrades
from tests.services.interactions.conftest import Bench, Directory

OLGA = Actor(login="olga", reach=(EVERYTHING,), reads=(EVERYTHING,))
BORIS = Actor(login="boris", reach=("owner:boris",), reads=("owner:boris",))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MORNING = NOON - 6 * HOUR
"""09:00 in Moscow, on a Monday."""
ANNA = {"address": "anna@example.com", "name": "Анна", "role": "attendee"}
minutes = st.integers(0, 60)
spans = st.lists(st.tuples(minutes, minutes).map(lambda pair: (min(pair), max(pair) + 1)), max_size=8)


@pytest.fixture
def by_hand(bench: Bench) -> ByHand:
    repository, clock = bench.repository, bench.clock
    return ByHand(
        repository,
        Seen(repository, Directory()),
        Handover(repository, clock),
        Addresses(repository, region="RU"),
        clock,
        bench.calendars,
    )


@pytest.fixture
def agenda(bench: Bench) -> Agenda:
    return Agenda(bench.repository, bench.tasks, Seen(bench.repository, Directory()), bench.calendars)


async def planned(by_hand: ByHand, at: datetime, minutes: int = 60, actor: Actor = OLGA, **form: Any) -> Any:
    plan = {"at": at, "minutes": minutes, "place": "Тверская, 1"}
    fields = {"type": "meeting", "subject": "Замер", "participants": [ANNA], "plan": plan} | form
    return await by_hand.add(ByHandForm(**fields), actor=actor, key=None)


async def shown(agenda: Agenda, *logins: str, actor: Actor = OLGA, days: int = 7) -> list[EntryView]:
    found = await agenda.entries(actor, logins, Span(NOON - DAY, NOON - DAY + days * DAY))
    assert not found.more
    return found.items


def span(since: int, until: int) -> Span:
    return Span(NOON + since * timedelta(minutes=1), NOON + until * timedelta(minutes=1))


def covered(found: list[Span]) -> set[int]:
    minute = timedelta(minutes=1)
    return {number for one in found for number in range((one.since - NOON) // minute, (one.until - NOON) // minute)}


async def test_a_calendar_has_what_somebody_planned_what_he_takes_part_in_and_what_is_due(
    bench: Bench, by_hand: ByHand, agenda: Agenda
) -> None:
    own = await planned(by_hand, NOON + HOUR)
    with_boris = await planned(by_hand, NOON + DAY, participants=[ANNA, {"login": "boris", "role": "host"}])
    await planned(by_hand, NOON + 30 * DAY)
    tasks = Tasks(bench.tasks, Seen(bench.repository, Directory()), bench.clock, bench.calendars)
    task = await tasks.open(NewTask(title="Счёт", due=NOON + 2 * DAY, assignee="olga"), actor=OLGA, key=None)
    found = await shown(agenda, "olga")
    assert [one.id for one in found] == [own["_id"], with_boris["_id"], task["_id"]]
    first = found[0]
    assert (first.title, first.client_name, first.place, first.minutes) == ("Замер", "Анна", "Тверская, 1", 60)
    assert [(one.kind, one.state) for one in found] == [("contact", "planned")] * 2 + [("task", "open")]
    (of_boris,) = await shown(agenda, "boris")
    assert (of_boris.id, of_boris.logins) == (with_boris["_id"], ["boris"])
    assert {tuple(one.logins) for one in await shown(agenda, "olga", "boris")} == {("olga",), ("olga", "boris")}


async def test_a_contact_moves_in_the_calendar_and_shows_what_became_of_it(by_hand: ByHand, agenda: Agenda) -> None:
    meeting = await planned(by_hand, NOON + HOUR)
    await by_hand.plan(meeting["_id"], PlanForm(at=NOON + 3 * DAY, minutes=30), actor=OLGA)
    (moved,) = await shown(agenda, "olga")
    assert (moved.at, moved.minutes, moved.state) == (NOON + 3 * DAY, 30, "planned")
    await by_hand.fact(meeting["_id"], FactForm(held=False), actor=OLGA)
    assert [one.state for one in await shown(agenda, "olga")] == ["missed"]


async def test_what_one_does_not_see_of_a_colleague_is_busy_and_nothing_more(
    bench: Bench, by_hand: ByHand, agenda: Agenda
) -> None:
    meeting = await planned(by_hand, NOON + HOUR)
    await Handover(bench.repository, bench.clock).chain(
        meeting["chain_id"], ChainChange(owner="olga", private=True), actor=OLGA
    )
    (busy,) = await shown(agenda, "olga", actor=BORIS)
    assert (busy.state, busy.at, busy.minutes, busy.logins) == ("busy", NOON + HOUR, 60, ["olga"])
    assert (busy.id, busy.title, busy.place, busy.client_id, busy.client_name, busy.chain_id) == (
        *(None, "", "", None, ""),
        None,
    )


async def test_what_began_before_and_lasts_until_then_is_in_the_calendar(by_hand: ByHand, agenda: Agenda) -> None:
    fair = await planned(by_hand, NOON - 5 * DAY, minutes=10 * 24 * 60)
    await planned(by_hand, NOON - 5 * DAY, minutes=60)
    assert [one.id for one in await shown(agenda, "olga", days=1)] == [fair["_id"]]


async def test_some_are_free_together_when_all_work_and_none_is_busy(by_hand: ByHand, agenda: Agenda) -> None:
    await planned(by_hand, MORNING + HOUR)
    await planned(by_hand, MORNING + 4 * HOUR, participants=[ANNA, {"login": "boris"}])
    await planned(by_hand, MORNING + 5 * HOUR, actor=BORIS)
    over = await planned(by_hand, MORNING + 7 * HOUR)
    await by_hand.fact(over["_id"], FactForm(held=False), actor=OLGA)
    query = FreeQuery(since=MORNING - 3 * HOUR, until=MORNING + 2 * DAY, minutes=90)
    found = await agenda.free(["olga", "boris"], query)
    free = [((one.since - MORNING) / HOUR, (one.until - MORNING) / HOUR) for one in found.free]
    assert free == [(2, 4), (6, 9), (24, 33)]
    assert [(one.login, (one.since - MORNING) / HOUR) for one in found.busy] == [
        ("boris", 4),
        ("olga", 1),
        ("olga", 4),
    ]
    assert found.off == []


async def test_whether_one_time_would_do_is_asked_with_just_that_time(by_hand: ByHand, agenda: Agenda) -> None:
    meeting = await planned(by_hand, MORNING)
    taken = await agenda.free(["olga"], FreeQuery(since=MORNING + HOUR / 2, until=MORNING + 2 * HOUR))
    assert ([one.login for one in taken.busy], taken.off) == (["olga"], [])
    moved = FreeQuery(since=MORNING, until=MORNING + HOUR, beside=meeting["_id"])
    assert (await agenda.free(["olga"], moved)).busy == []
    night = await agenda.free(["olga"], FreeQuery(since=MORNING - 4 * HOUR, until=MORNING - 3 * HOUR))
    assert (night.busy, night.off, night.free) == ([], ["olga"], [])


def test_a_calendar_is_of_two_months_at_most_and_ends_after_it_begins() -> None:
    for until in (NOON, NOON - DAY, NOON + 63 * DAY):
        with pytest.raises(ValidationError, match="until must be after since"):
            AgendaQuery(since=NOON, until=until)


async def test_what_was_planned_before_there_were_calendars_comes_into_them(
    by_hand: ByHand, agenda: Agenda, tmp_path: Path
) -> None:
    await planned(by_hand, NOON + HOUR)
    store = SqliteStore(tmp_path / "interactions.sqlite")
    upgrades = Upgrades(store)
    await store.start()
    collection = store.collection(INTERACTIONS)
    page = await collection.find({})
    await collection.swap_many([{k: v for k, v in one.items() if k != "diary"} for one in page.items])
    assert await shown(agenda, "olga") == []
    await upgrades.run()
    assert len(await shown(agenda, "olga")) == 1
    await store.stop()


@given(spans, spans)
def test_times_are_joined_shared_and_taken_away_as_their_minutes_are(one: Any, other: Any) -> None:
    first, second = (joined(span(*pair) for pair in found) for found in (one, other))
    assert covered(first) == {number for since, until in one for number in range(since, until)}
    assert covered(common(first, second)) == covered(first) & covered(second)
    left = list(without(first, second))
    assert covered(left) == covered(first) - covered(second)
    assert all(a.until < b.since for a, b in pairwise(first))
    assert covered(long_enough(left, 10)) <= covered(left)


async def test_ones_own_calendar_is_written_for_other_programs_with_rules_and_without_what_is_hidden(
    bench: Bench, by_hand: ByHand, agenda: Agenda
) -> None:
    shown_one = await planned(by_hand, NOON + HOUR, minutes=90)
    hidden = await planned(by_hand, NOON + DAY, participants=[ANNA, {"login": "boris"}])
    await planned(by_hand, NOON + 100 * DAY)
    handover = Handover(bench.repository, bench.clock)
    await handover.chain(hidden["chain_id"], ChainChange(owner="olga", private=True), actor=OLGA)
    tasks = Tasks(bench.tasks, Seen(bench.repository, Directory()), bench.clock, bench.calendars)
    weekly = NewTask(title="Счёт", due=NOON + 10 * HOUR, assignee="olga", repeats="FREQ=WEEKLY;BYDAY=TU")
    task = await tasks.open(weekly, actor=OLGA, key=None)
    own = {str(each["UID"]): each for each in events(await agenda.feed(OLGA, NOON))}
    assert own.keys() == {f"{one['_id']}@omnihub" for one in (shown_one, hidden, task)}
    meeting, repeating = own[f"{shown_one['_id']}@omnihub"], own[f"{task['_id']}@omnihub"]
    assert (meeting["SUMMARY"], meeting["LOCATION"], meeting["DESCRIPTION"]) == ("Замер", "Тверская, 1", "Анна")
    assert (meeting["DTSTART"].dt, meeting["DTEND"].dt) == (NOON + HOUR, NOON + HOUR + timedelta(minutes=90))
    assert repeating["DTSTART"].dt == NOON + 10 * HOUR
    assert (repeating["DTSTART"].params["TZID"], repeating["RRULE"].to_ical()) == (
        "Europe/Moscow",
        b"FREQ=WEEKLY;BYDAY=TU",
    )
    (busy,) = events(await agenda.feed(BORIS, NOON))
    assert (busy["SUMMARY"], busy["DTSTART"].dt, busy.get("LOCATION"), busy.get("DESCRIPTION")) == (
        *("busy", NOON + DAY),
        *(None, None),
    )
    assert hidden["_id"] not in busy["UID"]


def events(text: str) -> list[Any]:
    return list(icalendar.Calendar.from_ical(text).walk("VEVENT"))


async def test_what_was_over_before_takes_no_room_in_a_calendar_nor_leaves_somebody_free_who_is_not(
    by_hand: ByHand, agenda: Agenda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST", 3)
    for number in range(2, 9):
        await planned(by_hand, NOON - number * DAY)
    meeting = await planned(by_hand, NOON + HOUR)
    assert [one.id for one in await shown(agenda, "olga")] == [meeting["_id"]]
    query = FreeQuery(since=NOON + HOUR, until=NOON + 2 * HOUR, minutes=60)
    assert (await agenda.free(["olga"], query)).free == []


def test_everybody_who_may_be_an_employee_may_be_asked_for() -> None:
    since, login = NOON, "olga@firm.example"
    assert AgendaQuery(login=[login], since=since, until=since + DAY).login == [login]
    assert PlanFactQuery(login=[login], since=since, until=since + DAY).login == [login]
    assert SilentQuery(owner=login).owner == UnansweredQuery(owner=login).owner == login


@pytest.mark.parametrize("query", [AgendaQuery, FreeQuery, PlanFactQuery])
@pytest.mark.parametrize("year", [1, 9999])
def test_a_time_at_the_end_of_the_calendar_is_refused_by_its_field(query: Any, year: int) -> None:
    with pytest.raises(ValidationError, match="must lie between the years 1900 and 2200"):
        query(since=NOON.replace(year=year, month=12, day=1), until=NOON.replace(year=year, month=12, day=31))


async def test_a_calendar_for_other_programs_has_what_comes_however_much_there_was(
    bench: Bench, by_hand: ByHand, agenda: Agenda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST", 3)
    tasks = Tasks(bench.tasks, Seen(bench.repository, Directory()), bench.clock, bench.calendars)
    for number in (-6, -5, -4, -3, 1):
        await tasks.open(
            NewTask(title=f"Счёт {number}", due=NOON + number * DAY, assignee="olga"), actor=OLGA, key=None
        )
    await planned(by_hand, NOON - HOUR / 2)
    text = await agenda.feed(OLGA, NOON)
    assert ("SUMMARY:Счёт 1\r\n" in text, text.count("SUMMARY:Замер")) == (True, 1)
