"""The gate: whether a message may leave, asked at the last instant before the intent, whatever its lane.

It is the one place of consent, quiet hours, caps, pause and recall of a group, sandbox, and held after restore. How
fast an account may send is a pace's to say (`hub.channels.sender.Pace`), which is asked after the gate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.channels.lanes import Entry
from hub.kit.clock import iso
from hub.kit.restraint import Restraint

SANDBOX = "sandbox"
UNWANTED = "the recipient does not want to be written to in this channel"
HELD_LOOK = timedelta(seconds=1)
"""A hub that is held looks so often whether it still is."""
_PAUSED = timedelta(days=1)
"""A group that rests is asked for again after so long, unless it is told to run before."""


@dataclass(frozen=True, slots=True)
class Go:
    """It may leave now."""


@dataclass(frozen=True, slots=True)
class HoldUntil:
    """It waits until then, and is asked for again."""

    until: datetime
    reason: str
    paused: bool = False
    """Its group rests: then others of its lane to the same recipient do not wait behind it."""


@dataclass(frozen=True, slots=True)
class Suppress:
    """It never leaves."""

    reason: str


Decision = Go | HoldUntil | Suppress


class Withheld(Exception):
    """What was about to be handed over does not leave; raised out of the intent, before anything was handed over."""

    def __init__(self, decision: HoldUntil | Suppress) -> None:
        super().__init__(decision.reason)
        self.decision = decision


class Consents(Protocol):
    """Who does not want to be written to."""

    async def withdrawn(self, addresses: Sequence[str], channel: str, topic: str = "") -> list[str]:
        """Those of the addresses whose newest word about the channel, or about the topic in it, was no.

        Raises StoreUnavailable.
        """
        ...


class Groups(Protocol):
    """Which mailings run."""

    async def state(self, group: str) -> str:
        """`running` (the rule), `paused` or `recalled`. Raises StoreUnavailable."""
        ...


class Slots(Protocol):
    """How many messages of mailings leave for whom: `hub.channels.slots`."""

    async def take(
        self, recipient: str, entry_id: str, now: datetime, *, cap: int, period: timedelta
    ) -> datetime | None: ...

    async def give_back(self, recipient: str, entry_id: str, taken_at: datetime) -> None: ...


class Wanted(Protocol):
    """The rules as settings: `hub.settings.GateSettings`."""

    @property
    def quiet_hours(self) -> str:
        """`21:00-09:00`; empty is none."""
        ...

    @property
    def time_zone(self) -> str: ...

    @property
    def cap(self) -> int: ...

    @property
    def cap_period(self) -> timedelta: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What keeps mailings from people."""

    quiet: tuple[time, time] | None = None
    """From, until; over midnight when the first is the later one."""
    zone: str = "UTC"
    """Of recipients whose own is not known."""
    cap: int = 0
    """Messages of mailings to one recipient in `period`; 0 is without limit."""
    period: timedelta = timedelta(days=1)

    @classmethod
    def of(cls, settings: "Wanted") -> "Rules":
        """As they are set."""
        since, _, until = settings.quiet_hours.partition("-")
        quiet = (time.fromisoformat(since), time.fromisoformat(until)) if since else None
        return cls(quiet=quiet, zone=settings.time_zone, cap=settings.cap, period=settings.cap_period)


