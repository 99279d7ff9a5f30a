"""How many lines to dial, as a pure function over call events: never so many that drops could pass the cap.

A call that is answered while no agent is free waits for one for `PATIENCE` seconds, and is dropped then (the two
seconds are those of 47 CFR 64.1200(a)(7)). Dropped are counted of those that a person answered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import floor
from typing import Literal

PATIENCE = 2.0
"""Seconds that somebody who answered waits for an agent."""
Limit = Literal["hard", "tapered", "average"]
What = Literal["on", "off", "dialled", "answered", "failed", "connected", "dropped", "ended", "free"]
_MARGIN = 0.9
"""Of the cap; those that ring at this moment take the rest."""
_FIRST_ANSWERS, _FIRST_CALLS = 3.0, 10.0
"""What is taken for granted of answers before any are seen: three of ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a list is dialled."""

    mode: Literal["progressive", "predictive"] = "predictive"
    lines: float = 3.0
    """For each agent, at most; progressive dials one for each agent who is free."""
    cap: float = 0.03
    """Of those answered, so many may be dropped."""
    limit: Limit = "hard"
    """`hard`: not even if all that ring are answered at once; `tapered`: less and less towards the cap; `average`: as
    expected, as long as the day as a whole is well below it, then as `hard`."""
    every: float = 1.0
    """Seconds between two decisions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened; `at` in seconds since the day began."""

    at: float
    what: What
    call: str = ""
    agent: str = ""


@dataclass(slots=True)
class Seen:
    """What events come to so far."""

    idle: set[str] = field(default_factory=set)
    busy: dict[str, float] = field(default_factory=dict)
    """Agents with a call or the work after it, and since when."""
    leaving: set[str] = field(default_factory=set)
    ringing: dict[str, float] = field(default_factory=dict)
    waiting: dict[str, float] = field(default_factory=dict)
    dialled: int = 0
    answered: int = 0
    dropped: int = 0
    handled: int = 0
    handling: float = 0.0
    """Seconds that agents were busy with calls that are over."""
    rang: float = 0.0
    """Seconds that calls rang that do so no more."""
    over: int = 0

    def see(self, event: Event) -> None:
        """Goes on by one event."""
        _STEPS[event.what](self, event)

    def _on(self, event: Event) -> None:
        self.leaving.discard(event.agent)
        if event.agent not in self.busy:
            self.idle.add(event.agent)

    def _off(self, event: Event) -> None:
        self.idle.discard(event.agent)
        if event.agent in self.busy:
            self.leaving.add(event.agent)

    def _dialled(self, event: Event) -> None:
        self.ringing[event.call] = event.at
        self.dialled += 1

    def _quiet(self, event: Event) -> None:
        self.rang += event.at - self.ringing.pop(event.call, event.at)
        self.over += 1

    def _answered(self, event: Event) -> None:
        self._quiet(event)
        self.answered += 1
        self.waiting[event.call] = event.at

    def _connected(self, event: Event) -> None:
        self.waiting.pop(event.call, None)
        self.idle.discard(event.agent)
        self.busy[event.agent] = event.at

    def _dropped(self, event: Event) -> None:
        self.waiting.pop(event.call, None)
        self.dropped += 1

    def _ended(self, event: Event) -> None:
        """Work after the call goes on until its agent is free."""

    def _free(self, event: Event) -> None:
        self.handling += event.at - self.busy.pop(event.agent, event.at)
        self.handled += 1
        if event.agent in self.leaving:
            self.leaving.discard(event.agent)
        else:
            self.idle.add(event.agent)

    @property
    def agents(self) -> int:
        return len(self.idle) + len(self.busy) - len(self.leaving)

    @property
    def answer_rate(self) -> float:
        return (self.answered + _FIRST_ANSWERS) / (self.over + _FIRST_CALLS)

    @property
    def soon_free(self) -> float:
        """Agents who are likely to be free before a call that is dialled now is answered."""
        ring = self.rang / self.over if self.over else 12.0
        return (
            len(self.busy) * min(1.0, ring / (self.handling / self.handled))
            if self.handled and self.handling
            else 0.0
        )

    @property
    def drop_rate(self) -> float:
        return self.dropped / self.answered if self.answered else 0.0


_STEPS = {
    "on": Seen._on,
    "off": Seen._off,
    "dialled": Seen._dialled,
    "answered": Seen._answered,
    "failed": Seen._quiet,
    "connected": Seen._connected,
    "dropped": Seen._dropped,
    "ended": Seen._ended,
    "free": Seen._free,
}


def to_dial(seen: Seen, settings: Settings) -> int:
    """How many lines to dial now."""
    free = len(seen.idle) - len(seen.waiting)
    safe = max(0, free - len(seen.ringing))
    if settings.mode == "progressive":
        return safe
    room = max(0, floor(settings.lines * seen.agents) - len(seen.ringing) - len(seen.waiting))
    wanted = floor((free + seen.soon_free) / seen.answer_rate) - len(seen.ringing)
    wanted = max(safe, min(wanted, room))
    return max(0, _limited(wanted, safe, seen, settings))


def _limited(wanted: int, safe: int, seen: Seen, settings: Settings) -> int:
    certain = min(wanted, max(safe, _certain(seen, settings.cap)))
    if settings.limit == "tapered":
        left = max(0.0, 1.0 - seen.drop_rate / settings.cap) if settings.cap else 0.0
        return safe + floor((wanted - safe) * left)
    if settings.limit == "average" and seen.drop_rate < _MARGIN * settings.cap:
        return wanted
    return certain


def _certain(seen: Seen, cap: float) -> int:
    """So many that the cap holds even if all that ring, and these, are answered at once.

    Where n ring and f agents are free, at worst n are answered and n - f of them dropped. So it asks for
    dropped + n - f <= cap * (answered + n). If fewer are answered the left side loses more than the right one. It
    holds as long as no agent goes away while phones ring for him.
    """
    free = len(seen.idle) - len(seen.waiting)
    most = (cap * seen.answered - seen.dropped + free) / (1.0 - cap) if cap < 1 else float(seen.dialled + 1_000)
    return floor(most + 1e-9) - len(seen.ringing)


def of_day(told: Mapping[str, object]) -> Settings:
    """The settings that a day was recorded with; what is not told is as ever."""
    known = {name: value for name, value in told.items() if name in Settings.__slots__}
    return Settings(**known)  # type: ignore[arg-type]
