"""Moments as text."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from hub.kit.clock import SystemClock, from_iso, iso

MOSCOW = timezone(timedelta(hours=3))


def test_a_moment_is_written_in_utc_with_microseconds() -> None:
    assert iso(datetime(2026, 3, 1, 2, 30, tzinfo=MOSCOW)) == "2026-02-28T23:30:00.000000Z"


def test_a_written_moment_is_read_back() -> None:
    moment = datetime(2026, 3, 1, 2, 30, 15, 123456, tzinfo=UTC)
    assert from_iso(iso(moment)) == moment
    assert from_iso(iso(moment)).tzinfo is not None


def test_text_sorts_in_the_order_of_time() -> None:
    start = datetime(2026, 12, 31, 23, 59, 59, 999_998, tzinfo=UTC)
    moments = [start + timedelta(microseconds=step) for step in range(4)] + [start.replace(year=2027)]
    assert sorted(map(iso, reversed(moments))) == [iso(moment) for moment in moments]


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|month"):
        from_iso(text)


def test_the_machine_tells_an_aware_time() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)
