"""When a mailbox is red, and why."""

from datetime import UTC, datetime, timedelta

from hub.channels.base import Health
from hub.channels.health import HealthNotes, judge
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
