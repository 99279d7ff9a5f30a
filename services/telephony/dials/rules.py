"""What becomes of one number that a call list dials: pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.contracts.interaction import SendMessage
from hub.kit.clock import from_iso, iso
from hub.store.base import Document
from services.telephony.calls.models import Call, Leg, Result

RINGING, WAITING, CONNECTING, TALKING, OVER = "ringing", "waiting", "connecting", "talking", "over"
TALKED, DROPPED, BUSY, NO_ANSWER, FAILED, MACHINE = "talked", "dropped", "busy", "no_answer", "failed", "machine"
ENDS = (TALKED, DROPPED, BUSY, NO_ANSWER, FAILED, MACHINE)
PATIENCE = timedelta(seconds=2)
"""So long somebody who answered waits for an agent (47 CFR 64.1200(a)(7))."""
AGENT_RINGS = timedelta(seconds=15)
"""So long the phone of an agent rings whom somebody was given to."""
_ENDS = {Result.BUSY: BUSY, Result.FAILED: FAILED}


def begun(message: SendMessage, exchange: str, line: str, now: datetime) -> Document:
    """It is about to be rung."""
    assert message.call
    base: Document = {"_id": message.id, "list": message.call.call_list, "exchange": exchange, "line": line}
    base |= {"dropped_to": message.call.dropped_to, "state": RINGING, "end": "", "agent": None, "open": True}
    return {**base, "at": iso(now), "up_at": None, "given_at": None, "talk_at": None, "over_at": None, "channel": ""}


def heard(dial: Document, call: Call, now: datetime) -> Document:
    """After what the exchange told of its call. What was decided of it stays."""
    if dial["state"] == OVER:
        return dial
    customer = _customer(call)
    known = {**dial, "channel": customer.channel if customer else dial["channel"]}
    if customer and customer.answered and not known["up_at"]:
        known |= {"up_at": iso(now), "state": WAITING}
    if _agent(call) and not known["talk_at"]:
        known |= {"talk_at": iso(now), "state": TALKING}
    known |= {"machine": True} if call.machine else {}
    return over(known, _end(known, call), now) if call.complete else known


def over(dial: Document, end: str, now: datetime) -> Document:
    rest = {name: value for name, value in dial.items() if name != "open"}
    return {**rest, "state": OVER, "end": end, "over_at": iso(now)}


def given(dial: Document, agent: str, now: datetime) -> Document | None:
    """He is put through to an agent; none where he does not wait any more."""
    if dial["state"] != WAITING:
        return None
    return {**dial, "state": CONNECTING, "agent": agent, "given_at": iso(now)}


def machine(dial: Document, now: datetime) -> Document | None:
    """An answering machine took it; none where nobody waits any more."""
    return over(dial, MACHINE, now) if dial["state"] == WAITING and dial.get("machine") else None


def dropped(dial: Document, now: datetime) -> Document | None:
    """He answered, and nobody was there for him; none where somebody is by now."""
    return over(dial, DROPPED, now) if dial["state"] in (WAITING, CONNECTING) else None


def waits_too_long(dial: Document, now: datetime) -> bool:
    if dial["state"] == WAITING:
        return now - from_iso(dial["up_at"]) >= PATIENCE
    return dial["state"] == CONNECTING and now - from_iso(dial["given_at"]) >= AGENT_RINGS


def let_down(dial: Document, call: Call) -> bool:
    """An agent was given him and did not take him; not where he hung up while the phone still rang."""
    if not dial["agent"] or dial["talk_at"] or not dial["given_at"]:
        return False
    rang_out = from_iso(dial["over_at"]) - from_iso(dial["given_at"]) >= AGENT_RINGS
    return rang_out or call.ended_by != "customer"


def _customer(call: Call) -> Leg | None:
    return next((leg for leg in call.legs if leg.role == "customer"), None)


def _agent(call: Call) -> bool:
    return any(leg.role == "operator" and leg.answered for leg in call.legs)


def _end(dial: Document, call: Call) -> str:
    if dial["talk_at"]:
        return TALKED
    if call.machine:
        return MACHINE
    return DROPPED if dial["up_at"] else _ENDS.get(call.result, NO_ANSWER) if call.result else FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Of one list, since it was begun."""

    dialled: int
    answered: int
    """By a person."""
    dropped: int
    over: int
    ringing: int
    waiting: int
    ring: float
    """Seconds, on average, of the last ones: until an answer, or until it was given up."""
    talk: float
    """Seconds, on average, of the last ones who spoke with an agent."""


def averages(last: list[Document]) -> tuple[float, float]:
    """Seconds of ringing and of talking."""
    rings = [_seconds(one["at"], one["up_at"] or one["over_at"]) for one in last]
    talks = [_seconds(one["talk_at"], one["over_at"]) for one in last if one["end"] == TALKED]
    return sum(rings) / len(rings) if rings else 0.0, sum(talks) / len(talks) if talks else 0.0


def _seconds(since: str, until: str) -> float:
    return max(0.0, (from_iso(until) - from_iso(since)).total_seconds())
