"""Mails about one of a series that was accepted: whatever becomes of it, the others stay."""

from datetime import timedelta
from typing import Any

import pytest

from hub.store.base import Document
from services.interactions.agenda.service import Agenda
from services.interactions.invitations.forms import RsvpForm
from services.interactions.invitations.service import Invitations
from services.interactions.planned import Planned
from services.interactions.series.models import next_id
from tests.services.interactions.conftest import NOON, Bench
from tests.services.interactions.test_agenda import HOUR, agenda, shown
from tests.services.interactions.test_by_hand import BORIS, DAY, OLGA, by_hand
from tests.services.interactions.test_invitations import arrived, calendar_mail, invitations
from tests.services.interactions.test_series import CHIEF, due, over, times

__all__ = ["agenda", "by_hand", "due", "invitations"]
FIRST = NOON + timedelta(days=1, hours=19)
"""The fourth of March at ten in Moscow."""


async def accepted(bench: Bench, invitations: Invitations, answer: str = "accepted", **form: Any) -> Document:
    """The mail, answered."""
    mail = arrived(calendar_mail("REQUEST", **CHIEF, **form))
    await bench.receive(mail)
    return await invitations.answer(mail.id, RsvpForm(answer=answer), actor=OLGA)


async def series(bench: Bench, invitations: Invitations) -> Document:
    mail = await accepted(bench, invitations, guest="RRULE:FREQ=DAILY;COUNT=4\r\n")
    return await bench.stored(mail["rsvps"][0]["meeting_id"])


def of_day(day: int, hour: int, method: str = "REQUEST", sequence: int = 1) -> bytes:
    """One of the series, at another hour."""
    slot = f"RECURRENCE-ID;TZID=Europe/Moscow:202603{day:02}T100000\r\n"
    start = "DTSTART;TZID=Europe/Moscow:202603"
    written = calendar_mail(method, **CHIEF, guest=slot, sequence=sequence, hour=hour)
    return written.replace(f"{start}04T".encode(), f"{start}{day:02}T".encode())


async def said(bench: Bench, invitations: Invitations, day: int, hour: int, answer: str) -> None:
    mail = arrived(of_day(day, hour))
    await bench.receive(mail)
    await invitations.answer(mail.id, RsvpForm(answer=answer), actor=OLGA)


async def test_another_time_of_one_that_lies_ahead_is_accepted_beside_the_others(
    bench: Bench, agenda: Agenda, invitations: Invitations
) -> None:
    await series(bench, invitations)
    await said(bench, invitations, 6, 15, "accepted")
    own = FIRST + 2 * DAY + 5 * HOUR
    wanted = [(FIRST, False), (FIRST + DAY, True), (own, False), (FIRST + 3 * DAY, True)]
    assert times(await shown(agenda, "olga", days=10)) == wanted
    await said(bench, invitations, 6, 16, "accepted")
    await bench.receive(arrived(of_day(6, 17, "CANCEL", 2)))
    found = await shown(agenda, "olga", days=10)
    assert [(one.at, one.state) for one in found] == [
        (FIRST, "planned"),
        (FIRST + DAY, "planned"),
        (own + HOUR, "missed"),
        (FIRST + 3 * DAY, "planned"),
    ]


async def test_another_time_of_the_one_that_is_planned_moves_it_alone(
    bench: Bench, agenda: Agenda, invitations: Invitations
) -> None:
    await series(bench, invitations)
    await said(bench, invitations, 4, 15, "accepted")
    assert [at for at, _ in times(await shown(agenda, "olga", days=10))] == [
        *(FIRST + 5 * HOUR, FIRST + DAY, FIRST + 2 * DAY, FIRST + 3 * DAY)
    ]


@pytest.mark.parametrize("day", [4, 6])
async def test_whoever_declines_one_of_a_series_takes_part_in_the_others(
    bench: Bench, agenda: Agenda, due: Planned, invitations: Invitations, day: int
) -> None:
    first = await series(bench, invitations)
    await said(bench, invitations, day, 15, "declined")
    kept = [one.at for one in await shown(agenda, "olga", days=10) if one.state == "planned"]
    assert kept == [FIRST + number * DAY for number in range(4) if number != day - 4]
    await over(bench, due, FIRST + 2 * HOUR)
    assert (await bench.stored(next_id(first)))["diary"] == ["olga"]


async def test_with_colleagues_in_it_one_of_a_series_stays(
    bench: Bench, agenda: Agenda, invitations: Invitations
) -> None:
    first = await series(bench, invitations)
    await invitations.answer(first["cause_id"], RsvpForm(answer="accepted"), actor=BORIS)
    for day in (4, 6):
        await said(bench, invitations, day, 15, "declined")
    assert len(await shown(agenda, "boris", days=10)) == 4


async def test_a_series_that_everybody_left_comes_again_no_more(
    bench: Bench, agenda: Agenda, due: Planned, invitations: Invitations
) -> None:
    first = await series(bench, invitations)
    await invitations.answer(first["cause_id"], RsvpForm(answer="declined"), actor=OLGA)
    await over(bench, due, FIRST + 2 * HOUR)
    assert await bench.repository.interactions.get(next_id(first)) is None
    await invitations.answer(first["cause_id"], RsvpForm(answer="accepted"), actor=OLGA)
    assert len(await shown(agenda, "olga", days=10)) == 4


def test_of_the_times_that_a_series_leaves_out_the_newest_are_known() -> None:
    out = "".join(f"EXDATE:{(NOON + number * DAY):%Y%m%dT%H%M%SZ}\r\n" for number in range(250))
    told = arrived(calendar_mail("REQUEST", **CHIEF, guest=f"RRULE:FREQ=DAILY\r\n{out}")).invitation
    assert told
    assert (len(told.without), told.without[-1]) == (200, NOON + 249 * DAY)
