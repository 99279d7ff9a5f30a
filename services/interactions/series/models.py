"""Planned contacts that come again: pure. One of a series is there as a contact; those after it are foreseen."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hub.contracts.appointment import Invitation, Series
from hub.contracts.interaction import Interaction
from hub.kit.clock import from_iso, iso
from hub.kit.errors import InvalidInput
from hub.kit.ids import derive, moment_of
from hub.store.base import Document
from hub.store.due import with_timer, without_timer
from services.interactions.models import interaction_document
from services.interactions.repeating import between, check

RULE = "series"
NEXT = "series"
"""The timer by which the next one is made."""
FOLLOWED = "followed"
"""It has been: the series goes on from there."""
FIRST, LIVE = "series_first", "series_live"
"""In all but the first of a series the id of that one, and in that one the newest, from which it goes on."""
LATE = timedelta(days=1)
"""Older times that nobody made, as the hub was down, are not made any more."""
_AHEAD = timedelta(days=3660)
_WHAT = ("channel", "type", "direction", "subject", "text", "comment", "importance", "attachments")
_WHOSE = ("accounts", "client_id", "chain_id", "cause_id", "participants", "author", "team", "others")
_MOST_SKIPPED = 200


def begun(rule: str, at: datetime, zone: ZoneInfo) -> Series:
    """A series whose first time is `at`. Raises InvalidInput: it is no rule, or never holds."""
    check(rule, at, zone=zone)
    return Series(rule=rule, zone=zone.key, began=at, slot=at)


def series_of(invitation: Invitation) -> Series | None:
    """The series that somebody invites to; none where it is none, or one that is not followed here."""
    if not invitation.rule:
        return None
    try:
        series = begun(invitation.rule, invitation.at, ZoneInfo(invitation.zone or "UTC"))
    except (InvalidInput, ValueError, OSError, KeyError):
        return None
    return series.model_copy(update={"without": invitation.without[:_MOST_SKIPPED]})


def is_live(document: Mapping[str, Any]) -> bool:
    """Whether it is the one that the series goes on from."""
    return bool((document.get("plan") or {}).get("series")) and not document.get(FOLLOWED)


def end_of(document: Mapping[str, Any]) -> datetime:
    plan = document["plan"]
    return from_iso(plan["at"]) + timedelta(minutes=plan["minutes"])


def timed(document: Document) -> Document:
    """With the timer of the next one, and the calendars that foresee it; without where it is none of a series."""
    if not is_live(document):
        document = without_timer(document, NEXT)
        return {name: value for name, value in document.items() if name != "foreseen_by"}
    return {**with_timer(document, NEXT, _goes_on_at(document)), "foreseen_by": document["diary"]}


def _goes_on_at(document: Mapping[str, Any]) -> datetime:
    """It is over; or the next one begins, or has its first reminder, before that."""
    slot = from_iso(document["plan"]["series"]["slot"])
    lead = timedelta(seconds=max(document["plan"]["reminders"], default=0))
    early = [max(slot, at - lead) for at in foreseen(document, slot, slot + _AHEAD, most=1)]
    told = [from_iso(document["fact"]["at"])] if document.get("fact") else []
    return min([end_of(document), *told, *early])


def followed(document: Document, _now: datetime) -> Document:
    """The next one is made."""
    return timed({**document, FOLLOWED: True})


def without(document: Document, at: datetime) -> Document:
    """A time that lies ahead does not take place; the same one where it is none of the series."""
    series = document["plan"]["series"]
    if at in moments(series["without"]) or not foreseen(document, at, at + timedelta(seconds=1), most=1):
        return document
    skipped = [*series["without"], iso(at)][-_MOST_SKIPPED:]
    return timed({**document, "plan": {**document["plan"], "series": {**series, "without": skipped}}})


def foreseen(document: Mapping[str, Any], since: datetime, until: datetime, *, most: int) -> list[datetime]:
    """Times after this one, from a moment until before another."""
    series = document["plan"]["series"]
    slot, skipped = from_iso(series["slot"]), moments(series["without"])
    times = between(
        series["rule"],
        from_iso(series["began"]),
        since=max(since, slot + timedelta(seconds=1)),
        until=until,
        zone=ZoneInfo(series["zone"]),
        most=most + len(skipped),
    )
    return [at for at in times if at not in skipped][:most]


def moments(told: list[str]) -> set[datetime]:
    return {from_iso(one) for one in told}


def next_id(document: Mapping[str, Any]) -> str:
    return derive("in", "series", document["_id"], at=moment_of(document["_id"]))


def next_of(document: Document, *, now: datetime) -> Document | None:
    """The one after this; none where the series has ended. Its reminders and its people are the same."""
    since = max(from_iso(document["plan"]["series"]["slot"]), now - LATE)
    found = foreseen(document, since, since + _AHEAD, most=1)
    if not found:
        return None
    plan, at = document["plan"], iso(found[0])
    anew = {**plan, "at": at, "series": {**plan["series"], "slot": at}}
    copied = {name: document[name] for name in (*_WHAT, *_WHOSE) if name in document}
    link = {"rule": RULE, "evidence": document["_id"]}
    made = {**copied, "id": next_id(document), "at": iso(now), "plan": anew, "link": link}
    first = document.get(FIRST) or document["_id"]
    return {**interaction_document(Interaction.model_validate(made)), FIRST: first}
