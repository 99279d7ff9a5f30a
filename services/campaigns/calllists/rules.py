"""When somebody of a call list is phoned next, and why not now. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from hub.kit.clock import from_iso, iso
from hub.kit.phones import zones_of
from hub.store.base import Document
from services.campaigns.calllists.models import CLOSING, Disposition

_AHEAD = 30
"""Days within which a window has to open; else it never does."""
_QUARTER = timedelta(minutes=15)
EVERYWHERE = "*"
WAITING, DONE, EXHAUSTED, STOPPED = "waiting", "done", "exhausted", "stopped"


def is_open(hours: Mapping[str, Any], zones: Sequence[str], now: datetime) -> bool:
    """Whether it is a time for calls in each of the time zones where he may be."""
    return all(_within(hours, now.astimezone(ZoneInfo(zone))) for zone in zones)


def opens(hours: Mapping[str, Any], zones: Sequence[str], now: datetime) -> datetime:
    """When it is next, to a quarter of an hour; in a month where it never is."""
    quarter = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    for step in range(1, _AHEAD * 24 * 4):
        moment = quarter + step * _QUARTER
        if is_open(hours, zones, moment):
            return moment
    return now + timedelta(days=_AHEAD)


def _within(hours: Mapping[str, Any], local: datetime) -> bool:
    day = local.weekday()
    if (
        (day == 5 and not hours["sat"])
        or (day == 6 and not hours["sun"])
        or _holiday(hours["holidays"], local.date())
    ):
        return False
    since, until = ("weekend_since", "weekend_until") if day > 4 else ("since", "until")
    return _clock(hours[since]) <= local.hour * 60 + local.minute < _clock(hours[until])


def _clock(text: str) -> int:
    """Minutes; `24:00` is the end of the day."""
    return int(text[:2]) * 60 + int(text[3:])


@lru_cache(maxsize=512)
def _holidays(country: str, year: int) -> frozenset[date]:
    import holidays  # its tables take a moment, and a hub without call lists never needs them

    return frozenset(holidays.country_holidays(country, years=year))


def _holiday(country: str, day: date) -> bool:
    return bool(country) and day in _holidays(country, day.year)


def waits_for(entry: Document, operator: str, now: datetime, patience: timedelta) -> str:
    """The colleague whose call-back it is; empty: whoever is free, as also once he let it wait for too long."""
    mine = entry.get("only") or ""
    late = from_iso(entry["due"]) + patience <= now
    return "" if not mine or mine == operator or late else mine


def finished(
    entry: Document, code: str, meaning: Disposition, call_list: Document, now: datetime, *, callback: datetime | None
) -> Document:
    """What becomes of somebody after an attempt."""
    tries: dict[str, int] = {**entry["tries"], code: entry["tries"].get(code, 0) + 1}
    base = {"tries": tries, "last": code, "only": None}
    if set(meaning.flags) & CLOSING:
        return {**base, "state": STOPPED if "do_not_call" in meaning.flags else DONE}
    if callback is not None:
        return {**base, "state": WAITING, "due": iso(callback)}
    if entry["attempts"] >= call_list["most_attempts"]:
        return {**base, "state": EXHAUSTED}
    if meaning.next_number or "unworkable" in meaning.flags:
        return {**base, **_next_number(entry, now)}
    steps = _steps(code, meaning, call_list)
    if tries[code] > len(steps):
        other = _other_number(entry, now)
        return {**base, **other, "tries": tries if other["state"] == EXHAUSTED else {}}
    return {**base, "state": WAITING, "due": iso(now + steps[tries[code] - 1])}


def _steps(code: str, meaning: Disposition, call_list: Document) -> Sequence[timedelta]:
    own = call_list["again"].get(code)
    return meaning.again if own is None else [timedelta(seconds=seconds) for seconds in own]


def _next_number(entry: Document, now: datetime) -> Document:
    """This one is worth nothing."""
    return _moved({**entry, "bad": [*entry["bad"], entry["number"]]}, now)


def _other_number(entry: Document, now: datetime) -> Document:
    """The tries at this one are over; the next one, if there is one, has its own."""
    return _moved({**entry, "spent": [*entry["spent"], entry["number"]]}, now)


def _moved(entry: Document, now: datetime) -> Document:
    numbers = {"bad": entry["bad"], "spent": entry["spent"]}
    if number := first_number({**entry, **numbers}):
        return {**numbers, "state": WAITING, "number": number, "due": iso(now)}
    return {**numbers, "state": EXHAUSTED}


def first_number(entry: Document) -> str:
    """The first that may still be rung; empty: none."""
    return next((one for one in entry["numbers"] if one not in entry["bad"] and one not in entry["spent"]), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """Attempts at one person, all lists together."""

    a_day: int
    a_week: int


def capped(attempts: Mapping[str, str], now: datetime, caps: Caps, *, but: str = "") -> datetime | None:
    """When somebody may be phoned again, whatever list it is for; none: now. `but` is an attempt that is counted
    already.
    """
    moments = sorted(from_iso(at) for name, at in attempts.items() if name != but)
    free: list[datetime] = []
    for most, period in ((caps.a_day, timedelta(days=1)), (caps.a_week, timedelta(days=7))):
        within = [at for at in moments if at > now - period]
        if len(within) >= most:
            free.append(within[-most] + period)
    return max(free, default=None)


def masks_in(masks: Sequence[Document], list_id: str) -> list[str]:
    """Those that hold for a list."""
    return [one["mask"] for one in masks if one["where"] in (EVERYWHERE, list_id)]


def refused(number: str, known: Document | None, masks: Sequence[str], list_id: str) -> str:
    """Why a number is not phoned for a list, by what is stored of it or by these masks; empty: it may be."""
    if words := stopped_in(known, list_id):
        return words
    bare = number.removeprefix("phone:")
    return next((f"do not call: {mask}" for mask in masks if bare.startswith(mask.removesuffix("*"))), "")


def stopped_in(number: Document | None, list_id: str) -> str:
    """What was said of the number itself; empty: nothing."""
    for where, reason in ((number or {}).get("stops") or {}).items():
        if where in (EVERYWHERE, list_id):
            return f"do not call: {reason['why'] or 'said so'} ({reason['at'][:10]}, {reason['by']})"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What holds for all lists."""

    caps: Caps
    zone: str
    """Of numbers that tell none, and of those that may be here."""
    patience: timedelta = timedelta(minutes=30)
    """A call-back of somebody's own goes to whoever is free after it waited so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is stored of a number, of a person, and of masks."""

    number: Document | None
    person: Document | None
    masks: Sequence[Document]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands: `stage` is the first that he does not pass; empty: he may be phoned."""

    stage: str = ""
    words: str = ""
    until: datetime | None = None


STAGES = ("active", "due", "callback", "window", "do_not_call", "cap")
"""In this order; who passes all of them may be phoned."""


def zones_where(entry: Document, ours: str) -> Sequence[str]:
    """Where he may be: his own time zone, else those of his number; ours, where it may be here or nobody knows."""
    number = entry["number"].removeprefix("phone:")
    zones = entry["zones"] or zones_of(f"{number[:-3]}000")
    return zones if zones and ours not in zones else [ours]


def standing_of(
    entry: Document, call_list: Document, known: Known, policy: Policy, operator: str, now: datetime
) -> Standing:
    """The first reason for which somebody is not phoned now."""
    if entry["state"] != WAITING:
        return Standing("active", f"he is {entry['state']}")
    if entry["due"] > iso(now):
        return Standing("due", f"his time comes at {entry['due']}")
    if whose := waits_for(entry, operator, now, policy.patience):
        return Standing("callback", f"{whose} promised to call him back")
    zones = zones_where(entry, policy.zone)
    if not is_open(call_list["hours"], zones, now):
        words = f"no time for calls where he is ({', '.join(zones)})"
        return Standing("window", words, opens(call_list["hours"], zones, now))
    if words := refused(entry["number"], known.number, masks_in(known.masks, entry["list"]), entry["list"]):
        return Standing("do_not_call", words)
    until = capped((known.person or {}).get("attempts") or {}, now, policy.caps)
    return Standing("cap", f"he was phoned often enough; again at {iso(until)}", until) if until else Standing()
