"""Who has a seat of an event, who waits, who came: decided in its own document alone, so no seat is given twice.

Pure: a document in, the document after, with the moves that its guests are owed.
"""

from typing import Any

from hub.kit.errors import Conflict
from hub.store.base import Document
from services.campaigns.marketingevents.models import MOST_WAITING, State

OPEN, OVER, CANCELLED = "open", "over", "cancelled"
CLOSED = "closed"
"""How a guest came to a state: the event was over. What follows is owed then."""


def confirmed(event: Document, number: int, *, by: str, how: str, at: str) -> Document:
    """He has a seat, or waits for one. Raises Conflict."""
    _check_open(event, number)
    if number in event["seated"] or number in event["waiting"]:
        return event
    if len(event["seated"]) < event["seats"]:
        after = {**event, "seated": [*event["seated"], number]}
        return _moved(after, number, "confirmed", by=by, how=how, at=at)
    if len(event["waiting"]) >= MOST_WAITING:
        raise Conflict(f"all seats are taken, and {MOST_WAITING:,} wait already")
    after = {**event, "waiting": [*event["waiting"], number]}
    return _moved(after, number, "waiting", by=by, how=how, at=at)


def declined(event: Document, number: int, *, by: str, how: str, at: str) -> Document:
    """He leaves his seat, and whoever waits longest has it. Raises Conflict."""
    _check_open(event, number)
    after = _moved(_without(event, number), number, "declined", by=by, how=how, at=at)
    return promoted(after, at=at)


def promoted(event: Document, *, at: str) -> Document:
    """Seats that are free go to those who wait, the longest first."""
    while event["waiting"] and len(event["seated"]) < event["seats"]:
        first, *rest = event["waiting"]
        event = {**event, "waiting": rest, "seated": [*event["seated"], first]}
        event = _moved(event, first, "confirmed", by="", how="moved up", at=at)
    return event


def checked_in(event: Document, number: int, *, by: str, at: str) -> Document:
    """He came; once. Who had no seat takes a free one. Raises Conflict."""
    _check_open(event, number)
    if number not in event["seated"]:
        if len(event["seated"]) >= event["seats"]:
            raise Conflict("he has no seat, and none is free")
        event = {**_without(event, number), "seated": [*event["seated"], number]}
    after = {**event, "attended": [*event["attended"], number]}
    return _moved(after, number, "attended", by=by, how="door", at=at)


def closed(event: Document, *, by: str, at: str) -> Document:
    """It is over: whoever had a seat came, or did not, and something follows for each. Raises Conflict."""
    if event["state"] == OVER:
        return event
    if event["state"] == CANCELLED:
        raise Conflict("it was cancelled")
    came = frozenset(event["attended"])
    for number in event["seated"]:
        event = _moved(event, number, "attended" if number in came else "absent", by=by, how=CLOSED, at=at)
    return {**event, "state": OVER}


def settled(event: Document, last: int) -> Document:
    """The moves up to this one were made."""
    left = [one for one in event["moves"] if one["seq"] > last]
    after = {**event, "moves": left}
    return after if left else {name: value for name, value in after.items() if name != "owes"}


def _check_open(event: Document, number: int) -> None:
    if event["state"] != OPEN:
        raise Conflict(f"it is {event['state']}: nothing can be said any more")
    if number in event["attended"]:
        raise Conflict("he is checked in already")


def _without(event: Document, number: int) -> Document:
    return {**event, **{name: [one for one in event[name] if one != number] for name in ("seated", "waiting")}}


def _moved(event: Document, number: int, state: State, **told: Any) -> Document:
    seq = event["seq"] + 1
    move = {"seq": seq, "number": number, "state": state, **told}
    return {**event, "seq": seq, "moves": [*event["moves"], move], "owes": True}
