"""Calendars as text (RFC 5545): events and what holds them; the library is loaded for those who have some."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

_PRODUCT = "-//omnihub//calendar//EN"


def event(uid: str, *, sequence: int = 0, start: datetime, minutes: int, now: datetime) -> Any:
    """One that lasts no time has no end (RFC 5545, 3.6.1)."""
    from icalendar import Event  # a tenth of a second

    made = Event()
    made.add("uid", uid)
    made.add("sequence", sequence)
    made.add("dtstamp", now)
    made.add("dtstart", start)
    if minutes:
        made.add("dtend", start + timedelta(minutes=minutes))
    return made


def text(events: Iterable[Any], **properties: Any) -> str:
    """`properties` of the calendar by their names, as `method` or `x_wr_calname`."""
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    for name, value in properties.items():
        calendar.add(name.replace("_", "-"), value)
    for one in events:
        calendar.add_component(one)
    if any(one.get("RRULE") for one in calendar.subcomponents):
        calendar.add_missing_timezones()
    told: str = calendar.to_ical().decode()
    return told
