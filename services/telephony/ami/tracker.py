"""The calls of one exchange as they go on: events come in any order, changed calls come out, memory is bounded."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from services.telephony.ami.calls import fold
from services.telephony.ami.events import Event
from services.telephony.ami.resync import Marks
from services.telephony.calls.lines import Lines
from services.telephony.calls.models import Call, Result

_OWN = tuple(
    f"{name}Uniqueid"
    for name in ("", "Dest", "LocalOne", "LocalTwo", "Transferer", "Transferee", "OrigTransferer", "SecondTransferer",
                 "TransferTarget", "Parkee", "Retriever", "Target")
)  # fmt: skip
_LINKED = ("Linkedid", "DestLinkedid", "TargetLinkedid", "LocalOneLinkedid", "LocalTwoLinkedid")
_BOUNDARIES = {"Greeting", "FullyBooted", "CoreShowChannelsComplete"}

_SET_BACK = 2 * 3600.0
"""Seconds; an exchange whose clock is believed may be an hour ahead."""
_SMALL, _SHARE = 120, 0.05
"""Events of a call that is always looked at at once; of a larger one the share that has to be new."""
_SWEEP = 1.0
"""Seconds between two looks at what may be let go."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept. What goes beyond is closed and marked, never silently forgotten."""

    grace: float = 30.0
    """Seconds after its end in which a call still takes late events."""
    calls: int = 10_000
    """Calls that go on at once; beyond it the one heard of least recently is closed."""
    events: int = 5_000
    """Events of one call; beyond it the call is closed, as a conference that never ends."""
    silence: float = 12 * 3600.0
    """Seconds without a word after which a call is closed."""
    marks: int = 16
    """Reconnections and listings that are remembered."""
    gone: int = 50_000
    """Ids of channels that are over, whose stragglers are let go."""


_USUAL = Limits()


@dataclass(eq=False, slots=True)
class _Group:
    """Events that may be of one call."""

    events: set[Event] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    told: dict[str, Call] = field(default_factory=dict)
    """By id, as it was told last."""
    last: float = 0.0
    since: int = 0
    until: int = 0
    """The first and the last `place` it was heard of at."""
    folded: int = 0
    """Events in it when it was folded last."""

    @property
    def is_stale(self) -> bool:
        return self.folded < len(self.events)


