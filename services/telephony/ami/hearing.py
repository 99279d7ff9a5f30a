"""Who hears whom, moment by moment: through bridges, through Local pairs, and not while on hold."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from services.telephony.ami.channels import Channel

_FOREVER = float("inf")
_Turn = tuple[Channel, str]
_Where = dict[Channel, list[str]]


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` until `until` a channel was in a bridge, perhaps a parking place, in one company."""

    since: float
    until: float
    persons: frozenset[Channel]
    """Whom it is connected with, on hold or not; itself is not among them."""
    holding: frozenset[Channel]
    """Those of them who pressed hold."""
    ringing: bool
    """Whether its bridge leads to a Local channel whose other half is in none: somebody is being rung."""


class Hearing:
    """The bridges of one group of channels, to be asked for the company of any of them."""

    def __init__(self, group: Iterable[Channel], persons: Iterable[Channel], parkings: set[str]) -> None:
        self._group = list(group)
        self._persons = frozenset(persons)
        self._parkings = parkings
        self._known: dict[Channel, list[Span]] = {}

    def of(self, channel: Channel) -> list[Span]:
        """The spans of its life with any bridge, in order of time."""
        if channel not in self._known:
            self._known[channel] = self._spans(channel)
        return self._known[channel]

    def _spans(self, channel: Channel) -> list[Span]:
        ends, begins = self._turns()
        state = _State()
        found: list[Span] = []
        moments = sorted({*ends, *begins})
        for place, moment in enumerate(moments):
            for turn in begins.get(moment, ()):
                state.enter(*turn)
            # Whom one meets for no longer than this moment one has met all the same.
            met = self._span(channel, moment, moment, state) if moment in ends else None
            for turn in ends.get(moment, ()):
                state.leave(*turn)
            until = moments[place + 1] if place + 1 < len(moments) else _FOREVER
            now = self._span(channel, moment, until, state)
            before = found[-1].persons if found and found[-1].until == moment else frozenset()
            if met and met.persons - before - (now.persons if now else frozenset()):
                found.append(met)
            if now:
                found.append(now)
        return found

    def _turns(self) -> tuple[dict[float, list[_Turn]], dict[float, list[_Turn]]]:
        """What ends and what begins at each moment: stays in bridges, and holds (under no bridge's name)."""
        ends: dict[float, list[_Turn]] = defaultdict(list)
        begins: dict[float, list[_Turn]] = defaultdict(list)
        for one in self._group:
            close = _FOREVER if one.ended is None else one.ended
            holds = [(since, _FOREVER if until is None else until, "") for since, until in one.holds]
            for since, until, bridge in [*one.stays, *holds]:
                end = min(until, close)
                if since <= end:
                    begins[since].append((one, bridge))
                    ends[end].append((one, bridge))
        return ends, begins

    def _span(self, channel: Channel, since: float, until: float, state: "_State") -> Span | None:
        if not state.where.get(channel):
            return None
        persons, ringing = self._company(channel, state)
        return Span(since, until, persons, persons & state.held, ringing)

    def _company(self, channel: Channel, state: "_State") -> tuple[frozenset[Channel], bool]:
        ways = list(state.where[channel])
        seen, found, ringing = set(ways), set(), False
        while ways:
            bridge = ways.pop()
            if bridge in self._parkings:
                continue
            for other in state.inside[bridge] - {channel}:
                if other in self._persons:
                    found.add(other)
                elif other.is_local and other.partner:
                    beyond = state.where.get(other.partner, [])
                    ringing |= not beyond
                    ways += [one for one in beyond if one not in seen]
                    seen.update(beyond)
        return frozenset(found), ringing


class _State:
    """Who is where at one moment, and who holds."""

    def __init__(self) -> None:
        self.inside: dict[str, set[Channel]] = defaultdict(set)
        self.where: _Where = defaultdict(list)
        self.held: set[Channel] = set()

    def enter(self, one: Channel, bridge: str) -> None:
        if not bridge:
            self.held.add(one)
            return
        self.inside[bridge].add(one)
        self.where[one].append(bridge)

    def leave(self, one: Channel, bridge: str) -> None:
        if not bridge:
            self.held.discard(one)
            return
        self.where[one].remove(bridge)
        if bridge not in self.where[one]:
            self.inside[bridge].discard(one)
