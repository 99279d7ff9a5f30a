"""An invitation that comes alone, as words (RFC 6047, 2.4; RFC 5545): what, when, where, from whom."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

LARGEST = 2**20
"""Bytes of a calendar that is read."""
_MOST = 20
"""Events that are told."""
TYPES = ("text/calendar", "application/ics")


def told(content: bytes) -> str:
    """Empty where it is no calendar that can be read."""
    import icalendar  # a tenth of a second of loading, for the few mails that are one

    try:
        calendar = icalendar.Calendar.from_ical(content[:LARGEST])
        return "\n\n".join("\n".join(_lines(calendar, event)) for event in calendar.walk("VEVENT")[:_MOST])
    except (ValueError, KeyError, IndexError, AttributeError, TypeError):
        return ""


def _lines(calendar: Any, event: Any) -> Iterator[str]:
    method = str(calendar.get("METHOD") or "").upper()
    yield str(event.get("SUMMARY") or "?") + (f" ({method})" if method not in ("", "REQUEST", "PUBLISH") else "")
    if start := event.get("DTSTART"):
        yield _period(start.dt, getattr(event.get("DTEND"), "dt", None))
    for name in ("LOCATION", "DESCRIPTION"):
        if event.get(name):
            yield str(event[name])
    if event.get("ORGANIZER"):
        yield str(event["ORGANIZER"]).removeprefix("mailto:").removeprefix("MAILTO:")


def _period(start: date, end: date | None) -> str:
    if end is None or end == start:
        return _moment(start)
    same_day = isinstance(start, datetime) and isinstance(end, datetime) and start.date() == end.date()
    return f"{_moment(start)} – {end:%H:%M}" if same_day else f"{_moment(start)} – {_moment(end)}"


def _moment(moment: date) -> str:
    if not isinstance(moment, datetime):
        return moment.isoformat()
    return f"{moment:%Y-%m-%d %H:%M} {moment.tzname() or ''}".rstrip()
