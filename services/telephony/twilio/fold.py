"""What Twilio posts of a call and its legs, as one call: pure, whatever order it comes in and however often."""

from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

from services.telephony.calls.lines import Lines
from services.telephony.calls.mapping import RECEIVED
from services.telephony.calls.models import Call, Direction, Leg, Result, Transfer
from services.telephony.calls.posted import form_of
from services.telephony.exchanges.models import Exchange
from services.telephony.intake.posts import Post, Told

_RANK = {
    "queued": 0,
    "initiated": 0,
    "ringing": 1,
    "in-progress": 2,
    "answered": 2,
    "completed": 3,
    "busy": 3,
    "failed": 3,
    "no-answer": 3,
    "canceled": 3,
}
"""https://www.twilio.com/docs/voice/api/call-resource#call-status-values"""
_ENDED = 3
_WHOLE = 2.0
"""Twilio's moments are of whole seconds, ours are not."""
_SKEW = 3600.0
"""Seconds that Twilio's clock may differ from ours and still be believed."""
_OUTCOMES = {"busy": "busy", "failed": "failed", "no-answer": "no answer", "canceled": "elsewhere"}
_OF_OUTSIDE = {"busy": Result.BUSY, "failed": Result.FAILED}
Body = Mapping[str, Any]


def read(exchange: Exchange, post: Post) -> Sequence[Told]:
    """A form of Twilio's; of a leg it belongs to the call it is a leg of. Raises ValueError."""
    del exchange
    form = form_of(post.raw)
    sid = form.get("CallSid", "")
    if not sid:
        raise ValueError("no CallSid in it")
    return [Told(form.get("ParentCallSid") or sid, {**form, "_kind": post.kind})]


def fold(exchange: Exchange, bodies: Sequence[Body]) -> list[Call]:
    """One call of all that was told of it."""
    if not bodies:
        return []
    sid = bodies[0].get("ParentCallSid") or bodies[0]["CallSid"]
    parts: dict[str, list[Body]] = {}
    for body in bodies:
        parts.setdefault(body["CallSid"], []).append(body)
    main = _Part(parts.pop(sid, []))
    legs = [_Part(each) for _, each in sorted(parts.items())]
    return [_call(sid, main, legs, exchange.lines)]


class _Part:
    """A call or a leg, of all that was told of it."""

    def __init__(self, bodies: Sequence[Body]) -> None:
        self.bodies = sorted(bodies, key=lambda body: (_at(body), str(sorted(body.items()))))

    def first(self, *names: str) -> str:
        return next((str(body[name]) for name in names for body in self.bodies if body.get(name)), "")

    def last(self, *names: str) -> str:
        return next((str(body[name]) for name in names for body in reversed(self.bodies) if body.get(name)), "")

    def at(self, rank: int) -> float | None:
        """When it first came so far."""
        so_far = [one for one in self.bodies if _RANK.get(one.get("CallStatus", ""), -1) == rank]
        return min(map(_at, so_far), default=None)

    @property
    def began(self) -> float | None:
        return min((_at(one) for one in self.bodies), default=None)

    @property
    def status(self) -> str:
        """The farthest it came."""
        known = [str(one.get("CallStatus", "")) for one in self.bodies]
        return max(known, key=lambda status: (_RANK.get(status, -1), status), default="")

    @property
    def ended(self) -> float | None:
        return self.at(_ENDED)

    @property
    def answered(self) -> float | None:
        """A leg that was completed was answered, also where nobody told so."""
        told = self.at(2)
        if told is not None or self.status != "completed" or self.ended is None:
            return told
        seconds = float(self.last("CallDuration", "Duration") or 0)
        return max(self.ended - seconds, self.began or 0.0)


