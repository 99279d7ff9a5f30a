"""What the service of call lists asks: who is there for a list, and what became of those that it dialled."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from services.telephony.agents.service import Presence
from services.telephony.calls.repository import CallRepository
from services.telephony.dials.day import MOST, events_of
from services.telephony.dials.service import Dials
from services.telephony.phones.repository import PhoneRepository


class Asked(BaseModel):
    """Interactions of those that were dialled and are not settled yet."""

    ids: Annotated[list[str], Field(max_length=500)]


class DialView(BaseModel):
    id: str
    state: str
    end: str
    agent: str | None
    talked: bool


class Told(BaseModel):
    """Of one list, all as of now."""

    available: int
    """Who can be rung."""
    shared: int
    """Of these, who take calls of other lists, too."""
    others: list[str]
    """Their other lists."""
    busy: int
    """Agents in a call, or with the work after one."""
    dialled: int
    answered: int
    dropped: int
    over: int
    waiting: int
    ring: float
    talk: float
    dials: list[DialView]


class Day(BaseModel):
    """From when to when, a day at most."""

    since: AwareDatetime
    until: AwareDatetime


class Recorded(BaseModel):
    """What happened: see `services.telephony.dials.day`."""

    events: list[tuple[float, str, str, str]]
    complete: bool


class LastedView(BaseModel):
    """Of a call that is known."""

    id: str
    talk: float
    ended_at: datetime | None


def for_services(dials: Dials, presence: Presence, calls: CallRepository, phones: PhoneRepository) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.post("/calls/durations")
    async def durations(asked: Asked) -> list[LastedView]:
        found = await calls.calls.get_many(asked.ids)
        states = {name: call["state"] for name, call in found.items()}
        return [LastedView(id=name, talk=one["talk"], ended_at=one["ended_at"]) for name, one in states.items()]

    @routes.post("/call-lists/{call_list}/day")
    async def recorded(call_list: str, asked: Day) -> Recorded:
        found = await dials.repository.of_day(call_list, asked.since, asked.until, at_most=MOST + 1)
        spells = await presence.of_day(call_list, asked.since, asked.until)
        events = events_of(call_list, found[:MOST], spells, (asked.since, asked.until))
        return Recorded(events=events, complete=len(found) <= MOST)

    @routes.post("/call-lists/{call_list}/dials")
    async def look(call_list: str, asked: Asked) -> Told:
        # First who is over, then who is free: whoever is counted as free has been counted as over.
        found = await dials.look(asked.ids)
        counts = await dials.repository.counts(call_list)
        there, rung = await presence.of_list(call_list), await phones.reachable()
        agents = [one["state"] for one in there]
        free = [one["lists"] for one in there if one["state"] == "available" and one["_id"] in rung]
        return Told(
            available=len(free),
            shared=sum(len(lists) > 1 for lists in free),
            others=sorted({one for lists in free for one in lists} - {call_list}),
            busy=agents.count("on_call") + agents.count("after_call"),
            dialled=counts.dialled,
            answered=counts.answered,
            dropped=counts.dropped,
            over=counts.over,
            waiting=counts.waiting,
            ring=counts.ring,
            talk=counts.talk,
            dials=[
                DialView(
                    id=one["_id"], state=one["state"], end=one["end"], agent=one["agent"], talked=bool(one["talk_at"])
                )
                for one in found
            ],
        )

    return routes
