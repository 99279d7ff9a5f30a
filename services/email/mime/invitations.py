"""A calendar in a mail (RFC 5545, 5546, 6047): as words where it comes alone, and what it says of a meeting."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

LARGEST = 2**20
"""Bytes of a calendar that is read."""
_MOST = 20
"""Events that are told."""
TYPES = ("text/calendar", "application/ics")
_METHODS = ("REQUEST", "CANCEL", "REPLY", "COUNTER")
_ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative"}
_METHOD = re.compile(rb"^METHOD:[ \t]*(?:REQUEST|CANCEL|REPLY|COUNTER)\b", re.IGNORECASE | re.MULTILINE)
_LARGEST_MEETING = 2**18
"""Bytes of a calendar that is looked into for a meeting: half a second of work. What is larger is a file."""
_GUESTS = 100
_MOST_WITHOUT = 200
"""The newest: of a series of years many are over."""
_WORDS = 1_000
_ZONE = 64
_ADDRESS, _NAME = 320, 200
_LONGEST = timedelta(days=31)
_YEARS = range(1900, 2201)
_UNREADABLE = (ValueError, KeyError, IndexError, AttributeError, TypeError, OverflowError, OSError)
"""OSError: a zone is looked for as a file, whatever it is called."""


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody in a calendar: his address as it stands there, and what he answered."""

    address: str
    name: str = ""
    answer: str = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """What a calendar says of a meeting; texts are cut to what is worth showing."""

    method: str
    uid: str
    sequence: int
    organizer: Named
    summary: str
    at: datetime
    minutes: int
    all_day: bool
    place: str
    repeats: bool
    slot: datetime | None
    rule: str
    zone: str
    without: tuple[datetime, ...]
    guests: tuple[Named, ...]
    comment: str


def meeting(contents: Iterable[bytes]) -> Meeting | None:
    """The first that somebody is invited to, or that an answer is about; None where none of them is such."""
    for content in contents:
        if len(content) <= _LARGEST_MEETING and _METHOD.search(content) and (found := _meeting(content)):
            return found
    return None


def _meeting(content: bytes) -> Meeting | None:
    try:
        calendar = _calendar(content)
        method = str(calendar.get("METHOD") or "").strip().upper()
        events = calendar.walk("VEVENT")[:_MOST]
        event = next((one for one in events if not one.get("RECURRENCE-ID")), events[0] if events else None)
        complete = event and all(event.get(name) for name in ("UID", "ORGANIZER", "DTSTART"))
        return _of_event(method, event) if complete and method in _METHODS else None
    except _UNREADABLE:
        return None


def _calendar(content: bytes) -> Any:
    """A zone is what this calendar says of it: the library keeps those of one for the next, whoever wrote it."""
    import icalendar  # a tenth of a second of loading, for the few mails that are one
    from icalendar.timezone import tzp

    tzp.use_default()
    return icalendar.Calendar.from_ical(content)


def _of_event(method: str, event: Any) -> Meeting:
    start = event["DTSTART"].dt
    people = event.get("ATTENDEE") or []
    return Meeting(
        method=method.lower(),
        uid=str(event["UID"]).strip()[:_WORDS],
        sequence=max(0, min(int(event.get("SEQUENCE") or 0), 2**31)),
        organizer=_named(event["ORGANIZER"]),
        summary=_short(event, "SUMMARY"),
        at=_sensible(_in_utc(start)),
        minutes=_minutes(event, start),
        all_day=not isinstance(start, datetime),
        place=_short(event, "LOCATION"),
        **_series(event, start),
        repeats=bool(event.get("RRULE") or event.get("RDATE") or event.get("RECURRENCE-ID")),
        slot=_in_utc(event["RECURRENCE-ID"].dt) if event.get("RECURRENCE-ID") else None,
        guests=tuple(_named(one) for one in (people if isinstance(people, list) else [people])[:_GUESTS]),
        comment=_short(event, "COMMENT"),
    )


def _series(event: Any, start: date) -> dict[str, Any]:
    """What describes a whole series by a rule; one with further dates, or without a name of its zone, has none."""
    rule = event.get("RRULE")
    if not rule or isinstance(rule, list) or event.get("RDATE") or event.get("RECURRENCE-ID"):
        return {"rule": "", "zone": "", "without": ()}
    zone = getattr(start.tzinfo, "key", "") if isinstance(start, datetime) and start.tzinfo else ""
    zone = str(zone or "")[:_ZONE]
    return {"rule": rule.to_ical().decode()[:_WORDS], "zone": zone, "without": _without(event)}


def _without(event: Any) -> tuple[datetime, ...]:
    said = event.get("EXDATE") or []
    lists = said if isinstance(said, list) else [said]
    left_out = {_in_utc(one.dt) for each in lists for one in each.dts}
    return tuple(sorted(left_out)[-_MOST_WITHOUT:])


def _named(person: Any) -> Named:
    address = str(person).strip()
    bare = address[7:] if address[:7].lower() == "mailto:" else address
    answer = _ANSWERS.get(str(person.params.get("PARTSTAT", "")).upper(), "waiting")
    return Named(bare[:_ADDRESS], str(person.params.get("CN", ""))[:_NAME], answer)


def _short(event: Any, name: str) -> str:
    said = event.get(name) or ""
    return str(said[0] if isinstance(said, list) else said)[:_WORDS]


def _in_utc(moment: date) -> datetime:
    """Of a day its beginning; a time without a zone is taken for UTC."""
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time(), UTC)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _sensible(moment: datetime) -> datetime:
    """Raises ValueError: nobody meets then, and what is reckoned from it would be no time at all."""
    if moment.year not in _YEARS:
        raise ValueError(f"{moment.year} is no year that anybody meets in")
    return moment


def _minutes(event: Any, start: date) -> int:
    """A day where it says none and is of days (RFC 5545, 3.6.1); else an hour, as good a guess as any."""
    if event.get("DTEND"):
        lasts = _in_utc(event["DTEND"].dt) - _in_utc(start)
    elif event.get("DURATION"):
        lasts = event["DURATION"].dt
    else:
        lasts = timedelta(hours=1) if isinstance(start, datetime) else timedelta(days=1)
    return int(max(timedelta(minutes=1), min(lasts, _LONGEST)) / timedelta(minutes=1))


def told(content: bytes) -> str:
    """Empty where it is no calendar that can be read."""
    try:
        calendar = _calendar(content[:LARGEST])
        return "\n\n".join("\n".join(_lines(calendar, event)) for event in calendar.walk("VEVENT")[:_MOST])
    except _UNREADABLE:
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
