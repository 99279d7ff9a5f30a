"""When a mailbox is red, and why."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.channels.base import Health
from hub.channels.health import FAILURES, HealthNotes, judge, shown
from hub.store.base import Document
from hub.testing.fakes import FakeClock

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SILENCE = timedelta(minutes=5)


def noted() -> tuple[HealthNotes, FakeClock]:
    clock = FakeClock(START)
    return HealthNotes("mb_1", clock), clock


def judged(notes: HealthNotes, clock: FakeClock) -> Health:
    return judge(notes.document(), now=clock.now(), silence=SILENCE)


def test_a_mailbox_nobody_has_taken_up_is_starting() -> None:
    assert judge(None, now=START, silence=SILENCE).state == "starting"


def test_a_mailbox_is_green_after_the_first_look() -> None:
    notes, clock = noted()
    assert judged(notes, clock).state == "starting"
    notes.looked()
    assert judged(notes, clock) == Health(state="green", lag_seconds=0.0, credentials="ok", checked_at=START)


def test_a_short_outage_has_a_reason_and_stays_green() -> None:
    notes, clock = noted()
    notes.looked()
    clock.advance(timedelta(minutes=4))
    notes.not_received("no answer in time")
    health = judged(notes, clock)
    assert (health.state, health.reason, health.lag_seconds) == ("green", "no answer in time", 240.0)
    assert health.credentials == "ok"


def test_a_long_silence_is_red_even_if_nobody_notes_anything() -> None:
    notes, clock = noted()
    notes.looked()
    clock.advance(SILENCE)
    health = judged(notes, clock)
    assert health.state == "red"
    assert (health.reason or "").startswith("nothing could be fetched since 2026-03-02T09:00:00")


def test_a_refused_login_is_red_at_once_and_green_when_it_works_again() -> None:
    notes, clock = noted()
    notes.not_received("login refused: no", login_refused=True)
    assert (judged(notes, clock).state, judged(notes, clock).credentials) == ("red", "refused")
    notes.looked()
    assert (judged(notes, clock).state, judged(notes, clock).credentials) == ("green", "ok")


def test_a_way_out_that_is_closed_is_red_at_once() -> None:
    notes, clock = noted()
    notes.looked()
    notes.not_sent("the connection was refused")
    assert judged(notes, clock).reason == "sending: the connection was refused"
    notes.reached()
    assert judged(notes, clock).state == "green"


def test_an_outage_says_nothing_about_the_password() -> None:
    notes, clock = noted()
    notes.not_received("login refused: no", login_refused=True)
    notes.not_received("no answer in time")
    assert judged(notes, clock).credentials == "refused"


def test_a_silence_that_a_restart_interrupts_before_the_first_look_goes_on() -> None:
    notes, clock = noted()
    notes.looked()
    notes.not_received("no answer in time")
    clock.advance(timedelta(minutes=3))
    notes.not_received("no answer in time")
    for _ in range(3):  # each ends before it has looked, as with a server that accepts and says nothing
        notes = HealthNotes("mb_1", clock, notes.document())
    clock.advance(timedelta(minutes=2))
    assert judged(notes, clock).state == "red"


@pytest.mark.parametrize(
    "stored",
    [
        {"_id": "mb_1"},
        {"_id": "mb_1", "receiving": "x", "checked_at": None, "looked_at": None},
        {**HealthNotes("mb_1", FakeClock(START)).document(), "looked_at": "yesterday"},
        {**HealthNotes("mb_1", FakeClock(START)).document(), "last_in": 5},
    ],
)
def test_a_stored_note_that_cannot_be_read_is_shown_as_such_and_ends_nothing(stored: Document) -> None:
    health = shown(stored, now=START, silence=SILENCE)
    assert (health.state, "cannot be read" in (health.reason or "")) == ("red", True)
    notes = HealthNotes("mb_1", FakeClock(START), stored)
    notes.looked()
    assert judge(notes.document(), now=START, silence=SILENCE).state == "green"


def test_an_account_that_nothing_can_come_in_for_is_red_although_its_provider_answers() -> None:
    notes, clock = noted()
    notes.closed("[messaging] public_url is not set")
    notes.looked()
    notes.reached()
    assert judged(notes, clock).reason == "receiving: [messaging] public_url is not set"


def test_messages_that_cannot_be_handed_over_in_turn_make_an_account_red_and_one_that_can_green() -> None:
    notes, clock = noted()
    notes.looked()
    for _ in range(FAILURES - 1):
        notes.failed_to_send("sms.example answered 500")
    assert (judged(notes, clock).state, judged(notes, clock).reason) == ("green", "sms.example answered 500")
    notes.failed_to_send("sms.example answered 500")
    assert (judged(notes, clock).state, judged(notes, clock).reason) == ("red", "sending: sms.example answered 500")
    notes.sent()
    assert (judged(notes, clock).state, judged(notes, clock).reason) == ("green", None)


def test_a_login_that_is_refused_at_a_hand_over_is_red_at_once() -> None:
    notes, clock = noted()
    notes.looked(login=False)
    assert judged(notes, clock).credentials == "unknown"
    notes.failed_to_send("login refused: 401", login_refused=True)
    assert (judged(notes, clock).state, judged(notes, clock).credentials) == ("red", "refused")
    notes.reached()
    assert (judged(notes, clock).state, judged(notes, clock).credentials) == ("green", "ok")


def test_an_account_that_nobody_looks_after_any_more_lags_without_a_reason() -> None:
    notes, clock = noted()
    notes.looked()
    clock.advance(SILENCE / 2)
    assert judged(notes, clock).lag_seconds == 150.0


def test_where_messages_are_posted_nobody_knows_of_a_lag() -> None:
    clock = FakeClock(START)
    notes = HealthNotes("num_1", clock, posted=True)
    notes.looked()
    assert judged(notes, clock).lag_seconds is None
