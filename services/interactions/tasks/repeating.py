"""When a task that repeats comes again: pure. RFC 5545, section 3.3.10."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

from dateutil.rrule import rrule, rrulestr

from hub.kit.errors import InvalidInput

_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_FAR = timedelta(days=3660)
"""So far a rule is followed: one that never holds would be tried until the year 9999."""


def following(text: str, start: datetime, *, after: datetime) -> datetime | None:
    """The first occurrence after a moment, of a rule that began at `start`; none when it has ended.

    Raises:
        InvalidInput: it is no rule, or one of more than once a day.
    """
    from icalendar import vRecur  # loaded by those who need it: a start is quicker without

    try:
        parts = vRecur.from_ical(text)
        count, until = _first(parts.pop("COUNT", None)), _first(parts.pop("UNTIL", None))
        rule = rrulestr(parts.to_ical().decode(), dtstart=start)
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise _wrong(f"is no rule of RFC 5545 ({exc}); write it as FREQ=WEEKLY;BYDAY=MO") from exc
    if _first(parts.get("FREQ")) not in _FREQUENCIES:
        raise _wrong("repeats too often; DAILY is the least")
    if after - start > _FAR:
        raise _wrong("began too long ago; begin it later")
    end = min(_moment(until), after + _FAR) if until else after + _FAR
    assert isinstance(rule, rrule)
    found = islice(rule.replace(until=end), count if isinstance(count, int) else None)
    return next((moment for moment in found if moment > after), None)


def check(text: str, start: datetime) -> None:
    """Raises InvalidInput for a rule that is none, or that never holds."""
    if following(text, start, after=start - timedelta(seconds=1)) is None:
        raise _wrong("never holds; take out what contradicts itself")


def _first(values: list[object] | None) -> object:
    return values[0] if values else None


def _moment(until: object) -> datetime:
    """A day lasts to its end."""
    if isinstance(until, datetime):
        return until if until.tzinfo else until.replace(tzinfo=UTC)
    assert isinstance(until, date)
    return datetime.combine(until, time.max, UTC)


def _wrong(fix: str) -> InvalidInput:
    return InvalidInput(f"repeats: {fix}", fields={"repeats": fix})
