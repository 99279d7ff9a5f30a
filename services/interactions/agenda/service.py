"""Calendars of employees: contacts that are planned, tasks with their time, and when they are free."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from hub.api.actor import Actor
from hub.contracts.scope import reaches
from hub.kit.clock import from_iso, iso
from hub.store.base import Document, Range
from services.interactions.agenda.feed import AHEAD, PAST, written
from services.interactions.agenda.forms import FreeQuery
from services.interactions.agenda.spans import Span, common, joined, long_enough, without, working
from services.interactions.agenda.views import AgendaView, BusyView, EntryView, FreeTimes, FreeView
from services.interactions.calendars.repository import Calendars
from services.interactions.repository import Repository
from services.interactions.roots import roots
from services.interactions.seen import Seen
from services.interactions.series.models import foreseen
from services.interactions.tasks.repository import TaskRepository

MOST = 500
"""Contacts, and tasks, of one employee in one answer."""
SERIES = 100
"""Of one employee, that are foreseen."""
LOOKED = 5_000
"""Contacts of one employee that are looked at for one answer, with those that began before."""
LONGEST_PLAN = timedelta(days=31)
_FREE = 100


class Agenda:
    """What one does not see of a colleague's time is told as busy, without a word of what it is."""

    def __init__(self, repository: Repository, tasks: TaskRepository, seen: Seen, calendars: Calendars) -> None:
        self._repository = repository
        self._tasks = tasks
        self._seen = seen
        self._calendars = calendars

    async def entries(self, actor: Actor, logins: Sequence[str], within: Span) -> AgendaView:
        contacts, cut = await self._contacts(logins, within)
        series = await self._series(logins)
        tasks, more = await self._due(actor, logins, within)
        names = await self._names([*contacts, *series, *tasks])
        known = list({one["_id"]: one for one in (*contacts, *series)}.values())
        seen = {one["_id"]: level == "full" for one, level in await self._seen.interactions(actor, known)}
        shown = _first([*contacts, *await asyncio.to_thread(_foreseen, series, within)], logins)
        items = [
            *(_contact(one, logins, names) if seen.get(one["_id"]) else _busy(one, logins) for one in shown.contacts),
            *(_task(one, names) for one in tasks),
        ]
        more = more or cut or shown.more
        return AgendaView(items=sorted(items, key=lambda item: (item.at, item.id or "")), more=more)

    async def feed(self, actor: Actor, now: datetime) -> str:
        """His own, of a month back and three ahead, as RFC 5545 has it; of more than one answer holds the first of
        either, so that what was leaves room for what comes.
        """
        past = await self.entries(actor, [actor.login], Span(now - PAST, now))
        ahead = await self.entries(actor, [actor.login], Span(now, now + AHEAD))
        over = (one for one in past.items if one.at + timedelta(minutes=one.minutes) <= now)
        items = [*over, *ahead.items]
        zone = (await self._calendars.of(actor.login)).zone
        # Half a second for a thousand.
        return await asyncio.to_thread(written, items, name=actor.name or actor.login, zone=zone, now=now)

    async def free(self, logins: Sequence[str], query: FreeQuery) -> FreeTimes:
        """Of what is planned and not over."""
        within = query.span
        contacts, _ = await self._contacts(logins, within, LOOKED)
        series = await self._series(logins)
        busy: dict[str, list[Span]] = defaultdict(list)
        for one in (*contacts, *await asyncio.to_thread(_foreseen, series, within)):
            counts = not one.get("fact") and one["_id"] != query.beside
            for login in _of(one, logins) if counts else ():
                busy[login].append(_span(one))
        hours = {login: working(await self._calendars.of(login), within) for login in logins}
        together = [within]
        for works in hours.values():
            together = common(together, works)
        taken = joined(span for spans in busy.values() for span in spans)
        found = long_enough(without(together, taken), query.minutes)
        return FreeTimes(
            busy=[
                BusyView(login=login, since=span.since, until=span.until)
                for login, spans in sorted(busy.items())
                for span in joined(spans)
            ],
            off=[login for login, works in hours.items() if not works],
            free=[FreeView(since=span.since, until=span.until) for span in islice(found, _FREE)],
        )

    async def _contacts(self, logins: Sequence[str], within: Span, most: int = MOST) -> tuple[list[Document], bool]:
        """Each once; those that began before and last until then, too."""
        each = await asyncio.gather(*(self._contacts_of(login, within, most) for login in logins))
        found = {one["_id"]: one for contacts, _ in each for one in contacts}
        return list(found.values()), any(more for _, more in each)

    async def _contacts_of(self, login: str, within: Span, most: int) -> tuple[list[Document], bool]:
        """However many began before and are over: they take no room."""
        bounds = Range(since=iso(within.since - LONGEST_PLAN), until=iso(within.until))
        found: list[Document] = []
        looked, after = 0, None
        while looked < LOOKED and len(found) < most:
            page = await self._repository.interactions.find(
                {"diary": login, "plan_at": bounds}, order="plan_at", limit=MOST, after=after
            )
            looked += len(page.items)
            found += (one for one in page.items if _span(one).meets(within))
            if (after := page.next) is None:
                return found[:most], len(found) > most
        return found[:most], True

    async def _series(self, logins: Sequence[str]) -> list[Document]:
        """Those that the series of these people go on from."""
        pages = await asyncio.gather(
            *(
                self._repository.interactions.find({"foreseen_by": login}, order="plan_at", limit=SERIES)
                for login in logins
            )
        )
        return list({one["_id"]: one for page in pages for one in page.items}.values())

    async def _due(self, actor: Actor, logins: Sequence[str], within: Span) -> tuple[list[Document], bool]:
        """Those that he sees."""
        bounds = Range(since=iso(within.since), until=iso(within.until))
        pages = await asyncio.gather(
            *(
                self._tasks.tasks.find({"assignee": login, "turn": bounds}, order="turn", limit=MOST)
                for login in logins
            )
        )
        seen = (one for page in pages for one in page.items if reaches(actor.reach, one["seen_by"]))
        return [one for one in seen if one["state"] != "cancelled"], any(page.next for page in pages)

    async def _names(self, documents: Iterable[Document]) -> dict[str, str]:
        """Of clients, by id."""
        ids = {one["client_id"] for one in documents if one.get("client_id")}
        found = await roots(self._repository.clients, ids) if ids else {}
        return {client_id: client["name"] for client_id, client in found.items()}


