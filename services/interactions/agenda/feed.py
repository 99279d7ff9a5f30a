"""Somebody's own calendar as text, for the programs that he looks at it with: pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hub.kit import ical
from hub.kit.ids import derive
from services.interactions.agenda.views import EntryView

PAST, AHEAD = timedelta(days=31), timedelta(days=93)
"""What it has of either side of now."""
FRESH = timedelta(minutes=15)
"""How often programs are told to ask again."""
_DONE = "✓ "


def written(items: Iterable[EntryView], *, name: str, zone: ZoneInfo, now: datetime) -> str:
    """Titles and places as whoever asks is shown them; times of what repeats are of `zone`, by whose days it does."""
    events = [_event(item.model_dump(mode="json"), item.at, zone, now) for item in items]
    return ical.text(events, x_wr_calname=name, refresh_interval=FRESH)


def _event(shown: dict[str, Any], at: datetime, zone: ZoneInfo, now: datetime) -> Any:
    own = (not shown["foreseen"] and shown["id"]) or derive(
        "one of", shown["id"] or "busy", *shown["logins"], shown["at"], str(shown["minutes"])
    )
    rule = shown["repeats"] if shown["kind"] == "task" else ""
    start = at.astimezone(zone) if rule else at
    event = ical.event(f"{own}@omnihub", start=start, minutes=shown["minutes"], now=now)
    event.add("summary", _title(shown))
    if shown["place"]:
        event.add("location", shown["place"])
    if shown["client_name"]:
        event.add("description", shown["client_name"])
    if shown["state"] == "missed":
        event.add("status", "CANCELLED")
    if shown["kind"] == "task":
        event.add("transp", "TRANSPARENT")
    if rule:
        event.add("rrule", _rule(rule))
    return event


def _title(shown: dict[str, Any]) -> str:
    if shown["state"] == "busy":
        return "busy"
    done = _DONE if shown["state"] in ("done", "held") else ""
    return f"{done}{shown['title'] or shown['client_name'] or shown['type']}"


def _rule(text: str) -> Any:
    from icalendar import vRecur

    return vRecur.from_ical(text.strip().upper().removeprefix("RRULE:"))
