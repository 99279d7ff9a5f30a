"""Calendars as text (RFC 5545): an invitation, that it is called off, an answer to one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from hub.contracts.appointment import CalendarPart, Invitation
from hub.kit import ical
from hub.kit.clock import from_iso

_TEXT = 4_000
"""Characters of a description."""


def invitation(meeting: Mapping[str, Any], *, now: datetime) -> CalendarPart:
    """Of a contact whose guests are invited, or told that it will not be."""
    told, plan = meeting["invited"], meeting["plan"]
    method: Literal["REQUEST", "CANCEL"] = "CANCEL" if told["cancelled"] else "REQUEST"
    start = from_iso(plan["at"])
    event = ical.event(told["uid"], sequence=told["sequence"], start=start, minutes=plan["minutes"], now=now)
    event.add("summary", meeting["subject"] or meeting["type"])
    event.add("status", "CANCELLED" if told["cancelled"] else "CONFIRMED")
    for field, words in (("location", plan["place"]), ("description", (told["text"] or meeting["text"])[:_TEXT])):
        if words:
            event.add(field, words)
    event.add("organizer", _person(told["organizer"]))
    for guest in told["guests"]:
        asked = {"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"}
        event.add("attendee", _person(guest["address"], guest["name"], asked))
    return CalendarPart(method=method, text=ical.text([event], method=method))


def answer(said: Invitation, *, address: str, answer: str, words: str, now: datetime) -> CalendarPart:
    """Ours to an invitation; `address` is the one that answers."""
    event = ical.event(said.uid, sequence=said.sequence, start=said.at, minutes=said.minutes, now=now)
    if said.summary:
        event.add("summary", said.summary)
    if words:
        event.add("comment", words[:_TEXT])
    event.add("organizer", _person(said.organizer, said.organizer_name))
    event.add("attendee", _person(address, params={"PARTSTAT": answer.upper()}))
    return CalendarPart(method="REPLY", text=ical.text([event], method="REPLY"))


def _person(address: str, name: str = "", params: Mapping[str, str] | None = None) -> Any:
    from icalendar import vCalAddress

    person = vCalAddress(f"mailto:{address.removeprefix('email:')}")
    # What could not stand between quotes of a parameter is left out (RFC 5545, 3.2).
    said = "".join(sign for sign in name if sign.isprintable() and sign != '"')
    person.params.update({**({"CN": said} if said else {}), **(params or {})})
    return person
