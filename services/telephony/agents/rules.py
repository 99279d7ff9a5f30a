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
    return {**after, "lists": []} if state == AWAY else renewed(after, until)


def renewed(agent: Document, until: datetime) -> Document:
    """He is heard of: so long he counts as there."""
    return with_timer(agent, LEASE, until)


def joined(agent: Document, call_list: str, work: timedelta) -> Document:
    lists = sorted({*agent["lists"], call_list})
    return {**agent, "lists": lists, "work": work.total_seconds()}


def left(agent: Document, call_list: str) -> Document:
    return {**agent, "lists": [one for one in agent["lists"] if one != call_list]}


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
    gone = {**agent, "lists": []}
    if agent["state"] == ON_CALL:
        return {**gone, "then": {"state": AWAY, "reason": LEASE}}
    return _turned(gone, AWAY, agent["reason"] if agent["state"] == AWAY else LEASE, now)


FIRES: dict[str, Callable[[Document, datetime], Document]] = {LEASE: not_heard_of, WORK: worked_long_enough}
"""What becomes of an agent whose timer is due."""


def _turned(agent: Document, state: str, reason: str, now: datetime, *, call: str | None = None) -> Document:
    if (agent["state"], agent["reason"], agent["call"]) == (state, reason, call):
        return agent
    until = max(iso(now), agent["since"])
    spell = {"state": agent["state"], "reason": agent["reason"], "since": agent["since"], "until": until}
    past = [*agent["past"], {**spell, "call": agent["call"]}][-_REMEMBERED:]
    fields = {"state": state, "reason": reason, "since": until, "call": call, "past": past}
    return without_timer({**agent, **fields}, WORK)