def _call(sid: str, main: _Part, legs: Sequence[_Part], lines: Lines) -> Call:
    incoming = not main.first("Direction", "_direction").startswith("outbound")
    number, line = main.first("From"), main.first("To")
    if not incoming:
        number, line = main.first("_operator") or main.first("To"), main.first("From")
    talking = [leg for leg in legs if leg.answered is not None]
    taken = min(talking, key=lambda leg: leg.answered or 0.0, default=None)
    moments = [moment for part in (main, *legs) if (moment := part.began) is not None]
    started, ended = min(moments, default=0.0), main.ended
    answered = taken.answered if taken else None
    to = line if incoming else next((leg.first("To") for leg in legs), "") or main.first("_to")
    result = _result(incoming, main, legs, taken)
    handed = _transfers(main, legs, lines)
    waiting = started if incoming else main.answered or started
    until = answered if answered is not None else ended
    return Call(
        id=sid,
        direction=Direction.IN if incoming else Direction.OUT,
        from_=lines.said(number),
        from_raw=number,
        to=to,
        line=line,
        answered_by=_party(taken, lines) if taken else None,
        result=result,
        wait=round(max(0.0, until - waiting), 3) if until is not None else 0.0,
        talk=round(max(0.0, _talked_until(taken, ended, handed) - answered), 3)
        if taken and answered is not None
        else 0.0,
        hold=0.0,
        started_at=started,
        answered_at=answered,
        ended_at=ended,
        complete=ended is not None,
        legs=tuple(_leg(leg, incoming, lines) for leg in legs),
        transfers=handed,
        operator=number if not incoming else _party(taken, lines) if taken else None,
        recording=main.last("RecordingUrl") or next((leg.last("RecordingUrl") for leg in legs), "") or None,
        request=main.first("_interaction") or None,
        name=main.first("CallerName"),
        from_address=lines.address(number),
        to_address=lines.address(to),
        linkedid=sid,
    )


def _transfers(main: _Part, legs: Sequence[_Part], lines: Lines) -> tuple[Transfer, ...]:
    """Each time that Twilio asked us what to do with somebody who is handed on."""
    found = []
    for body in main.bodies:
        if to := body.get("_handed_to"):
            after = [leg for leg in legs if leg.first("To") == to and (leg.began or 0.0) >= _at(body) - _WHOLE]
            completed = any(leg.answered is not None for leg in after)
            found.append(
                Transfer("blind", lines.said(body.get("_handed_by", "")), _said(to, lines), completed, _at(body))
            )
    return tuple(found)


def _talked_until(leg: _Part, ended: float | None, handed: Sequence[Transfer]) -> float:
    """With whom he was handed to he speaks until he hangs up."""
    went_on = any(one.completed for one in handed)
    return ended if went_on and ended is not None else _end(leg, ended)


def _end(leg: _Part | None, ended: float | None) -> float:
    known = [moment for moment in (leg.ended if leg else None, ended) if moment is not None]
    return min(known, default=leg.bodies[-1][RECEIVED] if leg else 0.0)


def _result(incoming: bool, main: _Part, legs: Sequence[_Part], taken: _Part | None) -> Result | None:
    if taken:
        return Result.ANSWERED
    if main.ended is None:
        return None
    if not incoming:
        return _OF_OUTSIDE.get(legs[0].status, Result.MISSED) if legs else Result.FAILED
    if main.last("RecordingUrl"):
        return Result.VOICEMAIL
    if not legs:
        return Result.ABANDONED if main.answered is not None else Result.MISSED
    return Result.BUSY if {leg.status for leg in legs} == {"busy"} else Result.MISSED


def _leg(leg: _Part, incoming: bool, lines: Lines) -> Leg:
    answered, began = leg.answered, leg.began or 0.0
    until = answered if answered is not None else leg.ended
    return Leg(
        party=_party(leg, lines),
        role="operator" if incoming else "customer",
        rang=round(max(0.0, until - began), 3) if until is not None else 0.0,
        answered=answered is not None,
        connected=round(max(0.0, _end(leg, None) - answered), 3) if answered is not None else 0.0,
        outcome="answered" if answered is not None else _OUTCOMES.get(leg.status, ""),
        channel=leg.first("CallSid"),
        over=leg.ended is not None,
    )


def _party(leg: _Part | None, lines: Lines) -> str:
    return _said(leg.first("To") if leg else "", lines)


def _said(to: str, lines: Lines) -> str:
    return to if to.startswith("client:") else lines.said(to)


def _at(body: Body) -> float:
    """Twilio's own moment, in whole seconds; else when it came. A clock that is an hour off is not believed."""
    received: float = body[RECEIVED]
    try:
        told = parsedate_to_datetime(str(body["Timestamp"])).timestamp()
    except (KeyError, TypeError, ValueError):
        return received
    return told if abs(told - received) < _SKEW else received