def _of(contact: Document, logins: Iterable[str]) -> list[str]:
    return [login for login in logins if login in contact["diary"]]


def _span(contact: Document) -> Span:
    at = from_iso(contact["plan"]["at"])
    return Span(at, at + timedelta(minutes=contact["plan"]["minutes"]))


class _Shown(NamedTuple):
    contacts: list[Document]
    more: bool


def _first(contacts: Sequence[Document], logins: Sequence[str]) -> _Shown:
    """Of each employee as many as one answer has."""
    kept, room = [], dict.fromkeys(logins, MOST)
    for one in sorted(contacts, key=lambda one: str(one["plan"]["at"])):
        theirs = _of(one, logins)
        if any(room[login] > 0 for login in theirs):
            kept.append(one)
            room |= {login: room[login] - 1 for login in theirs}
    return _Shown(kept, len(kept) < len(contacts))


def _foreseen(series: Iterable[Document], within: Span) -> list[Document]:
    """The times after those of the contacts, as if they were contacts."""
    return [
        {**one, "plan": {**one["plan"], "at": iso(at)}, "fact": None, "foreseen": True}
        for one in series
        for at in foreseen(one, within.since - timedelta(minutes=one["plan"]["minutes"]), within.until, most=MOST)
        if Span(at, at + timedelta(minutes=one["plan"]["minutes"])).meets(within)
    ]


def _contact(one: Document, logins: Iterable[str], names: dict[str, str]) -> EntryView:
    fact, name = one.get("fact"), names.get(one["client_id"], "")
    return EntryView(
        kind="contact",
        id=one["_id"],
        type=one["type"],
        state="planned" if not fact else "held" if fact["held"] else "missed",
        title=one["subject"] or one["text"][:100] or name,
        at=from_iso(one["plan"]["at"]),
        minutes=one["plan"]["minutes"],
        place=one["plan"]["place"],
        logins=_of(one, logins),
        client_id=one["client_id"],
        client_name=name,
        chain_id=one["chain_id"],
        repeats=(one["plan"].get("series") or {}).get("rule", ""),
        foreseen=one.get("foreseen", False),
    )


def _busy(one: Document, logins: Iterable[str]) -> EntryView:
    span = _span(one)
    minutes = one["plan"]["minutes"]
    return EntryView(kind="contact", id=None, state="busy", at=span.since, minutes=minutes, logins=_of(one, logins))


def _task(one: Document, names: dict[str, str]) -> EntryView:
    return EntryView(
        kind="task",
        id=one["_id"],
        state="done" if one["state"] == "done" else "open",
        title=one["title"],
        at=from_iso(one["due"]),
        minutes=0,
        logins=[one["assignee"]],
        client_id=one["client_id"],
        client_name=names.get(one["client_id"] or "", ""),
        chain_id=one["chain_id"],
        repeats=(one["repeats"] or "") if one["state"] != "done" else "",
    )
