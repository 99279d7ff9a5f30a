"""Replays a recorded day of a dialler with other settings: the same people, who answer and talk as they did. Pure.

A recording is the events of a day. Each call that was dialled is somebody who answers after so many seconds, or does
not; how long he talks, and the work after it, is what was seen, or, of one who was dropped, the like of another.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from services.campaigns.calllists.pacing import PATIENCE, Event, Seen, Settings, What, to_dial

_LAST_RING = 45.0
"""Seconds before the last agent leaves in which nobody is dialled any more."""
_FIRST_TALK = 60.0
"""Seconds, where nobody ever talked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is dialled."""

    rings: float
    """Seconds until he answers, or until it is given up."""
    answers: bool
    busy: float = 0.0
    """Seconds that an agent has with him, work after the call among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """An agent from when to when, in seconds."""

    agent: str
    since: float
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a day comes to."""

    dialled: int
    answered: int
    dropped: int
    connected: int
    drop_percent: float
    worst_drop_percent: float
    """At any moment after 100 were answered."""
    idle_percent: float
    """Of the agents' time."""
    contacts_per_hour: float
    """Of an agent."""


def people_of(events: Iterable[Event]) -> list[Person]:
    """Who was dialled, in order."""
    rung: dict[str, float] = {}
    ended: dict[str, tuple[float, bool]] = {}
    spoke: dict[str, float] = {}
    with_whom: dict[str, tuple[str, float]] = {}
    for event in events:
        if event.what == "dialled":
            rung[event.call] = event.at
        elif event.what in ("answered", "failed"):
            ended.setdefault(event.call, (event.at, event.what == "answered"))
        elif event.what == "connected":
            with_whom[event.agent] = (event.call, event.at)
        elif event.what == "free" and event.agent in with_whom:
            call, since = with_whom.pop(event.agent)
            spoke[call] = event.at - since
    return _filled([(call, *ended[call], at) for call, at in rung.items() if call in ended], spoke)


def _filled(rows: Sequence[tuple[str, float, bool, float]], spoke: dict[str, float]) -> list[Person]:
    """Whoever was dropped talks as those do who were answered around him, one after the other."""
    known = list(spoke.values()) or [_FIRST_TALK]
    turn = count()
    return [
        Person(
            rings=at - since,
            answers=answers,
            busy=0.0 if not answers else spoke[call] if call in spoke else known[next(turn) * 7 % len(known)],
        )
        for call, at, answers, since in rows
    ]


def shifts_of(events: Sequence[Event]) -> list[Shift]:
    """When which agent was there; whoever did not leave was there to the end."""
    last = max((event.at for event in events), default=0.0)
    since: dict[str, float] = {}
    found: list[Shift] = []
    for event in events:
        if event.what == "on":
            since.setdefault(event.agent, event.at)
        elif event.what == "off" and event.agent in since:
            found.append(Shift(agent=event.agent, since=since.pop(event.agent), until=event.at))
    return found + [Shift(agent=agent, since=at, until=last) for agent, at in since.items()]


def outcome_of(events: Sequence[Event]) -> Outcome:
    """Of events that happened, or were simulated."""
    seen, idle, there, last, worst = Seen(), 0.0, 0.0, 0.0, 0.0
    connected = 0
    for event in sorted(events, key=lambda one: one.at):
        idle += len(seen.idle) * (event.at - last)
        there += (len(seen.idle) + len(seen.busy)) * (event.at - last)
        last = event.at
        seen.see(event)
        connected += event.what == "connected"
        worst = max(worst, seen.drop_rate) if seen.answered >= 100 else worst
    return Outcome(
        dialled=seen.dialled,
        answered=seen.answered,
        dropped=seen.dropped,
        connected=connected,
        drop_percent=round(seen.drop_rate * 100, 2),
        worst_drop_percent=round(worst * 100, 2),
        idle_percent=round(idle / there * 100, 1) if there else 0.0,
        contacts_per_hour=round(connected / there * 3600, 1) if there else 0.0,
    )


def replayed(people: Sequence[Person], shifts: Sequence[Shift], settings: Settings) -> list[Event]:
    """The events of the day with these settings; it ends with the last agent, or when everybody was dialled."""
    return _Day(people, shifts, settings).run()


@dataclass(slots=True)
class _Day:
    """One day that is simulated."""

    people: Sequence[Person]
    shifts: Sequence[Shift]
    settings: Settings
    seen: Seen = field(default_factory=Seen)
    told: list[Event] = field(default_factory=list)
    agenda: list[tuple[float, int, Callable[[float], None]]] = field(default_factory=list)
    number: "count[int]" = field(default_factory=count)
    next: int = 0

    def run(self) -> list[Event]:
        for shift in self.shifts:
            self._later(shift.since, lambda at, agent=shift.agent: self._on(at, agent))  # type: ignore[misc]
            self._later(shift.until, lambda at, agent=shift.agent: self._tell(at, "off", agent=agent))  # type: ignore[misc]
        end = max((shift.until for shift in self.shifts), default=0.0)
        self._later(min((shift.since for shift in self.shifts), default=0.0), lambda at: self._decide(at, end))
        while self.agenda:
            at, _, step = heapq.heappop(self.agenda)
            step(at)
        return self.told

    def _later(self, at: float, step: Callable[[float], None]) -> None:
        heapq.heappush(self.agenda, (at, next(self.number), step))

    def _tell(self, at: float, what: What, *, call: str = "", agent: str = "") -> None:
        event = Event(at=at, what=what, call=call, agent=agent)
        self.told.append(event)
        self.seen.see(event)

    def _on(self, at: float, agent: str) -> None:
        self._tell(at, "on", agent=agent)
        self._meet(at)

    def _decide(self, at: float, end: float) -> None:
        for _ in range(min(to_dial(self.seen, self.settings), len(self.people) - self.next)):
            self._dial(at)
        if at + self.settings.every < end - _LAST_RING and self.next < len(self.people):
            self._later(at + self.settings.every, lambda later: self._decide(later, end))

    def _dial(self, at: float) -> None:
        person, call = self.people[self.next], f"c{self.next}"
        self.next += 1
        self._tell(at, "dialled", call=call)
        if person.answers:
            self._later(at + person.rings, lambda later: self._answered(later, call))
        else:
            self._later(at + person.rings, lambda later: self._tell(later, "failed", call=call))

    def _answered(self, at: float, call: str) -> None:
        self._tell(at, "answered", call=call)
        self._meet(at)
        if call in self.seen.waiting:
            self._later(at + PATIENCE, lambda later: self._drop(later, call))

    def _drop(self, at: float, call: str) -> None:
        if call in self.seen.waiting:
            self._tell(at, "dropped", call=call)

    def _meet(self, at: float) -> None:
        """Whoever waits longest gets whoever is free."""
        while self.seen.waiting and self.seen.idle:
            call, agent = next(iter(self.seen.waiting)), min(self.seen.idle)
            self._tell(at, "connected", call=call, agent=agent)
            self._later(at + self.people[int(call[1:])].busy, lambda later, who=agent: self._free(later, who))  # type: ignore[misc]

    def _free(self, at: float, agent: str) -> None:
        self._tell(at, "free", agent=agent)
        self._meet(at)


def with_agents(shifts: Sequence[Shift], wanted: int) -> list[Shift]:
    """So many agents: the first ones, or as many more, there as those are."""
    if not shifts:
        return []
    return [replace(shifts[n % len(shifts)], agent=f"{shifts[n % len(shifts)].agent}.{n}") for n in range(wanted)]
