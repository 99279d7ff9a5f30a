"""Queues: callers wait in turn, whoever of the members is free is rung, and each call tells how long it waited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from hub.kit.clock import Clock, from_iso, iso
from hub.store.base import Document
from services.telephony.agents.rules import AVAILABLE, AWAY, PAUSED
from services.telephony.calls.models import Call
from services.telephony.flow.models import Queue
from services.telephony.lines.models import OurLine
from services.telephony.queues import rules
from services.telephony.queues.repository import QueueRepository
from services.telephony.queues.telling import CALL_BACK, OVERFLOW, with_visit

_REST = timedelta(seconds=15)
"""A member who did not answer is not rung again for so long."""
_ANSWERED = timedelta(seconds=5)
"""So long it may take until a call that was answered shows that he talks."""
_KEPT = timedelta(days=3)


class Attends(Protocol):
    """Knows who is there for calls."""

    async def states(self, logins: Sequence[str]) -> dict[str, Document]:
        """Of those who declared themselves."""
        ...

    async def give(self, login: str, call: str) -> bool:
        """His from now on, if he is free."""
        ...

    async def give_back(self, login: str, call: str) -> None: ...


class Calls(Protocol):
    """Knows the calls that go on."""

    async def talking(self, logins: Sequence[str]) -> set[str]:
        """Who of these speaks at the moment."""
        ...

    async def tell_joined(self, interaction_id: str, name: str, position: int) -> None:
        """A call tells that it waits in a queue."""
        ...


@dataclass(frozen=True, slots=True)
class Rings:
    """It is his turn: this member is rung."""

    login: str
    ring: int
    """The how manieth for this caller."""


@dataclass(frozen=True, slots=True)
class Waits:
    """He waits on; `minutes` as far as can be told. `told`: he shall hear it now."""

    position: int
    minutes: int
    told: bool


@dataclass(frozen=True, slots=True)
class Overflows:
    """It is full, or he has waited for as long as anybody shall."""


@dataclass(frozen=True, slots=True)
class Gone:
    """He left it before."""


Turn = Rings | Waits | Overflows | Gone


class Queues:
    """Of all lines. Every copy of the hub may be asked about any caller."""

    def __init__(self, repository: QueueRepository, presence: Attends, calls: Calls, clock: Clock) -> None:
        self._repository = repository
        self._presence = presence
        self._calls = calls
        self._clock = clock

    async def look(self, call: str, line: OurLine, given: Queue, members: Sequence[str]) -> Turn:
        """What is to be done with a caller, who joins the queue if he was not in it.

        Args:
            call: The interaction of his call.
            members: Those of the queue who have a phone that can be rung.

        Raises:
            TransientError: ask again.
        """
        now = self._clock.now()
        visit = await self._joined(call, line, given, now)
        since = _since(visit) if visit else ""
        if visit is None or now - from_iso(since) >= timedelta(seconds=given.max_wait):
            await self.leave(call, line, OVERFLOW)
            return Overflows()
        if visit["left"] or visit["settled"]:
            return Gone()
        queue = await self._repository.change(line.id, lambda queue: rules.seen(queue, call, since, now))
        await self._numbered(visit, queue)
        mine = rules.place_of(queue, call)
        if mine and mine["state"] == rules.RINGING:
            return Rings(mine["login"], mine.get("ring", 0))
        states = await self._presence.states(members)
        free = await self._free(members, states, now)
        rank = rules.rank(queue, call)
        ring = await self._taken(call, line, free[rank], given, now) if rank < len(free) else 0
        if ring:
            return Rings(free[rank], ring)
        away = [login for login, agent in states.items() if agent["state"] in (AWAY, PAUSED)]
        return await self._waits(queue, call, given, len(members) - len(away), now)

    async def unanswered(self, call: str, line: OurLine, ring: int) -> None:
        """The member who was rung did not take it; told twice, or late, it changes nothing."""
        now = self._clock.now()
        if not rules.is_ringing(await self._repository.queue(line.id), call, ring):
            return
        await self._let(call, line, now + _REST)
        await self._repository.change(line.id, lambda queue: rules.waits_again(queue, call, ring, now))

    async def leave(self, call: str, line: OurLine, how: str) -> None:
        """He waits no more; his call says how he left."""
        now = self._clock.now()
        await self._let(call, line, now + _REST)
        await self._repository.visit(call, line.id, now)

        def change(visit: Document) -> Document | None:
            return (
                None
                if visit["left"]
                else {**visit, **self._named(visit, line, now), "left": how, "left_at": iso(now)}
            )

        await self._repository.note(call, change)
        await self._repository.change(line.id, lambda queue: rules.left(queue, call))

    async def handed(self, call: str, line: OurLine) -> None:
        """Whoever spoke with him handed him on: he may wait anew, behind who waits already."""
        now = self._clock.now()
        await self._repository.visit(call, line.id, now)
        await self._repository.note(call, lambda visit: {**visit, "handed_at": iso(now), "settled": ""})

    async def owe(self, call: str) -> None:
        """Whom we could not take is called back all the same."""
        await self._repository.note(call, lambda visit: {**visit, "left": CALL_BACK})

    async def message(self, call: str, line: OurLine, reference: str) -> None:
        """What was recorded in the flow, as the exchange calls it."""
        await self._repository.visit(call, line.id, self._clock.now())
        await self._repository.note(call, lambda visit: {**visit, "message": reference[:500]})

    async def is_free(self, login: str) -> bool:
        return bool(await self._free([login], await self._presence.states([login]), self._clock.now()))

    async def hear(self, calls: Sequence[tuple[str, Call]]) -> list[Call]:
        """The same calls, each by its interaction, with what their visits say. Who was answered or hung up has left.

        Raises:
            TransientError: tell it again.
        """
        visits = await self._repository.visits({interaction_id for interaction_id, _ in calls})
        for interaction_id, call in calls:
            visit = visits.get(interaction_id)
            if visit and visit["joined_at"] and (call.complete or _is_answered(visit, call)):
                await self._settle(visit, call)
        return [with_visit(call, visits[one]) if one in visits else call for one, call in calls]

    async def forget_old(self) -> None:
        await self._repository.forget(self._clock.now() - _KEPT)

    async def _joined(self, call: str, line: OurLine, given: Queue, now: datetime) -> Document | None:
        """His visit; none where the queue is full."""
        visit = await self._repository.visit(call, line.id, now)
        if visit["joined_at"] or visit["left"]:
            return {**visit, "joined_at": visit["joined_at"] or iso(now)}
        if rules.is_full(await self._repository.queue(line.id), given.max_length, now):
            return None
        joined = self._named(visit, line, now)
        return await self._repository.note(call, lambda one: one if one["joined_at"] else {**one, **joined})

    def _named(self, visit: Document, line: OurLine, now: datetime) -> Document:
        queue = line.flow.queue if line.flow else None
        name = (queue.name if queue else "") or line.name or line.number
        return {"name": name, "joined_at": visit["joined_at"] or iso(now)}

    async def _numbered(self, visit: Document, queue: Document) -> None:
        """At which place he joined it."""
        if visit["position"] is None:
            place = rules.position(queue, visit["_id"])
            await self._repository.note(
                visit["_id"], lambda one: {**one, "position": place} if one["position"] is None else None
            )
            await self._calls.tell_joined(visit["_id"], visit["name"], place)

    async def _free(self, members: Sequence[str], states: dict[str, Document], now: datetime) -> list[str]:
        """Who has been free for longest, first. Who never declared himself is free unless he talks."""
        talking = await self._calls.talking(members)
        seats = await self._repository.seats(members)
        held = {login for login, seat in seats.items() if seat["until"] > iso(now)}
        there = [one for one in members if one not in talking | held and _is_there(states.get(one))]

        def since(login: str) -> str:
            agent, seat = states.get(login), seats.get(login)
            return str(agent["since"] if agent else seat["until"] if seat else "")

        return sorted(there, key=lambda login: (since(login), members.index(login)))

    async def _taken(self, call: str, line: OurLine, login: str, given: Queue, now: datetime) -> int:
        """He is this caller's, for as long as his phone rings: the how manieth ring it is, 0 where he is not."""
        until = now + timedelta(seconds=given.ring_seconds)
        if not await self._repository.seat(login, call, now=now, until=until + _ANSWERED):
            return 0
        if not await self._presence.give(login, call):
            await self._repository.unseat(login, call, now)
            return 0
        queue = await self._repository.change(line.id, lambda queue: rules.rings(queue, call, login, until))
        if not await self._has_left(call):
            return int((rules.place_of(queue, call) or {"ring": 1})["ring"])
        await self._repository.change(line.id, lambda queue: rules.left(queue, call))
        await self._repository.unseat(login, call, now)
        if not await self._calls.talking([login]):
            await self._presence.give_back(login, call)
        return 0

    async def _has_left(self, call: str) -> bool:
        """Whether he hung up, or was answered, while somebody was looked for: nobody is told of it any more."""
        visit = (await self._repository.visits([call])).get(call)
        return visit is None or bool(visit["left"] or visit["settled"])

    async def _let(self, call: str, line: OurLine, until: datetime) -> None:
        """Whoever was rung for a call is free for others; his phone after a rest."""
        mine = rules.place_of(await self._repository.queue(line.id), call)
        if mine and mine["login"]:
            await self._presence.give_back(mine["login"], call)
            await self._repository.unseat(mine["login"], call, until)

    async def _waits(self, queue: Document, call: str, given: Queue, at_work: int, now: datetime) -> Waits:
        told = rules.is_told(queue, call, given.announce_every, now)
        if told:
            await self._repository.change(queue["_id"], lambda one: rules.told(one, call, now))
        return Waits(rules.position(queue, call), rules.minutes(queue, call, at_work), told)

    async def _settle(self, visit: Document, call: Call) -> None:
        """Once for the answer, and once for the end."""
        stage = "over" if call.complete else "answered"
        if visit["settled"] in (stage, "over"):
            return
        await self._free_of(visit, call)
        await self._repository.change(visit["line"], partial(_settled, visit["_id"], call))
        await self._repository.note(visit["_id"], lambda one: {**one, "settled": stage})
        # Who was looked for meanwhile was found before this was known, or notices it himself.
        await self._free_of(visit, call)
        await self._repository.change(visit["line"], lambda queue: rules.left(queue, visit["_id"]))

    async def _free_of(self, visit: Document, call: Call) -> None:
        """Whoever was rung for a caller who is not there any more, or is spoken with."""
        mine = rules.place_of(await self._repository.queue(visit["line"]), visit["_id"])
        if mine and mine["login"]:
            if call.answered_at is None:
                await self._presence.give_back(mine["login"], visit["_id"])
            await self._repository.unseat(mine["login"], visit["_id"], self._clock.now() + _ANSWERED)


def _since(visit: Document) -> str:
    """When he joined the queue, the last time."""
    return max(str(visit["joined_at"]), str(visit.get("handed_at", "")))


def _is_answered(visit: Document, call: Call) -> bool:
    """Whether somebody speaks with him; who was handed on was answered before, which says nothing any more."""
    if not visit.get("handed_at"):
        return call.answered_at is not None
    return any(leg.role == "operator" and leg.answered and not leg.over for leg in call.legs)


def _settled(visit: str, call: Call, queue: Document) -> Document:
    over = call.complete and call.answered_at is not None
    rest = rules.left(queue, visit)
    return rules.talked(rest, call.talk) if over else rest


def _is_there(agent: Document | None) -> bool:
    return agent is None or agent["state"] == AVAILABLE
