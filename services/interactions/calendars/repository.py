"""Calendars as they are stored: one for all, those of teams, those of employees."""

import asyncio
import time as clocks
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from hub.kit.errors import InvalidInput
from hub.store.amend import upsert
from hub.store.base import CollectionSpec, Document, Store
from services.interactions.calendars.working import Hours, WorkingCalendar, load

CALENDARS = CollectionSpec("calendars")
DEFAULT = "default"
_YEARS = 4
_KEPT = 5.0
"""Seconds for which a calendar that was read is used again."""


def of_team(team: str) -> str:
    return f"team:{team}"


def of_employee(login: str) -> str:
    return f"employee:{login}"


class Calendars:
    """Somebody's own, else that of his team, else the one for all."""

    def __init__(self, store: Store, zone: str, *, now: Callable[[], float] = clocks.monotonic) -> None:
        """`zone` is of the calendar for all, until somebody says otherwise."""
        self._calendars = store.collection(CALENDARS)
        self._zone = zone
        self._now = now
        self._loaded: dict[str, bool] = {}
        self._known: dict[str, tuple[float, Document | None]] = {}

    async def of(self, login: str | None, team: str | None = None) -> WorkingCalendar:
        """By which somebody works; nobody: by which his team does."""
        names = [*([of_employee(login)] if login else []), *([of_team(team)] if team else []), DEFAULT]
        found = await self._get(names)
        calendar = calendar_from(next((one for name in names if (one := found[name])), self.unsaid))
        await self._load(calendar.country)
        return calendar

    @property
    def unsaid(self) -> Document:
        """The one for all, until somebody says otherwise."""
        week = {str(day): [["09:00", "18:00"]] for day in range(1, 6)}
        return {"time_zone": self._zone, "week": week, "country": "RU", "exceptions": []}

    async def get(self, name: str) -> Document | None:
        return await self._calendars.get(name)

    async def put(self, name: str, calendar: Document) -> Document:
        """Raises InvalidInput: nobody knows the holidays of its country."""
        if not await self._load(calendar["country"]):
            fix = f"the holidays of {calendar['country']} are not known; leave country empty and list them"
            raise InvalidInput(fields={"country": fix})
        self._known.pop(name, None)
        return await upsert(self._calendars, {"_id": name, **calendar}, lambda now: {**now, **calendar})

    async def remove(self, name: str) -> None:
        self._known.pop(name, None)
        await self._calendars.delete_many([name])

    async def _load(self, country: str) -> bool:
        """Its holidays, beside the event loop; whether they are known."""
        if country and country not in self._loaded:
            this = datetime.now(UTC).year
            self._loaded[country] = await asyncio.to_thread(load, country, range(this - 2, this + _YEARS))
        return self._loaded.get(country, True)

    async def _get(self, names: list[str]) -> Mapping[str, Document | None]:
        now = self._now()
        stale = [name for name in names if name not in self._known or self._known[name][0] < now - _KEPT]
        if stale:
            found = await self._calendars.get_many(stale)
            self._known |= {name: (now, found.get(name)) for name in stale}
        return {name: self._known[name][1] for name in names}


def calendar_from(document: Document) -> WorkingCalendar:
    return WorkingCalendar(
        zone=ZoneInfo(document["time_zone"]),
        week={int(day): _hours(hours) for day, hours in document["week"].items()},
        country=document["country"],
        exceptions={date.fromisoformat(one["day"]): _hours(one["hours"]) for one in document["exceptions"]},
    )


def _hours(stored: list[Any]) -> Hours:
    return tuple((time.fromisoformat(since), time.fromisoformat(until)) for since, until in stored)
