"""Puts the parts of telemarketing together, on what the service has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from hub.api.public import Public
from hub.bus.base import Bus
from hub.jobs.service import Jobs
from hub.kit.clock import Clock
from hub.kit.loop import Loop, Runs
from hub.store.base import Store
from hub.store.leases import Leases
from services.campaigns.calllists import endpoints
from services.campaigns.calllists.days import Days, Recorder
from services.campaigns.calllists.dialler import Dialler
from services.campaigns.calllists.dialler import Floor as Agents
from services.campaigns.calllists.following import Chains, Following
from services.campaigns.calllists.funnel import Funnels
from services.campaigns.calllists.hours import Durations, Hours
from services.campaigns.calllists.loading import LoadCallList, Ready
from services.campaigns.calllists.repository import CallRepository
from services.campaigns.calllists.ringing import Dials, Ringing
from services.campaigns.calllists.rules import Caps, Policy
from services.campaigns.calllists.service import CallLists, Sources
from services.campaigns.calllists.stops import Stops
from services.campaigns.calllists.work import Work
from services.campaigns.scripts import endpoints as script_endpoints
from services.campaigns.scripts.repository import ScriptRepository
from services.campaigns.scripts.service import Scripts
from services.campaigns.segments.service import Columns, Segments
from services.campaigns.settings import Settings

_DIALS = timedelta(seconds=1)
_FOLLOWS = timedelta(seconds=2)


class Calls(Dials, Chains, Protocol):
    """The way to phone somebody, and to note what came of it."""


class Crew(Agents, Durations, Recorder, endpoints.Crew, Protocol):
    """The service of calls: who is there, and how long they spoke."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All of them."""

    repository: CallRepository
    lists: CallLists
    work: Work
    stops: Stops
    scripts: Scripts
    funnels: Funnels
    hours: Hours
    days: Days
    crew: Crew
    clock: Clock
    loops: Sequence[Runs]

    def job(self, segments: Segments, ready: Ready, columns: Columns) -> LoadCallList:
        return LoadCallList(self.repository, segments, ready, columns, self.clock)

    def public(self, jobs: Jobs) -> tuple[Public, ...]:
        found = (
            self.lists,
            self.work,
            self.stops,
            self.funnels,
            self.crew,
            self.hours,
            self.days,
            jobs,
            self.scripts,
        )
        return endpoints.public(*found), script_endpoints.public(self.scripts, self.lists)


def built(
    store: Store,
    bus: Bus,
    clock: Clock,
    *,
    settings: Settings,
    sources: Sources,
    dialling: Calls,
    crew: Crew,
    leases: Leases,
    held: Callable[[], bool],
) -> Parts:
    """Its loops are started by whoever calls."""
    repository = CallRepository(store)
    policy = Policy(caps=Caps(a_day=settings.calls_a_day, a_week=settings.calls_a_week), zone=settings.call_zone)
    lists, stops = CallLists(repository, clock, sources), Stops(repository, clock, region=settings.region)
    ringing = Ringing(repository, stops, dialling, clock, policy.caps)
    work = Work(repository, lists, stops, ringing, clock, policy)
    scripts = Scripts(ScriptRepository(store), work, clock)
    work.leads(scripts.answers)
    dialler = Dialler(repository, work, ringing, crew, leases, clock, held=held)
    following = Following(repository, dialling, bus, clock)
    return Parts(
        repository=repository,
        lists=lists,
        work=work,
        stops=stops,
        scripts=scripts,
        funnels=Funnels(repository, clock, policy),
        hours=Hours(repository, crew, settings.call_zone),
        days=Days(crew, settings.call_zone),
        crew=crew,
        clock=clock,
        loops=(Loop("dialler", dialler.look, every=_DIALS), Loop("following", following.look, every=_FOLLOWS)),
    )
