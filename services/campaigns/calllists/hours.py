"""How a list went, by hour and weekday on the clock of the list: what was tried, who answered, how long it took."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from hub.kit.clock import from_iso, iso
from hub.store.base import Document, Range, Where
from services.campaigns.calllists.models import WEEK
from services.campaigns.calllists.repository import CallRepository

MOST, _PAGE = 50_000, 500
"""Attempts that are read for one answer, and at once."""
_ENOUGH = 20
"""Attempts by which an hour is judged."""
_LONGEST = 3_600.0
"""Seconds of work after a call that count; who says what came of it the next day did not work on it until then."""


@dataclass(frozen=True, slots=True)
class Lasted:
    """One call, as the service of calls knows it."""

    talk: float
    ended_at: datetime | None


class Durations(Protocol):
    """Knows how long calls took."""

    async def durations(self, interactions: Sequence[str]) -> Mapping[str, Lasted]:
        """Of those that are known. Raises TransientError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Attempts of one hour of one weekday; `hour` and `weekday` are none for all together."""

    weekday: str | None
    hour: int | None
    attempts: int
    answered: int
    """By a person."""
    contacts: int
    """With the right person."""
    sales: int
    dropped: int
    talk: float | None
    """Seconds, on average, of those who spoke with an operator."""
    after_call: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    zone: str
    total: Row
    rows: Sequence[Row]
    best: Row | None
    """The hour in which the right person was reached most often, of those with 20 attempts or more."""
    complete: bool


class Hours:
    """Of all lists."""

    def __init__(self, repository: CallRepository, durations: Durations, zone: str) -> None:
        """`zone` is that of lists that have none of their own."""
        self._repository = repository
        self._durations = durations
        self._zone = zone

    async def of(self, call_list: Document, since: datetime, until: datetime) -> Report:
        """Raises TransientError: the service of calls is away."""
        zone = call_list.get("zone") or self._zone
        attempts, complete = await self._attempts(call_list["_id"], since, until)
        lasted = await self._lasted(attempts)
        by_hour: dict[tuple[int, int], list[Document]] = defaultdict(list)
        for one in attempts:
            local = from_iso(one["at"]).astimezone(ZoneInfo(zone))
            by_hour[local.weekday(), local.hour].append(one)
        rows = [_row(some, lasted, WEEK[day], hour) for (day, hour), some in sorted(by_hour.items())]
        enough = [row for row in rows if row.attempts >= _ENOUGH and row.contacts]
        best = max(enough, key=lambda row: row.contacts / row.attempts, default=None)
        return Report(zone=zone, total=_row(attempts, lasted, None, None), rows=rows, best=best, complete=complete)

    async def _attempts(self, list_id: str, since: datetime, until: datetime) -> tuple[list[Document], bool]:
        """And whether these are all."""
        found: list[Document] = []
        where: Where = {"list": list_id, "at": Range(since=iso(since), until=iso(until))}
        after: str | None = None
        while len(found) < MOST:
            page = await self._repository.attempts.find(where, order="at", limit=_PAGE, after=after)
            found += page.items
            if (after := page.next) is None:
                return found, True
        return found, False

    async def _lasted(self, attempts: Sequence[Document]) -> dict[str, Lasted]:
        ids = [one["interaction"] for one in attempts if one["interaction"]]
        found: dict[str, Lasted] = {}
        for first in range(0, len(ids), _PAGE):
            found |= await self._durations.durations(ids[first : first + _PAGE])
        return found


def _row(attempts: Sequence[Document], lasted: Mapping[str, Lasted], weekday: str | None, hour: int | None) -> Row:
    talks = [(one, known) for one in attempts if (known := lasted.get(one["interaction"] or "")) and known.talk]
    flags = [set(one["flags"]) for one in attempts]
    return Row(
        weekday=weekday,
        hour=hour,
        attempts=len(attempts),
        answered=sum(bool(one & {"human", "contact", "sale", "refused", "do_not_call"}) for one in flags),
        contacts=sum("contact" in one for one in flags),
        sales=sum("sale" in one for one in flags),
        dropped=sum(one["disposition"] == "dropped" for one in attempts),
        talk=_average([known.talk for _, known in talks]),
        after_call=_average([_work(one, known.ended_at) for one, known in talks if known.ended_at]),
    )


def _work(attempt: Document, ended: datetime) -> float:
    return min(_LONGEST, max(0.0, (from_iso(attempt["over_at"]) - ended).total_seconds()))


def _average(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 1) if values else None
