"""A day of a list that dialled, as `omnihub dialler simulate` reads one: settings, and what was seen of it."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import orjson

from hub.kit.errors import Conflict
from hub.store.base import Document
from services.campaigns.calllists.dialler import settings_of

_FIRST, _LAST = date.min + timedelta(days=3), date.max - timedelta(days=3)
"""So far from the ends of the calendar no time zone leads beyond them."""
_FIELDS = ("at", "what", "call", "agent")
_PIECE = 1_000
"""Events that are written at once."""


class Recorder(Protocol):
    """The service of calls."""

    async def day(self, list_id: str, since: datetime, until: datetime) -> Document:
        """`events` as [seconds, what, call, agent], and whether they are `complete`. Raises TransientError."""
        ...


class Days:
    """Of all lists."""

    def __init__(self, recorder: Recorder, zone: str) -> None:
        """`zone` is that of lists that have none of their own."""
        self._recorder = recorder
        self._zone = zone

    async def of(self, call_list: Document, day: date) -> AsyncIterator[bytes]:
        """Lines of JSON. Raises Conflict where there is nothing, or too much; and TransientError."""
        if call_list["mode"] == "preview":
            raise Conflict("this list does not dial by itself: there is no pacing to try")
        since, until = bounds_of(day, call_list.get("zone") or self._zone)
        told = await self._recorder.day(call_list["_id"], since, until)
        if not any(what == "dialled" for _, what, _, _ in told["events"]):
            raise Conflict(f"nobody was dialled by this list on {day.isoformat()}")
        if not told["complete"]:
            raise Conflict(f"more was dialled on {day.isoformat()} than a recording has room for (20,000)")
        return _lines(call_list, told["events"])


def bounds_of(day: date, zone: str) -> tuple[datetime, datetime]:
    """From midnight to midnight on the clock of a zone."""
    day = min(max(day, _FIRST), _LAST)
    begins = [datetime.combine(one, time.min, ZoneInfo(zone)) for one in (day, day + timedelta(days=1))]
    return begins[0], begins[1]


async def _lines(call_list: Document, events: list[list[object]]) -> AsyncIterator[bytes]:
    yield orjson.dumps({"what": "settings", **asdict(settings_of(call_list))}, option=orjson.OPT_APPEND_NEWLINE)
    for start in range(0, len(events), _PIECE):
        some = events[start : start + _PIECE]
        yield b"".join(orjson.dumps(_event(one), option=orjson.OPT_APPEND_NEWLINE) for one in some)


def _event(told: list[object]) -> dict[str, object]:
    return {name: value for name, value in zip(_FIELDS, told, strict=True) if value != ""}
