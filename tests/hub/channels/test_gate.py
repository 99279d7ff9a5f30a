"""Quiet hours, as a pure rule."""

from datetime import UTC, datetime, time

import pytest

from hub.channels.gate import Rules, quiet_until
from hub.settings import GateSettings

NIGHT = (time(21, 0), time(9, 0))
LUNCH = (time(12, 0), time(13, 30))


def at(hour: int, minute: int = 0, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "zone", "until"),
    [
        (at(20, 59), "UTC", None),
        (at(21, 0), "UTC", at(9, 0, day=3)),
        (at(3, 0), "UTC", at(9, 0)),
        (at(9, 0), "UTC", None),
        (at(20, 0), "Europe/Moscow", at(6, 0, day=3)),
        (at(6, 0), "Europe/Moscow", None),
        (at(12, 0), "Asia/Vladivostok", at(23, 0)),
        (at(3, 0), "Nowhere/Land", at(9, 0)),
    ],
)
def test_the_night_of_the_recipient_is_kept_until_his_morning(
    now: datetime, zone: str, until: datetime | None
) -> None:
    assert quiet_until(now, NIGHT, zone) == until


def test_quiet_hours_within_a_day_end_on_that_day() -> None:
    assert [quiet_until(at(hour), LUNCH, "UTC") for hour in (11, 12, 14)] == [None, at(13, 30), None]


def test_no_quiet_hours_are_none() -> None:
    assert quiet_until(at(3), None, "UTC") is None
    assert quiet_until(at(3), (time(9), time(9)), "UTC") is None


def test_a_night_in_which_the_clocks_change_ends_in_the_morning() -> None:
    assert quiet_until(datetime(2026, 3, 29, 0, 30, tzinfo=UTC), NIGHT, "Europe/Berlin") == datetime(
        2026, 3, 29, 7, 0, tzinfo=UTC
    )


def test_the_rules_are_as_they_are_set() -> None:
    settings = GateSettings(quiet_hours="21:00-09:00", time_zone="UTC", cap=3)
    assert Rules.of(settings) == Rules(quiet=NIGHT, zone="UTC", cap=3)
    assert Rules.of(GateSettings()).quiet is None