class Gate:
    """Says of each message whether it may leave. Without ports and rules, everything may."""

    def __init__(
        self,
        *,
        restraint: Restraint | None = None,
        consents: Consents | None = None,
        groups: Groups | None = None,
        slots: Slots | None = None,
        rules: Rules | None = None,
    ) -> None:
        self.restraint = restraint or Restraint()
        self._consents = consents
        self._groups = groups
        self._slots = slots
        self._rules = rules or Rules()

    async def ask(self, entry: Entry, now: datetime, *, endpoints: Sequence[str] = ()) -> Decision:
        """`endpoints` are where its account sends to, as `127.0.0.1:2525` or an URL.

        Nothing is counted: to ask twice changes nothing. Raises StoreUnavailable.
        """
        if self.restraint.held:
            return HoldUntil(now + HELD_LOOK, "held: this hub does not send at present")
        if self.restraint.sandbox and not (endpoints and all(map(self.restraint.may_reach, endpoints))):
            return Suppress(SANDBOX)
        if decision := await self._of_group(entry, now):
            return decision
        return await self._of_mailing(entry, now) if _of_a_mailing(entry) else Go()

    async def ask_many(
        self, entries: Sequence[Entry], now: datetime, *, endpoints: Sequence[str] = ()
    ) -> list[Decision]:
        """The same for many, in their order, with one look for each mailing and for the consents of all."""
        at_large = Gate(
            restraint=self.restraint, groups=self._groups and _Remembered(self._groups), rules=self._rules
        )
        decisions = [await at_large.ask(entry, now, endpoints=endpoints) for entry in entries]
        unwanted = await self._unwanted(
            [one for one, decided in zip(entries, decisions, strict=True) if decided == Go()]
        )
        return [
            Suppress(UNWANTED) if entry.id in unwanted else decided
            for entry, decided in zip(entries, decisions, strict=True)
        ]

    async def _unwanted(self, entries: Sequence[Entry]) -> set[str]:
        """Ids of mailings' messages to people who do not want them."""
        if self._consents is None:
            return set()
        about: dict[tuple[str, str], list[Entry]] = {}
        for entry in filter(_of_a_mailing, entries):
            about.setdefault((entry.message.channel, entry.message.topic), []).append(entry)
        found: set[str] = set()
        for (channel, topic), some in about.items():
            addresses = [person.address for entry in some for person in entry.message.to]
            refused = set(await self._consents.withdrawn(addresses, channel, topic))
            found |= {entry.id for entry in some if refused & {person.address for person in entry.message.to}}
        return found

    async def take_slot(self, entry: Entry, now: datetime) -> HoldUntil | None:
        """Counts it among those that its recipient may get, once it may leave otherwise; None: it may go.

        Raises:
            StoreUnavailable: it may be counted; the next try of the same entry counts as the same one.
        """
        rules = self._rules
        if self._slots is None or not rules.cap or not _of_a_mailing(entry):
            return None
        until = await self._slots.take(entry.recipient, entry.id, now, cap=rules.cap, period=rules.period)
        return HoldUntil(until, f"held: at most {rules.cap} of mailings in {rules.period} to one") if until else None

    async def give_back(self, entry: Entry, taken_at: datetime) -> None:
        """Nothing was handed over: what was counted at that moment counts no more. Raises StoreUnavailable."""
        if self._slots and self._rules.cap and _of_a_mailing(entry):
            await self._slots.give_back(entry.recipient, entry.id, taken_at)

    def at_large(self) -> "Gate":
        """The same for one batch, without what has to be looked up for each recipient; groups are asked for once."""
        groups = _Remembered(self._groups) if self._groups else None
        return Gate(restraint=self.restraint, groups=groups, rules=self._rules)

    async def rests(self, group: str) -> bool:
        """Whether it is paused now. Raises StoreUnavailable."""
        return self._groups is not None and await self._groups.state(group) == "paused"

    async def _of_group(self, entry: Entry, now: datetime) -> HoldUntil | Suppress | None:
        if not entry.group or self._groups is None:
            return None
        state = await self._groups.state(entry.group)
        if state == "recalled":
            return Suppress("recalled before it left")
        return HoldUntil(now + _PAUSED, "held: its mailing rests", paused=True) if state == "paused" else None

    async def _of_mailing(self, entry: Entry, now: datetime) -> Decision:
        message = entry.message
        addresses = [person.address for person in message.to]
        if self._consents and await self._consents.withdrawn(addresses, message.channel, message.topic):
            return Suppress(UNWANTED)
        if until := quiet_until(now, self._rules.quiet, message.time_zone or self._rules.zone):
            return HoldUntil(until, f"held: quiet hours until {iso(until)}")
        return Go()


def _of_a_mailing(entry: Entry) -> bool:
    return entry.lane == "mass" or entry.message.mass


class _Remembered:
    """Groups as they were when they were first asked for."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._states: dict[str, str] = {}

    async def state(self, group: str) -> str:
        if group not in self._states:
            self._states[group] = await self._groups.state(group)
        return self._states[group]


def quiet_until(now: datetime, quiet: tuple[time, time] | None, zone: str) -> datetime | None:
    """When the quiet hours that `now` lies in end, in UTC; none outside of them. A zone nobody knows is UTC. Pure."""
    if quiet is None or quiet[0] == quiet[1]:
        return None
    since, until = quiet
    here = now.astimezone(_zone(zone))
    clock = here.time()
    within = since <= clock < until if since < until else clock >= since or clock < until
    if not within:
        return None
    day = here.date() + timedelta(days=clock >= until)
    return datetime.combine(day, until, here.tzinfo).astimezone(now.tzinfo)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
