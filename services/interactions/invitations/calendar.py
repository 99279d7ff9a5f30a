"""Calendars as text (RFC 5545): an invitation, that it is called off, an answer to one."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from hub.contracts.appointment import CalendarPart, Invitation
from hub.kit.clock import from_iso

_PRODUCT = "-//omnihub//calendar//EN"
_TEXT = 4_000
"""Characters of a description."""


def invitation(meeting: Mapping[str, Any], *, name: str, now: datetime) -> CalendarPart:
    """Of a contact whose guests are invited, or told that it will not be; `name` is the organiser's."""
    told, plan = meeting["invited"], meeting["plan"]
    method: Literal["REQUEST", "CANCEL"] = "CANCEL" if told["cancelled"] else "REQUEST"
    start = from_iso(plan["at"])
    event = _event(told["uid"], told["sequence"], start, plan["minutes"], now)
    event.add("summary", meeting["subject"] or meeting["type"])
    event.add("status", "CANCELLED" if told["cancelled"] else "CONFIRMED")
    for field, words in (("location", plan["place"]), ("description", (told["text"] or meeting["text"])[:_TEXT])):
        if words:
            event.add(field, words)
    event.add("organizer", _person(told["organizer"], name))
    for guest in told["guests"]:
        asked = {"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"}
        event.add("attendee", _person(guest["address"], guest["name"], asked))
    return CalendarPart(method=method, text=_text([event], method))


def answer(said: Invitation, *, address: str, answer: str, words: str, now: datetime) -> CalendarPart:
    """Ours to an invitation; `address` is the one that answers."""
    event = _event(said.uid, said.sequence, said.at, said.minutes, now)
    if said.summary:
        event.add("summary", said.summary)
    if words:
        event.add("comment", words[:_TEXT])
    event.add("organizer", _person(said.organizer, said.organizer_name))
    event.add("attendee", _person(address, "", {"PARTSTAT": answer.upper()}))
    return CalendarPart(method="REPLY", text=_text([event], "REPLY"))


def _event(uid: str, sequence: int, start: datetime, minutes: int, now: datetime) -> Any:
    from icalendar import Event  # a tenth of a second of loading, for those who invite

    event = Event()
    event.add("uid", uid)
    event.add("sequence", sequence)
    event.add("dtstamp", now)
    event.add("dtstart", start)
    event.add("dtend", start + timedelta(minutes=minutes))
    return event


def _person(address: str, name: str, params: Mapping[str, str] | None = None) -> Any:
    from icalendar import vCalAddress

    person = vCalAddress(f"mailto:{address.removeprefix('email:')}")
    # What could not stand between quotes of a parameter is left out (RFC 5545, 3.2).
    said = "".join(sign for sign in name if sign.isprintable() and sign != '"')
    person.params.update({**({"CN": said} if said else {}), **(params or {})})
    return person


def _text(events: Sequence[Any], method: str) -> str:
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    for event in events:
        calendar.add_component(event)
    text: str = calendar.to_ical().decode()
    return text
