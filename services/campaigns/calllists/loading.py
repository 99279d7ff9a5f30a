"""Loads a call list from a segment or a static list, by a job; once more, it adds those who are new."""

from asyncio import gather
from collections.abc import Sequence
from typing import Any, Protocol

import orjson

from hub.api.actor import Actor
from hub.jobs.models import Args, ItemResult, Step
from hub.kit.clock import Clock, iso
from hub.kit.errors import NotFound
from hub.kit.ids import derive
from hub.kit.phones import region_of
from hub.store.amend import amend
from hub.store.base import Document
from services.campaigns.calllists.repository import CallRepository
from services.campaigns.calllists.rules import masks_in, refused
from services.campaigns.segments.projection import Row, key_of
from services.campaigns.segments.service import Columns, Segments, trees_of
from services.campaigns.segments.sql import among

PAGE = 10_000
"""People of one step."""
_PART = 5_000
REPORT = ("new", "known", "duplicate", "invalid", "region", "do_not_call", "without_number")
_OWNED = (
    "(SELECT o.address, coalesce(m.root, o.k) AS k FROM owned o LEFT JOIN merged m ON m.k = o.k"
    " WHERE starts_with(o.address, 'phone:'))"
)


class Ready(Protocol):
    """Static lists."""

    async def make_ready(self, ids: Sequence[str], actor: Actor) -> None:
        """Their members are in the tables when it returns. Raises InvalidInput."""
        ...


