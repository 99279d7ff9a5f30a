"""Calls out of a provider's JSON: which path holds which of our fields is data, one mapping for each provider."""

from collections.abc import Iterable
from typing import Any

from services.telephony.calls.lines import Lines
from services.telephony.calls.mapping import FIELDS, MOMENTS, SPANS, Facts, WebhookMapping
from services.telephony.calls.models import Call, Direction, Leg, Result

__all__ = ["PLAIN", "WebhookMapping", "calls_of"]
PLAIN = WebhookMapping({name: (name,) for name in FIELDS if name not in ("customer", "operator", "parent")})
"""For JSON that has our own names."""


def calls_of(bodies: Iterable[Any], mapping: WebhookMapping = PLAIN, lines: Lines | None = None) -> list[Call]:
    """The calls of bodies, by their beginning. Bodies of one call are put together, whatever their order and however
    often they come: the earliest beginning and answer count, the latest end, and of texts those of the later body.
    """
    found: dict[str, list[Facts]] = {}
    for body in bodies:
        for one in mapping.each(body):
            facts = mapping.facts(one)
            if facts.get("id"):
                found.setdefault(facts["id"], []).append(facts)
    calls = [_call(_together(facts), lines or Lines()) for facts in found.values()]
    return sorted(calls, key=lambda call: (call.started_at, call.id))


def _together(facts: list[Facts]) -> Facts:
    """One out of many. Later is what knows a later moment; of equals the one whose text sorts last."""
    ordered = sorted(facts, key=lambda one: (_latest(one), sorted((key, str(value)) for key, value in one.items())))
    whole: Facts = {}
    for one in ordered:
        whole.update(one)
    for name in ("started_at", "answered_at"):
        known = [one[name] for one in facts if name in one]
        whole |= {name: min(known)} if known else {}
    for name in ("ended_at", *SPANS):
        known = [one[name] for one in facts if name in one]
        whole |= {name: max(known)} if known else {}
    return whole


def _latest(facts: Facts) -> float:
    return max((facts[name] for name in MOMENTS if name in facts), default=0.0)


def _call(facts: Facts, lines: Lines) -> Call:
    direction = _direction(facts, lines)
    number, to = _sides(facts, direction)
    result = _result(facts)
    answered, ended = _answered(facts, result), facts.get("ended_at")
    known = [facts[name] for name in MOMENTS if name in facts]
    started: float = min(known, default=0.0)
    until = answered if answered is not None else ended
    talk = max(0.0, ended - answered) if ended is not None and answered is not None else 0.0
    talked = result is Result.ANSWERED
    taker = facts.get("answered_by") or facts.get("operator" if direction is Direction.IN else "customer")
    return Call(
        id=facts["id"],
        direction=direction,
        from_=lines.said(number),
        from_raw=number,
        to=to,
        line=facts.get("line"),
        answered_by=lines.said(taker) if taker and talked else None,
        result=result,
        wait=facts.get("wait", max(0.0, until - started) if until is not None else 0.0),
        talk=facts.get("talk", talk) if talked else 0.0,
        hold=facts.get("hold", 0.0),
        started_at=started,
        answered_at=answered,
        ended_at=ended,
        complete=ended is not None,
        unsure=tuple(name for name in SPANS if name not in facts and until is None),
        ended_by=facts.get("ended_by"),
        legs=_legs(facts, direction, answered, ended),
        queue=facts.get("queue"),
        recording=facts.get("recording"),
        name=facts.get("name", ""),
        from_address=lines.address(number),
        to_address=lines.address(to),
        operator=facts.get("operator"),
        linkedid=facts["id"],
    )


def _direction(facts: Facts, lines: Lines) -> Direction:
    """As it is told; else a call between two extensions is within the house, and one from an extension goes out."""
    told = facts.get("direction")
    if told in tuple(Direction):
        return Direction(told)
    if "customer" in facts:
        return Direction.IN
    # None of ours hides his number from our own exchange.
    if lines.is_outside(facts.get("from", "")) or lines.said(facts.get("from", "")) == "hidden":
        return Direction.IN
    return Direction.OUT if lines.is_outside(facts.get("to", "")) else Direction.INTERNAL


def _sides(facts: Facts, direction: Direction) -> tuple[str, str]:
    """Who called and what was dialled; a provider who tells the customer and our line tells both."""
    customer, ours = facts.get("customer", ""), facts.get("operator", "")
    if direction is Direction.IN:
        return facts.get("from") or customer, facts.get("to") or facts.get("line") or ours
    return facts.get("from") or ours, facts.get("to") or customer


def _answered(facts: Facts, result: Result | None) -> float | None:
    """When somebody answered; of a call of which only its end and how long it was talked is told, as long before."""
    if result is not Result.ANSWERED:
        return None
    if "answered_at" in facts or "ended_at" not in facts or "talk" not in facts:
        known: float | None = facts.get("answered_at")
        return known
    latest: float = max(facts["ended_at"] - facts["talk"], facts.get("started_at", 0.0))
    return latest


def _legs(facts: Facts, direction: Direction, answered: float | None, ended: float | None) -> tuple[Leg, ...]:
    """The phone of ours that rings, or that took the call."""
    phone = facts.get("answered_by") or facts.get("operator")
    if not phone or direction is not Direction.IN:
        return ()
    connected = max(0.0, ended - answered) if ended is not None and answered is not None else 0.0
    outcome = "answered" if answered is not None else "no answer" if ended is not None else ""
    return (Leg(phone, "operator", 0.0, answered is not None, connected, outcome),)


def _result(facts: Facts) -> Result | None:
    told = facts.get("result")
    if told in tuple(Result):
        return Result(told)
    if facts.get("answered_at") is not None:
        return Result.ANSWERED
    return Result.MISSED if facts.get("ended_at") is not None else None
