"""Counts calls as they are stored, of the lines that somebody sees."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from hub.contracts.scope import of_team, reaches
from hub.kit.clock import iso
from hub.store.base import Document
from services.telephony.calls.repository import CallRepository
from services.telephony.lines.repository import LineRepository
from services.telephony.statistics.models import By, Statistics, StatisticsQuery, StatisticsRow

MOST = 20_000
"""Calls that are read for one answer."""
_PAGE = 500
_HOUR = len("2026-03-02T09")


class Counts:
    """Answers questions about many calls."""

    def __init__(self, calls: CallRepository, lines: LineRepository, *, most: int = MOST) -> None:
        self._calls = calls
        self._lines = lines
        self._most = most

    async def of(self, query: StatisticsQuery, reach: Sequence[str]) -> Statistics:
        """Of calls that came in by lines that this reach sees."""
        found, complete = await self._found(query, reach)
        groups: dict[str, list[Document]] = defaultdict(list)
        for call in found:
            groups[_key(call, query.by)].append(call)
        rows = [_row(key, calls) for key, calls in sorted(groups.items()) if key]
        return Statistics(since=query.since, until=query.until, items=rows, complete=complete)

    async def total(self, query: StatisticsQuery, reach: Sequence[str]) -> StatisticsRow:
        """All of them together."""
        found, _ = await self._found(query, reach)
        return _row("all", found)

    async def _found(self, query: StatisticsQuery, reach: Sequence[str]) -> tuple[list[Document], bool]:
        """And whether these are all."""
        lines = [one for one in (await self._lines.directory()).lines if reaches(reach, [of_team(one.team)])]
        read: list[Document] = []
        complete = True
        for line in lines:
            if query.line in (None, line.id):
                complete &= await self._read(line.id, query, read)
        return [one for one in read if _counts(one)], complete

    async def _read(self, line: str, query: StatisticsQuery, read: list[Document]) -> bool:
        """Whether all were read, also those that go on or went out, which are not counted."""
        after: str | None = None
        while len(read) < self._most:
            page = await self._calls.of_line(
                line, since=iso(query.since), until=iso(query.until), limit=_PAGE, after=after
            )
            read += page.items
            if (after := page.next) is None:
                return True
        return False


def _counts(call: Document) -> bool:
    state = call["state"]
    return bool(call["direction"] == "in" and state["complete"] and not state["part_of"])


def _key(call: Document, by: By) -> str:
    state = call["state"]
    match by:
        case "line":
            return str(call["line"])
        case "operator":
            return str(state["answered_login"] or state["answered_by"] or "")
        case "queue":
            return str(state["queue"]["name"]) if state["queue"] else ""
        case "hour":
            return f"{call['started_at'][:_HOUR]}:00:00Z"


def _row(key: str, calls: Sequence[Document]) -> StatisticsRow:
    states = [call["state"] for call in calls]
    answered = [one for one in states if one["result"] == "answered"]
    abandoned = sum(one["result"] == "abandoned" for one in states)
    within = sum(one["wait"] <= _level(one) for one in answered)
    late = sum(one["wait"] > _level(one) for one in states)
    promised = within + late
    return StatisticsRow(
        key=key,
        calls=len(states),
        answered=len(answered),
        missed=len(states) - len(answered) - abandoned,
        abandoned=abandoned,
        within_level=within,
        service_level=round(within / promised, 4) if promised else None,
        wait=_average(one["wait"] for one in states),
        talk=_average(one["talk"] for one in answered),
        **_queued([one["queue"] for one in states if one["queue"]]),
    )


def _queued(queues: Sequence[Document]) -> dict[str, Any]:
    """How those waited who came into a queue."""
    lefts = [one.get("left") for one in queues]
    return {
        "queued": len(queues),
        "queue_wait": _average(one["wait"] for one in queues),
        "position": _average(one["position"] for one in queues if one["position"] is not None),
        "abandon_wait": _average(one["wait"] for one in queues if one["abandoned_at"]),
        "call_backs": lefts.count("call_back"),
        "overflowed": lefts.count("overflow"),
    }


def _level(state: Document) -> float:
    """Seconds that the line promised."""
    told = state["queue"] or state["line"] or {}
    return float(told.get("level") or 20.0)


def _average(values: Iterable[float]) -> float:
    found = list(values)
    return round(sum(found) / len(found), 3) if found else 0.0
