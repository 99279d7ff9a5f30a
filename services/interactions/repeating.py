"""When what repeats comes again: pure. RFC 5545, section 3.3.10."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

from hub.kit.errors import InvalidInput

_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_PARTS = {"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST", "COUNT", "UNTIL"}
"""What a rule may have: at most one occurrence a day, so that a rule costs what its days cost."""
_VALUES, _MOST = 50, 1_000
"""Values of one part; the largest INTERVAL and COUNT."""
_AHEAD, _SINCE = timedelta(days=3660), timedelta(days=11_000)
"""So far a rule is followed: one that never holds would be tried until the year 9999."""


def following(text: str, start: datetime, *, after: datetime, zone: ZoneInfo) -> datetime | None:
    """The first occurrence after a moment, of a rule that began at `start`, by the days of a time zone; none when it
    has ended.

    Raises:
        InvalidInput: it is no rule, or one of more than once a day.
    """
    times = _times(text, start, since=after, until=after + _AHEAD, zone=zone)
    return next((at for at in times if at > after), None)


def between(
    text: str, start: datetime, *, since: datetime, until: datetime, zone: ZoneInfo, most: int
) -> list[datetime]:
    """The occurrences from a moment until before another, at most so many. Raises InvalidInput as `following`."""
    found = (at for at in _times(text, start, since=since, until=until, zone=zone) if since <= at < until)
    return list(islice(found, most))


def _times(text: str, start: datetime, *, since: datetime, until: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """All from a moment until another, and some before; none of a rule that began too long ago
    to be counted through.
    """
    parts = _parts(text)
    count, last = _first(parts.pop("COUNT", None)), _first(parts.pop("UNTIL", None))
    if until - start > _SINCE + _AHEAD:
        return
    try:
        begins = start.astimezone(zone)
        begins += timedelta() if count else _passed(parts, since - start)
        rule = rrulestr(parts.to_ical().decode(), dtstart=begins)
        assert isinstance(rule, rrule)
        end = min(_moment(last, zone), until) if last else until
        for moment in islice(rule.replace(until=end), count if isinstance(count, int) else None):
            yield moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, AssertionError) as exc:
        raise _wrong(f"is no rule of RFC 5545 ({exc}); write it as FREQ=WEEKLY;BYDAY=MO") from exc


def _passed(parts: Any, elapsed: timedelta) -> timedelta:
    """Whole turns of a rule that are over: those of years of days need not be counted through."""
    days = {"DAILY": 1, "WEEKLY": 7}.get(str(_first(parts["FREQ"])), 0) * int(str(_first(parts.get("INTERVAL")) or 1))
    return timedelta(days=max(0, (elapsed.days - 1) // days) * days) if days else timedelta()


def check(text: str, start: datetime, *, zone: ZoneInfo) -> None:
    """Raises InvalidInput for a rule that is none, or that never holds."""
    if following(text, start, after=start - timedelta(seconds=1), zone=zone) is None:
        raise _wrong("never holds; take out what contradicts itself")


def _parts(text: str) -> Any:
    from icalendar import vRecur  # loaded by those who need it: a start is quicker without

    try:
        parts = vRecur.from_ical(text)
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise _wrong(f"is no rule of RFC 5545 ({exc}); write it as FREQ=WEEKLY;BYDAY=MO") from exc
    if unknown := sorted(set(map(str, parts)) - _PARTS):
        raise _wrong(f"has {unknown[0]}; a rule may have {', '.join(sorted(_PARTS))}")
    if _first(parts.get("FREQ")) not in _FREQUENCIES:
        raise _wrong("repeats too often; DAILY is the least")
    numbers = [number for name in ("INTERVAL", "COUNT") for number in parts.get(name) or ()]
    if any(not 1 <= number <= _MOST for number in numbers):
        raise _wrong(f"INTERVAL and COUNT lie between 1 and {_MOST}")
    if any(isinstance(values, list) and len(values) > _VALUES for values in parts.values()):
        raise _wrong(f"a part has at most {_VALUES} values")
    return parts


def _first(values: list[object] | None) -> object:
    return values[0] if values else None


def _moment(until: object, zone: ZoneInfo) -> datetime:
    """A day lasts to its end, as days go where the rule counts."""
    if isinstance(until, datetime):
        return until if until.tzinfo else until.replace(tzinfo=zone)
    if not isinstance(until, date):
        raise ValueError("UNTIL is a day or a moment")
    return datetime.combine(until, time.max, zone)


def _wrong(fix: str) -> InvalidInput:
    return InvalidInput(f"repeats: {fix}", fields={"repeats": fix})
