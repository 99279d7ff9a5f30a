"""How an agent goes from one state to the next: pure. Each state begins where the one before it ends, so that the
durations of a day add up to the day.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from hub.kit.clock import iso
from hub.store.base import Document
from hub.store.due import with_timer, without_timer

AVAILABLE, ON_CALL, AFTER_CALL, PAUSED, AWAY = "available", "on_call", "after_call", "paused", "away"
STATES = (AVAILABLE, ON_CALL, AFTER_CALL, PAUSED, AWAY)
LEASE, WORK = "lease", "after_call"
"""Names of the timers: who is not heard of is away, and work after a call has an end."""
Changes = Callable[[Document], Document | None]
_REMEMBERED = 20
"""Spells that an agent's own document keeps until they are certainly in the history."""
_CALLS = 20


def begun(login: str, seen_by: list[str], now: datetime) -> Document:
    """Somebody of whom nothing is known yet."""
    base: Document = {"_id": login, "state": AWAY, "reason": "", "since": iso(now), "call": None, "calls": []}
    return {**base, "lists": [], "work": 0.0, "then": None, "past": [], "seen_by": seen_by}


def declared(agent: Document, state: str, reason: str, now: datetime) -> Document:
    """What he says of himself. During a call it counts from the end of the call on."""
    if agent["state"] == ON_CALL:
        return {**agent, "then": {"state": state, "reason": reason}}
    return _turned(agent, state, reason, now)


def said(agent: Document, state: str, reason: str, now: datetime, until: datetime) -> Document:
    """By himself or by somebody else: available for no longer than he is heard of, and away of no list."""
    after = declared(agent, state, reason, now)
    return listed(after, [], now) if state == AWAY else renewed(after, until)


def renewed(agent: Document, until: datetime) -> Document:
    """He is heard of: so long he counts as there."""
    return with_timer(agent, LEASE, until)


def joined(agent: Document, call_list: str, work: timedelta, now: datetime) -> Document:
    return {**listed(agent, sorted({*agent["lists"], call_list}), now), "work": work.total_seconds()}


def left(agent: Document, call_list: str, now: datetime) -> Document:
    return listed(agent, [one for one in agent["lists"] if one != call_list], now)


def listed(agent: Document, lists: list[str], now: datetime) -> Document:
    """Of these lists from now on: in the history another spell begins, while what he does goes on as it was."""
    if lists == agent["lists"]:
        return agent
    until = max(iso(now), began(agent))
    if until == began(agent):
        return {**agent, "lists": lists}
    return {**agent, "lists": lists, "past": _past(agent, until), "parted_at": until}


def began(agent: Document) -> str:
    """When the spell began that goes on."""
    return str(agent.get("parted_at") or agent["since"])


def taken(agent: Document, call: str, now: datetime) -> Document | None:
    """A call for him, out of those who are free; none where he is not free any more."""
    return in_call(agent, call, now) if agent["state"] == AVAILABLE else None


def in_call(agent: Document, call: str, now: datetime) -> Document:
    """He is in a call. Who was not available before is what he was again when it is over."""
    if call in agent["calls"]:
        return agent
    calls = [*agent["calls"], call][-_CALLS:]
    if agent["state"] == ON_CALL:
        return {**agent, "calls": calls}
    before = {"state": agent["state"], "reason": agent["reason"]} if agent["state"] in (PAUSED, AWAY) else None
    return {**_turned(agent, ON_CALL, "", now, call=call), "calls": calls, "then": before}


def out_of_call(agent: Document, call: str, now: datetime, *, unanswered: bool = False) -> Document:
    """A call of his is over. `unanswered`: it was given to him and he did not take it: he is not there."""
    if call not in agent["calls"]:
        return agent
    rest = {**agent, "calls": [one for one in agent["calls"] if one != call]}
    if rest["calls"] or rest["state"] != ON_CALL:
        return rest
    then = {"state": AWAY, "reason": "unanswered"} if unanswered else rest["then"]
    if then is not None:
        return {**_turned(rest, then["state"], then["reason"], now), "then": None}
    if not rest["work"]:
        return _turned(rest, AVAILABLE, "", now)
    working = _turned(rest, AFTER_CALL, "", now, call=call)
    return with_timer(working, WORK, now + timedelta(seconds=rest["work"]))


def worked_long_enough(agent: Document, now: datetime) -> Document:
    """The limit of work after a call is reached."""
    return _turned(agent, AVAILABLE, "", now) if agent["state"] == AFTER_CALL else agent


def not_heard_of(agent: Document, now: datetime) -> Document:
    """His page is gone, or the hub was away: nobody is given calls to him. A call that goes on goes on."""
    if agent["state"] == ON_CALL:
        return {**listed(agent, [], now), "then": {"state": AWAY, "reason": LEASE}}
    gone = _turned(agent, AWAY, agent["reason"] if agent["state"] == AWAY else LEASE, now)
    return listed(gone, [], now)


FIRES: dict[str, Callable[[Document, datetime], Document]] = {LEASE: not_heard_of, WORK: worked_long_enough}
"""What becomes of an agent whose timer is due."""


def _turned(agent: Document, state: str, reason: str, now: datetime, *, call: str | None = None) -> Document:
    if (agent["state"], agent["reason"], agent["call"]) == (state, reason, call):
        return agent
    until = max(iso(now), began(agent))
    fields = {"state": state, "reason": reason, "since": until, "call": call, "past": _past(agent, until)}
    rest = {name: value for name, value in agent.items() if name != "parted_at"}
    return without_timer({**rest, **fields}, WORK)


def _past(agent: Document, until: str) -> list[Document]:
    """With the spell that is over."""
    about = {name: agent[name] for name in ("state", "reason", "call", "lists")}
    return [*agent["past"], {**about, "since": began(agent), "until": until}][-_REMEMBERED:]