class LoadCallList:
    """Arguments: `call_list`, `login`, `reach`: of whoever loads it, whose clients it is of."""

    kind = "load_call_list"
    sends = False

    def __init__(
        self, repository: CallRepository, segments: Segments, lists: Ready, columns: Columns, clock: Clock
    ) -> None:
        self._repository = repository
        self._segments = segments
        self._lists = lists
        self._columns = columns
        self._clock = clock

    async def total(self, args: Args) -> int | None:
        """Not known before it is read."""
        del args
        return None

    async def step(self, args: Args, cursor: str | None) -> Step:
        """Raises InvalidInput where the segment or the list is not there any more."""
        now: dict[str, Any] = orjson.loads(cursor) if cursor else {"after": "", "report": dict.fromkeys(REPORT, 0)}
        call_list = await self._repository.lists.get(args["call_list"])
        if call_list is None:
            raise NotFound(f"there is no call list {args['call_list']}")
        people = await self._page(call_list, Actor(login=args["login"], reach=tuple(args["reach"])), now["after"])
        # While the store writes one part, the numbers of the next are read.
        parts = [people[first : first + _PART] for first in range(0, len(people), _PART)]
        reports = await gather(*(self._add(call_list, part) for part in parts))
        report = {name: sum(one[name] for one in reports) for name in REPORT}
        whole = {name: now["report"][name] + report[name] for name in REPORT}
        over = len(people) < PAGE
        await self._tell(call_list, whole, over=over)
        after = {"after": people[-1][0] if people else "", "report": whole}
        return Step([ItemResult(now["after"] or "first", report)], None if over else orjson.dumps(after).decode())

    async def _page(self, call_list: Document, actor: Actor, after: str) -> list[Row]:
        """Whose row, client, name, time zone, numbers; in order."""
        if call_list.get("list"):
            return await self._of_list(call_list["list"], actor, after)
        segment = await self._segments.get(call_list["segment"], actor)
        text, given = await self._segments.question(*trees_of(segment), actor, named=segment["_id"])
        text += f" AND {among(actor.reach, given)}"
        sql = (
            f"WITH page AS (SELECT c.k, c.id, c.name, c.time_zone FROM clients c WHERE {text} AND c.id > $after"
            f" ORDER BY c.id LIMIT {PAGE}) SELECT p.id, p.id, p.name, p.time_zone, list(DISTINCT o.address ORDER BY"
            f" o.address) FILTER (WHERE o.address IS NOT NULL) FROM page p LEFT JOIN {_OWNED} o ON o.k = p.k"
            " GROUP BY p.id, p.name, p.time_zone ORDER BY p.id"
        )
        return await self._columns.ask(sql, {**given, "after": after})

    async def _of_list(self, list_id: str, actor: Actor, after: str) -> list[Row]:
        """Clients whom he does not see are people of an address, as if nobody knew them."""
        await self._lists.make_ready([list_id], actor)
        given: dict[str, Any] = {"list": key_of(list_id), "after": after}
        seen = among(actor.reach, given)
        sql = (
            "SELECT l.address, any_value(c.id), coalesce(any_value(c.name),"
            " any_value(json_extract_string(l.data, '$.name')), ''), any_value(c.time_zone), [l.address]"
            f" FROM members l LEFT JOIN {_OWNED} o ON o.address = l.address"
            f" LEFT JOIN clients c ON c.k = o.k AND {seen}"
            " WHERE l.list = $list AND starts_with(l.address, 'phone:') AND l.address > $after"
            f" GROUP BY l.address ORDER BY l.address LIMIT {PAGE}"
        )
        return await self._columns.ask(sql, given)

    async def _add(self, call_list: Document, people: Sequence[Row]) -> dict[str, int]:
        report = dict.fromkeys(REPORT, 0)
        good = await self._scrubbed(call_list, people, report)
        names = {person[0]: derive("ce", call_list["_id"], person[1] or person[0]) for person, _ in good}
        wanted = {number: names[person[0]] for person, numbers in good for number in numbers}
        there = await self._repository.entries.get_many(set(names.values()))
        owners = await self._repository.claim(call_list["_id"], wanted)
        entries: dict[str, Document] = {}
        due = iso(self._clock.now())
        for person, numbers in good:
            name = names[person[0]]
            own = [number for number in numbers if owners[number] == name]
            report["duplicate"] += len(numbers) - len(own)
            if name in there or name in entries:
                report["known"] += 1
            elif own:
                entries[name] = _entry(call_list, name, person, own, due)
        fresh = [entries[name] for name in sorted(entries)]
        report["new"] = len(await self._repository.entries.insert_many(fresh) if fresh else ())
        return report

    async def _scrubbed(
        self, call_list: Document, people: Sequence[Row], report: dict[str, int]
    ) -> list[tuple[Row, list[str]]]:
        """Those with numbers that may be phoned."""
        every = {number for person in people for number in person[4] or ()}
        known = await self._repository.numbers.get_many(every)
        masks = masks_in(await self._repository.masks_there(), call_list["_id"])
        found: list[tuple[Row, list[str]]] = []
        for person in people:
            kept: list[str] = []
            for number in person[4] or ():
                reason = self._refused(call_list, number, known.get(number), masks)
                if reason:
                    report[reason] += 1
                else:
                    kept.append(number)
            report["without_number"] += 0 if person[4] else 1
            found += [(person, kept)] if kept else []
        return found

    def _refused(self, call_list: Document, number: str, known: Document | None, masks: Sequence[str]) -> str:
        region = region_of(number.removeprefix("phone:")[:-3])
        if not region:
            return "invalid"
        if call_list["regions"] and region not in call_list["regions"]:
            return "region"
        return "do_not_call" if refused(number, known, masks, call_list["_id"]) else ""

    async def _tell(self, call_list: Document, report: dict[str, int], *, over: bool) -> None:
        fields = {"report": report, "loaded_at": iso(self._clock.now()) if over else None}
        await amend(self._repository.lists, call_list["_id"], lambda now: {**now, **fields})


def _entry(call_list: Document, name: str, person: Row, numbers: list[str], due: str) -> Document:
    _, client, title, zone, _ = person
    return {
        "_id": name,
        "list": call_list["_id"],
        "person": client or numbers[0],
        "client": client,
        "name": title or "",
        "zones": [zone] if zone else [],
        "numbers": numbers,
        "number": numbers[0],
        "bad": [],
        "spent": [],
        "state": "waiting",
        "due": due,
        "attempts": 0,
        "tries": {},
        "last": "",
    }
