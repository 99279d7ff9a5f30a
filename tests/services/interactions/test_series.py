"""Planned contacts that come again."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from dateutil.rrule import rrulestr

from hub.kit.clock import iso
from hub.kit.errors import Conflict, InvalidInput
from services.interactions.agenda import service as agenda_service
from services.interactions.agenda.forms import FreeQuery
from services.interactions.agenda.service import Agenda
from services.interactions.agenda.spans import Span
from services.interactions.byhand.forms import FactForm, PlanForm
from services.interactions.byhand.models import MOST_REMINDERS, reminding, timer
from services.interactions.byhand.service import ByHand
from services.interactions.invitations.forms import InvitationForm, RsvpForm
from services.interactions.invitations.service import Invitations
from services.interactions.outgoing import Outgoing
from services.interactions.planned import Planned
from services.interactions.repeating import _times, between
from services.interactions.series.live import live
from services.interactions.series.models import NEXT, followed, next_id
from services.interactions.series.service import Recurring
from tests.services.interactions.conftest import NOON, Bench
from tests.services.interactions.test_agenda import HOUR, agenda, planned, shown
from tests.services.interactions.test_by_hand import ANNA, BORIS, DAY, OLGA, by_hand, notices
from tests.services.interactions.test_invitations import arrived, calendar_mail, invitations, sent

__all__ = ["agenda", "by_hand", "invitations"]
WEEK = 7 * DAY
CHIEF: dict[str, Any] = {"uid": "u1", "by": "chief@x.example", "organizer": "chief@x.example"}


@pytest.fixture
def due(bench: Bench) -> Planned:
    """What looks for timers."""
    fires = {timer(number): partial(reminding, number) for number in range(MOST_REMINDERS)}
    recurring = Recurring(bench.repository, Outgoing(bench.repository), bench.clock)
    return Planned(bench.repository, bench.bus, bench.clock, also={**fires, NEXT: followed}, first=recurring.go_on)


async def weekly(by_hand: ByHand, at: datetime = NOON + HOUR, rule: str = "FREQ=WEEKLY", **form: Any) -> Any:
    plan = {"at": at, "minutes": 60, "reminders": [600], "repeats": rule}
    return await planned(by_hand, at, plan=plan, **form)


async def over(bench: Bench, due: Planned, at: datetime) -> None:
    bench.clock.set(at + timedelta(seconds=1))
    await due.release_due()


def times(entries: Any) -> list[tuple[datetime, bool]]:
    return [(one.at, one.foreseen) for one in entries]


async def test_a_calendar_foresees_what_comes_again_and_nobody_is_free_then(by_hand: ByHand, agenda: Agenda) -> None:
    meeting = await weekly(by_hand, participants=[ANNA, {"login": "boris"}])
    found = await shown(agenda, "olga", "boris", days=20)
    assert times(found) == [(NOON + HOUR + number * WEEK, number > 0) for number in range(3)]
    assert {(one.id, one.repeats, tuple(one.logins)) for one in found} == {
        (meeting["_id"], "FREQ=WEEKLY", ("olga", "boris"))
    }
    asked = FreeQuery(login=["boris"], since=NOON + WEEK, until=NOON + WEEK + 3 * HOUR)
    assert [(one.login, one.since) for one in (await agenda.free(["boris"], asked)).busy] == [
        ("boris", NOON + WEEK + HOUR)
    ]


async def test_the_next_one_is_made_once_when_this_one_is_over_with_its_people_and_reminders(
    bench: Bench, by_hand: ByHand, due: Planned, agenda: Agenda
) -> None:
    first = await weekly(by_hand, participants=[ANNA, {"login": "boris"}])
    await over(bench, due, NOON + 2 * HOUR)
    await due.release_due()
    second = await bench.stored(next_id(first))
    assert second["plan_at"] == iso(NOON + HOUR + WEEK)
    assert (second["chain_id"], second["client_id"], second["diary"]) == (
        *(first["chain_id"], first["client_id"]),
        ["olga", "boris"],
    )
    assert times(await shown(agenda, "olga", days=20)) == [
        (NOON + HOUR, False),
        (NOON + HOUR + WEEK, False),
        (NOON + HOUR + 2 * WEEK, True),
    ]
    await over(bench, due, NOON + WEEK + HOUR - timedelta(minutes=10))
    assert [one.what for one in notices(bench) if one.kind == "reminder"] == [first["_id"], second["_id"]]


async def test_what_is_held_or_called_off_before_its_end_is_followed_at_once(
    bench: Bench, by_hand: ByHand, due: Planned
) -> None:
    first = await weekly(by_hand)
    await by_hand.fact(first["_id"], FactForm(held=False), actor=OLGA)
    await over(bench, due, NOON + HOUR)
    assert (await bench.stored(next_id(first)))["fact"] is None


async def test_one_that_is_moved_moves_no_other_and_another_rule_begins_anew(
    bench: Bench, by_hand: ByHand, agenda: Agenda
) -> None:
    meeting = await weekly(by_hand)
    await by_hand.plan(meeting["_id"], PlanForm(at=NOON + DAY), actor=OLGA)
    assert times(await shown(agenda, "olga", days=10)) == [(NOON + DAY, False), (NOON + HOUR + WEEK, True)]
    await by_hand.plan(meeting["_id"], PlanForm(at=NOON + DAY, repeats="FREQ=DAILY;COUNT=3"), actor=OLGA)
    assert [at for at, _ in times(await shown(agenda, "olga", days=30))] == [NOON + n * DAY for n in (1, 2, 3)]
    await by_hand.plan(meeting["_id"], PlanForm(at=NOON + DAY, repeats=""), actor=OLGA)
    assert times(await shown(agenda, "olga", days=30)) == [(NOON + DAY, False)]
    assert NEXT not in ((await bench.stored(meeting["_id"])).get("timers") or {})


async def test_a_series_ends_with_its_rule(bench: Bench, by_hand: ByHand, due: Planned) -> None:
    first = await weekly(by_hand, rule="FREQ=DAILY;COUNT=2")
    await over(bench, due, NOON + 2 * HOUR)
    second = await bench.stored(next_id(first))
    await over(bench, due, NOON + DAY + 2 * HOUR)
    assert await bench.repository.interactions.get(next_id(second)) is None


async def test_times_that_a_hub_slept_through_are_not_made_one_by_one(
    bench: Bench, by_hand: ByHand, due: Planned
) -> None:
    first = await weekly(by_hand, rule="FREQ=DAILY")
    await over(bench, due, NOON + 40 * DAY)
    assert (await bench.stored(next_id(first)))["plan_at"] == iso(NOON + 39 * DAY + HOUR)


async def test_a_day_counts_in_the_zone_of_whoever_plans_it(by_hand: ByHand, agenda: Agenda) -> None:
    """Half past one on Tuesday in Moscow is Monday in UTC."""
    at = NOON + timedelta(hours=10, minutes=30)
    meeting = await weekly(by_hand, at=at, rule="FREQ=WEEKLY;BYDAY=TU")
    assert meeting["plan"]["series"]["zone"] == "Europe/Moscow"
    assert times(await shown(agenda, "olga", days=10)) == [(at, False), (at + WEEK, True)]


@pytest.mark.parametrize("rule", ["FREQ=HOURLY", "каждый день", "FREQ=DAILY;UNTIL=20200101", "FREQ=DAILY;BYHOUR=3"])
async def test_what_is_no_rule_is_refused_with_its_field(by_hand: ByHand, rule: str) -> None:
    with pytest.raises(InvalidInput, match="repeats"):
        await weekly(by_hand, rule=rule)


async def test_whoever_was_invited_is_invited_to_the_next_one(
    bench: Bench, by_hand: ByHand, due: Planned, invitations: Invitations
) -> None:
    first = await weekly(by_hand)
    await invitations.invite(first["_id"], InvitationForm(account="mb_support", text="Ждём вас!"), actor=OLGA)
    await bench.follow()
    await over(bench, due, NOON + 2 * HOUR)
    await bench.follow()
    mails = sent(bench)
    assert [one.text.partition("\n")[0] for one in mails] == ["Ждём вас!"] * 2
    second = await bench.stored(next_id(first))
    assert second["invited"]["uid"] != first["_id"]
    assert [one["answer"] for one in second["invited"]["guests"]] == ["waiting"]


async def test_a_series_that_was_accepted_is_foreseen_without_what_is_called_off_of_it(
    bench: Bench, agenda: Agenda, due: Planned, invitations: Invitations
) -> None:
    rule = "RRULE:FREQ=DAILY\r\nEXDATE;TZID=Europe/Moscow:20260306T100000\r\n"
    daily = arrived(calendar_mail("REQUEST", **CHIEF, guest=rule))
    await bench.receive(daily)
    mail = await invitations.answer(daily.id, RsvpForm(answer="accepted"), actor=OLGA)
    first = NOON + timedelta(days=1, hours=19)
    assert [at for at, _ in times(await shown(agenda, "olga", days=7))] == [
        first + number * DAY for number in (0, 1, 3, 4)
    ]
    meeting = await bench.stored(mail["rsvps"][0]["meeting_id"])
    await over(bench, due, first + 2 * HOUR)
    one = "RECURRENCE-ID;TZID=Europe/Moscow:20260307T100000\r\n"
    off = calendar_mail("CANCEL", **CHIEF, guest=one, sequence=1).replace(b"20260304T", b"20260307T")
    await bench.receive(arrived(off))
    assert [at for at, _ in times(await shown(agenda, "olga", days=7))] == [
        first + number * DAY for number in (0, 1, 4)
    ]
    # A colleague who accepts later takes part from where it stands.
    await invitations.answer(daily.id, RsvpForm(answer="accepted"), actor=BORIS)
    second = await bench.stored(next_id(meeting))
    assert (second["plan_at"], second["diary"]) == (iso(first + DAY), ["olga", "boris"])
    await bench.receive(arrived(calendar_mail("CANCEL", **CHIEF, guest="RRULE:FREQ=DAILY\r\n", sequence=2)))
    assert times(await shown(agenda, "olga", days=30)) == [(first, False), (first + DAY, False)]
    assert (await bench.stored(second["_id"]))["fact"]["held"] is False


async def test_in_other_programs_each_time_is_an_event_of_its_own(
    bench: Bench, by_hand: ByHand, agenda: Agenda
) -> None:
    await weekly(by_hand)
    events = icalendar.Calendar.from_ical(await agenda.feed(OLGA, bench.clock.now())).walk("VEVENT")
    assert len({event["UID"] for event in events}) == len(events) > 10
    assert {event["DTSTART"].dt for event in events} >= {NOON + HOUR, NOON + HOUR + WEEK}


@pytest.mark.parametrize(
    ("zone", "hour", "last"),
    [("Asia/Vladivostok", 23, "2026-11-29T23:00"), ("America/Los_Angeles", 1, "2026-12-01T01:00")],
)
def test_the_last_day_of_a_rule_ends_where_the_rule_counts(zone: str, hour: int, last: str) -> None:
    start = datetime(2026, 11, 20, hour, tzinfo=UTC)
    for until in ("20261130", "20261130T235959"):
        rule = f"FREQ=DAILY;UNTIL={until}"
        found = between(rule, start, since=start, until=start + 90 * DAY, zone=ZoneInfo(zone), most=100)
        assert found[-1].isoformat()[:16] == last


@pytest.mark.parametrize(
    "rule", ["FREQ=DAILY", "FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU"]
)
def test_of_years_that_are_over_no_time_is_counted_and_none_is_lost(rule: str) -> None:
    zone, start = ZoneInfo("America/New_York"), datetime(1997, 1, 5, 7, tzinfo=UTC)
    counted = rrulestr(rule, dtstart=start.astimezone(zone)).replace(until=NOON + 60 * DAY)
    found = between(rule, start, since=NOON, until=NOON + 60 * DAY, zone=zone, most=100)
    assert found == [at.astimezone(UTC) for at in counted if at >= NOON]
    steps: list[datetime] = list(_times(rule, start, since=NOON, until=NOON + 60 * DAY, zone=zone))
    assert len(steps) < len(found) + 10


async def test_of_one_employee_as_many_contacts_are_shown_as_one_answer_has_whatever_comes_again(
    by_hand: ByHand, agenda: Agenda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agenda_service, "MOST", 5)
    for number in range(3):
        await weekly(by_hand, at=NOON + number * HOUR, rule="FREQ=DAILY")
    found = await agenda.entries(OLGA, ["olga"], Span(NOON, NOON + 60 * DAY))
    assert found.more
    first = [NOON + number * HOUR for number in range(3)]
    assert [one.at for one in found.items] == [*first, *(at + DAY for at in first[:2])]


async def test_what_lasts_longer_than_until_the_next_one_leaves_none_out(
    bench: Bench, by_hand: ByHand, due: Planned
) -> None:
    plan = {"at": NOON, "minutes": 3 * 24 * 60, "reminders": [3600], "repeats": "FREQ=DAILY"}
    first = await planned(by_hand, NOON, plan=plan)
    await over(bench, due, NOON + DAY - HOUR)
    second = await bench.stored(next_id(first))
    assert second["plan_at"] == iso(NOON + DAY)
    await due.release_due()
    assert [one.what for one in notices(bench) if one.kind == "reminder" and one.late == 1] == [second["_id"]]
    assert await bench.repository.interactions.get(next_id(second)) is None


async def test_one_that_is_moved_beyond_the_next_one_leaves_none_out(
    bench: Bench, by_hand: ByHand, due: Planned
) -> None:
    first = await weekly(by_hand)
    await by_hand.plan(first["_id"], PlanForm(at=NOON + 3 * WEEK), actor=OLGA)
    await over(bench, due, NOON + HOUR + WEEK)
    assert (await bench.stored(next_id(first)))["plan_at"] == iso(NOON + HOUR + WEEK)


async def test_how_a_series_comes_again_is_said_where_it_goes_on_from(
    bench: Bench, by_hand: ByHand, due: Planned
) -> None:
    first = await weekly(by_hand)
    await over(bench, due, NOON + 2 * HOUR)
    for repeats in ("", "FREQ=DAILY"):
        with pytest.raises(Conflict, match="goes on"):
            await by_hand.plan(first["_id"], PlanForm(at=NOON + DAY, repeats=repeats), actor=OLGA)
    await by_hand.plan(first["_id"], PlanForm(at=NOON + DAY), actor=OLGA)


async def test_the_first_of_a_series_leads_to_the_one_that_it_goes_on_from_also_after_a_crash(
    bench: Bench, by_hand: ByHand, due: Planned
) -> None:
    first = await weekly(by_hand, rule="FREQ=DAILY")
    for number in range(3):
        await over(bench, due, NOON + number * DAY + 2 * HOUR)
    newest = await live(bench.repository, await bench.stored(first["_id"]))
    assert newest["plan_at"] == iso(NOON + 3 * DAY + HOUR)
    assert (await bench.stored(first["_id"]))["series_live"] == newest["_id"]
    second = await bench.stored(next_id(first))
    await bench.repository.interactions.amend(first["_id"], lambda one: {**one, "series_live": second["_id"]})
    assert (await live(bench.repository, await bench.stored(first["_id"])))["_id"] == newest["_id"]