class Calls:
    """Takes events as they come and tells which calls changed. One for each exchange; not for several threads.

    A call is told again whenever something of it changed; its `id` stays. The time that passes is the exchange's:
    `take` and `tick` move it forward.
    """

    def __init__(self, lines: Lines | None = None, limits: Limits = _USUAL) -> None:
        self._lines = lines or Lines()
        self._limits = limits
        self._groups: OrderedDict[_Group, None] = OrderedDict()
        self._by_name: dict[str, _Group] = {}
        self._gone: OrderedDict[str, tuple[float, int]] = OrderedDict()
        """By name: the moment of the last word, and its place."""
        self.place = 0
        """Where what is taken stands among all that the exchange said; whoever reads it sets it."""
        self._marks = Marks()
        self._now = 0.0
        self._swept = 0.0

    @property
    def open(self) -> int:
        """Groups of events in hand."""
        return len(self._groups)

    @property
    def held(self) -> int:
        """Events in hand."""
        return sum(len(group.events) for group in self._groups)

    def known(self) -> list[Call]:
        """All calls in hand, as they were told last."""
        return [call for group in self._groups for call in group.told.values()]

    def needed(self) -> tuple[int, dict[str, float]]:
        """The first place that what is in hand was heard of at; and when those were let go that were heard of from
        there on: whoever reads from that place again hands them to `let_go` before, so that no call is told by half.
        """
        floor = min((group.since for group in self._groups), default=self.place)
        gone = {name: moment for name, (moment, until) in self._gone.items() if until >= floor}
        return floor, gone

    def let_go(self, gone: Mapping[str, float]) -> None:
        """Stragglers of these are let go."""
        self._gone.update((name, (moment, self.place)) for name, moment in gone.items())

    def take(self, events: Iterable[Event]) -> list[Call]:
        """The calls that these events changed, as they are now, by their beginning."""
        touched: OrderedDict[_Group, None] = OrderedDict()
        for event in events:
            self._now = max(self._now, event.moment)
            if self._marks.see(event):
                for one in self._groups:
                    if not all(call.complete for call in one.calls):
                        one.folded = 0  # it is another one, seen from here
                        touched[one] = None
            if event.kind not in _BOUNDARIES:
                group = self._place(event)
                if group:
                    touched[group] = None
        del self._marks.found[: -self._limits.marks]
        return self._told(touched)

    def tick(self, now: float) -> list[Call]:
        """Lets go of what is over and closes what was silent for too long; the calls that this closed, and those of
        which something was put off, see `_is_worth`.
        """
        if now < self._now - _SET_BACK:
            self._set_back(now)
        self._now = max(self._now, now)
        return self._swept_out()

    def _set_back(self, now: float) -> None:
        """A clock was ahead and is right again: else every call would have been silent since, and be closed."""
        self._now = self._swept = now
        for group in self._groups:
            group.last = min(group.last, now)

    def _told(self, touched: Iterable[_Group]) -> list[Call]:
        changed: list[Call] = []
        for group in touched:
            if group in self._groups and _is_worth(group):
                changed += self._fold(group)
            if group in self._groups and len(group.events) > self._limits.events:
                changed += self._fold(group) if group.is_stale else []
                changed += self._close(group)
        while len(self._groups) > self._limits.calls:
            changed += self._close(next(iter(self._groups)))
        if self._now - self._swept >= _SWEEP:
            changed += self._swept_out()
        return sorted(changed, key=lambda call: (call.started_at, call.id))

    def _fold(self, group: _Group) -> list[Call]:
        """What is to be told: what changed, and what turned out to be part of another call. What was told to be over
        is not told to go on, as when an older event comes late; it is told again once it is over again.
        """
        group.calls = fold(group.events, self._lines, self._marks.found)
        group.folded = len(group.events)
        changed = [call for call in group.calls if _is_news(call, group.told.get(call.id))]
        known = {call.id for call in group.calls}
        gone = [call for call in group.told.values() if call.id not in known and not call.part_of]
        changed += [_absorbed(call, group) for call in gone]
        group.told.update((call.id, call) for call in changed)
        return changed

    def _place(self, event: Event) -> _Group | None:
        names = _names(event)
        if not names or self._is_late(event, names):
            return None
        known = list(OrderedDict.fromkeys(self._by_name[name] for name in names if name in self._by_name))
        group = known[0] if known else _Group()
        for other in known[1:]:
            group = self._merge(group, other)
        group.events.add(event)
        group.names.update(names)
        group.last = max(group.last, event.moment)
        group.since = min(group.since or self.place, self.place)
        group.until = self.place
        self._by_name.update(dict.fromkeys(names, group))
        self._groups[group] = None
        self._groups.move_to_end(group)
        return group

    def _merge(self, one: _Group, other: _Group) -> _Group:
        """Two that turn out to be of one call; the smaller moves."""
        kept, moved = (one, other) if len(one.events) >= len(other.events) else (other, one)
        kept.events |= moved.events
        kept.names |= moved.names
        kept.told |= moved.told
        kept.last = max(kept.last, moved.last)
        kept.since, kept.until = min(kept.since, moved.since), max(kept.until, moved.until)
        self._by_name.update(dict.fromkeys(moved.names, kept))
        self._groups.pop(moved, None)
        return kept

    def _is_late(self, event: Event, names: list[str]) -> bool:
        """Whether its channel is over and let go; an id that begins anew lives again."""
        ended = self._gone.get(names[0])
        if ended is None:
            return False
        if event.kind in ("Newchannel", "CoreShowChannel", "Status") and event.moment > ended[0]:
            self._gone.pop(names[0])
            return False
        return True

    def _swept_out(self) -> list[Call]:
        self._swept = self._now
        closed: list[Call] = []
        for group in list(self._groups):
            if group.is_stale:
                closed += self._fold(group)
            if group.last < self._now - self._limits.silence:
                closed += self._close(group)
            elif group.last < self._now - self._limits.grace and all(call.complete for call in group.calls):
                self._forget(group)
        return closed

    def _close(self, group: _Group) -> list[Call]:
        self._forget(group)
        return [_cut_off(call, group.last) for call in group.calls if not call.complete]

    def _forget(self, group: _Group) -> None:
        self._groups.pop(group, None)
        for name in group.names:
            self._by_name.pop(name, None)
            self._gone[name] = group.last, group.until
            self._gone.move_to_end(name)
        while len(self._gone) > self._limits.gone:
            self._gone.popitem(last=False)


def _is_worth(group: _Group) -> bool:
    """Whether what came since is worth looking at all of it again. Of a call of thousands of events, as a conference,
    it is put off until a part of it is new, or a second has passed: else each event would cost as much as all before.
    """
    fresh = len(group.events) - group.folded
    return len(group.events) <= _SMALL or fresh >= len(group.events) * _SHARE


def _names(event: Event) -> list[str]:
    """The channels and the bridge by which an event belongs to others, its own channel first."""
    found = [event[key] for key in (*_OWN, *_LINKED) if event[key]]
    if event["BridgeType"] != "parking" and event.kind in ("BridgeEnter", "BridgeLeave") and event["BridgeUniqueid"]:
        found.append(f"bridge {event['BridgeUniqueid']}")
    if event["BridgeId"]:
        found.append(f"bridge {event['BridgeId']}")
    if not found and event.kind == "OriginateResponse":
        found.append(f"request {event['ActionID']}")
    return found


def _is_news(call: Call, told: Call | None) -> bool:
    return told is None or (call != told and (call.complete or not told.complete))


def _absorbed(call: Call, group: _Group) -> Call:
    whole = group.calls[0].id if group.calls else None
    return replace(
        call, complete=True, ended_at=group.last if call.ended_at is None else call.ended_at, part_of=whole
    )


def _cut_off(call: Call, last: float) -> Call:
    unsure = tuple(sorted({*call.unsure, "ended_at"}))
    result = call.result or Result.MISSED
    return replace(call, complete=True, closed_by_limit=True, ended_at=last, result=result, unsure=unsure)
