"""One call out of what was seen of its channels."""

from dataclasses import dataclass

from services.telephony.ami.channels import Channel
from services.telephony.ami.events import Event
from services.telephony.ami.handing import parking, transfers
from services.telephony.ami.hearing import Span
from services.telephony.ami.scene import NOBODY_YET, Scene, end, talker
from services.telephony.ami.verdicts import of_attempt, outcome, unanswered
from services.telephony.calls.lines import Lines, device_of, peer_of
from services.telephony.calls.models import Call, Direction, Leg, Result

_OPENING = 0.5
"""Seconds between the answer of a phone and of the line that it answers."""
_LAST_WORD = 1.0
"""Seconds before the end in which whoever hangs up ends the call."""


@dataclass(frozen=True, slots=True)
class _Sides:
    """Who is who in one call."""

    main: Channel
    """Whoever began it."""
    customer: Channel
    """Whose waiting and talking is measured; within the house whoever began it."""
    direction: Direction
    legs: tuple[Channel, ...]
    to: str
    alone: bool = False
    """We rang the customer himself, and nobody of ours before."""


@dataclass(frozen=True, slots=True)
class _Times:
    started: float
    answered: float | None
    by: Channel | None
    """The person who answered: of a call out the customer."""
    ended: float | None
    until: float
    """The customer's end, or how far it is known."""
    waited_until: float


def tell(scene: Scene, main: Channel, *, shared: bool) -> Call:
    """The call that `main` began. `shared`: other customers called into the same group; not all legs are its own."""
    sides = _sides(scene, main, shared)
    times = _times(scene, sides)
    answerer = scene.party(times.by) if times.by else None
    result = Result.ANSWERED if times.by else _unanswered(sides, times)
    raw, said, name = _caller(scene, sides, answerer)
    line = _line(sides)
    return Call(
        id=f"{main.uid}~{main.lives_before}" if main.lives_before else main.uid,
        direction=sides.direction,
        from_=said,
        from_raw=raw,
        to=sides.to,
        line=line,
        answered_by=answerer,
        result=result,
        wait=_seconds(times.waited_until - _waiting_since(scene, sides)),
        talk=_seconds(times.until - times.answered) if times.answered is not None else 0.0,
        hold=_held(scene, sides.customer, times),
        started_at=main.start,
        answered_at=times.answered,
        ended_at=times.ended,
        complete=times.ended is not None,
        closed_by_limit=times.ended is not None and (main.lost or sides.customer.lost),
        unsure=_unsure(sides, times),
        ended_by=_ended_by(scene, sides, times),
        legs=tuple(_leg(scene, leg) for leg in sides.legs),
        transfers=transfers(scene, sides.customer),
        queue=sides.customer.queue or main.queue or None,
        position=sides.customer.position,
        parked=parking(scene, sides.customer),
        conference=sides.customer.conference or None,
        recording=next((one.recording for one in scene.channels if one.recording), None),
        voicemail=sides.customer.mailbox or None,
        last_party=_last_party(scene, sides.customer),
        operator=_operator(sides, said, times, scene),
        request=_request(scene, main),
        machine=sides.customer.machine,
        name=name,
        from_address=scene.lines.address(raw),
        to_address=scene.lines.address(sides.to),
        linkedid=main.linkedid or main.uid,
    )


def tell_refused(event: Event, lines: Lines) -> Call:
    """A call that we asked for and for which the exchange made no channel at all: no such phone, or not reachable."""
    to = event["Exten"]
    outside = lines.is_outside(to)
    return Call(
        id=f"request:{event['ActionID'] or event['Uniqueid'] or event.moment}",
        direction=Direction.OUT if outside else Direction.INTERNAL,
        from_=device_of(event["Channel"]),
        from_raw=device_of(event["Channel"]),
        to=to,
        line=None,
        answered_by=None,
        result=Result.FAILED,
        wait=0.0,
        talk=0.0,
        hold=0.0,
        started_at=event.moment,
        answered_at=None,
        ended_at=event.moment,
        complete=True,
        ended_by="pbx",
        operator=device_of(event["Channel"]),
        request=event["ActionID"] or None,
        to_address=lines.address(to),
        linkedid=event["Uniqueid"],
    )


def _sides(scene: Scene, main: Channel, shared: bool) -> _Sides:
    to = _target(scene, main)
    if main in scene.outside and not main.was_dialled:
        return _Sides(main, main, Direction.IN, _legs(scene, main, main, shared), to)
    rung = [one for one in scene.outside if one is not main]
    if main in scene.outside and main.rings_alone and not rung and not scene.lines.is_outside(to):
        legs = _legs(scene, main, main, shared)
        return _Sides(main, main, Direction.OUT, legs, scene.number(main), alone=True)
    if rung or scene.lines.is_outside(to):
        reached = [one for one in rung if scene.hears(one)]
        customer = min(reached, key=_began, default=None) or max(rung, key=_began, default=main)
        return _Sides(main, customer, Direction.OUT, _legs(scene, main, customer, shared), to)
    return _Sides(main, main, Direction.INTERNAL, _legs(scene, main, main, shared), to)


def _began(channel: Channel) -> tuple[float, str]:
    return channel.start, channel.uid


def _target(scene: Scene, main: Channel) -> str:
    asked = [note["Exten"] for note, one in scene.noted("OriginateResponse") if one is main and note["Exten"]]
    if main.was_dialled and asked:
        return asked[0]
    own = main.exten if main.exten != "s" else ""
    return (main.dials_exten or own) if main.was_dialled else (own or main.dials_exten)


def _legs(scene: Scene, main: Channel, customer: Channel, shared: bool) -> tuple[Channel, ...]:
    heard = scene.hears(customer)
    mine = {main.uid, main.linkedid}
    return tuple(
        one
        for one in scene.persons
        if one in heard - {main} or (one.was_dialled and (not shared or one.linkedid in mine or one in heard))
    )


def _times(scene: Scene, sides: _Sides) -> _Times:
    customer = sides.customer
    answered, by = _answer(scene, sides)
    stages = [sides.main, *scene.outside] if sides.direction is Direction.OUT else [sides.main]
    if sides.direction is Direction.INTERNAL:
        stages += [leg for leg in sides.legs if leg.up_at is not None]
    ends = [end(one) for one in stages]
    over = max(ends) < NOBODY_YET
    if sides.direction is Direction.INTERNAL:
        theirs = max(ends) if over else scene.until
    else:
        theirs = customer.ended if customer.ended is not None else scene.until
    ended = None
    if over:
        ended = theirs if by or sides.direction is Direction.IN else max(ends)
    waited = answered if answered is not None else theirs
    return _Times(sides.main.start, answered, by, ended, theirs, waited)


def _answer(scene: Scene, sides: _Sides) -> tuple[float | None, Channel | None]:
    """When a person first heard the customer, and who answered."""
    for span in scene.company(sides.customer):
        who = sides.customer if sides.direction is Direction.OUT else talker(span.persons)
        return span.since, who
    customer = sides.customer
    if customer.stays or customer.ended is None or customer.up_at is None:
        return None, None
    # Nothing was seen of bridges. Whoever took the ringing did speak if the caller's line was opened with it: it is
    # not where he had to confirm with a key and did not.
    at = customer.up_at
    taken = [
        leg
        for leg in sides.legs
        if leg.verdict == "ANSWER" and leg.verdict_at is not None and abs(leg.verdict_at - at) < _OPENING
    ]
    first = min(taken, key=lambda leg: (leg.verdict_at or 0.0, leg.uid), default=None)
    return (first.verdict_at, first) if first else (None, None)


def _waiting_since(scene: Scene, sides: _Sides) -> float:
    """A customer whom we call waits from when our operator is there to be connected."""
    if sides.alone:
        return sides.main.up_at if sides.main.up_at is not None else sides.main.start
    if not sides.main.was_dialled or sides.direction is not Direction.OUT or sides.customer is sides.main:
        return sides.main.start
    operator = [
        one.up_at for one in (sides.main, *scene.persons) if one.up_at is not None and one is not sides.customer
    ]
    return min(operator, default=sides.main.start)


def _unanswered(sides: _Sides, times: _Times) -> Result | None:
    if times.ended is None:
        return None
    if sides.alone:
        return Result.ABANDONED if sides.main.up_at is not None else of_attempt(outcome(sides.main))
    return unanswered(sides.direction, sides.main, sides.customer, sides.legs)


def _held(scene: Scene, customer: Channel, times: _Times) -> float:
    if times.answered is None:
        return 0.0
    waits = (span for span in scene.spans(customer) if _is_waiting(span))
    return _seconds(sum(max(0.0, min(span.until, times.until) - max(span.since, times.answered)) for span in waits))


def _is_waiting(span: Span) -> bool:
    """In a bridge, and nobody in it who listens; where somebody is being rung it is no hold."""
    return not span.ringing and not (span.persons - span.holding)


def _leg(scene: Scene, leg: Channel) -> Leg:
    stop = min(end(leg), scene.until)
    since = leg.dialled_at if leg.dialled_at is not None else leg.start
    own = not leg.was_dialled
    taken = leg.up_at if leg.up_at is not None else stop
    return Leg(
        party=scene.party(leg),
        role="customer" if leg in scene.outside else "operator",
        rang=0.0 if own else _seconds(taken - since),
        answered=leg.up_at is not None,
        connected=_seconds(stop - leg.up_at) if leg.up_at is not None else 0.0,
        outcome=outcome(leg),
        channel=leg.name,
        over=leg.ended is not None,
    )


def _caller(scene: Scene, sides: _Sides, answerer: str | None) -> tuple[str, str, str]:
    """The caller as sent, as said, and his name."""
    main = sides.main
    if sides.alone:
        first = min(
            (one for one in sides.legs if one is not main and one.up_at is not None), key=_began, default=None
        )
        return (scene.party(first),) * 2 + ("",) if first else ("", "", "")
    if sides.direction is Direction.IN:
        return main.number, scene.lines.said(main.number), main.caller_name
    if main.is_local:
        ours = [one for one in scene.persons if one not in scene.outside and scene.party(one) != answerer]
        who = scene.party(min(ours, key=_began)) if ours else peer_of(main.name)
    else:
        who = scene.party(main)
    return who, who, "" if main.was_dialled else main.caller_name


def _line(sides: _Sides) -> str | None:
    if sides.direction is Direction.IN:
        return sides.to or None
    if sides.direction is Direction.INTERNAL or sides.customer is sides.main:
        return None
    shown = sides.customer.dialler.own_number if sides.customer.dialler else ""
    return shown if len(shown) > 6 else None  # an extension that is shown is no line


def _unsure(sides: _Sides, times: _Times) -> tuple[str, ...]:
    main, customer = sides.main, sides.customer
    fields: set[str] = set()
    if main.born is None or main.found:
        fields |= {"started_at", "wait"}
    if times.answered is not None and times.answered in customer.listed:
        fields |= {"answered_at", "wait", "talk", "hold"}
    if main.lost or customer.lost:
        fields |= {"ended_at", "talk" if times.answered is not None else "wait"}
        fields |= set() if times.answered is not None else {"result"}
    return tuple(sorted(fields))


def _ended_by(scene: Scene, sides: _Sides, times: _Times) -> str | None:
    """Whose far end hung up last before the end; the exchange where nobody's did."""
    if times.ended is None:
        return None
    if (
        sides.direction is Direction.OUT
        and times.by is None
        and sides.customer.asked
        and sides.customer is not sides.main
    ):
        return "provider" if outcome(sides.customer) == "failed" else "customer"
    asked = [
        (moment, one is sides.main, one)
        for one in scene.persons
        for moment in one.asked
        if times.ended - _LAST_WORD <= moment <= times.ended
    ]
    if not asked:
        return "pbx"
    _, _, who = min(asked, key=lambda ask: (*ask[:2], _began(ask[2])))
    if sides.direction is Direction.INTERNAL:
        return "caller" if who is sides.main else "called"
    return "customer" if who in scene.outside else "operator"


def _last_party(scene: Scene, customer: Channel) -> str | None:
    spans = list(scene.company(customer))
    return scene.party(max(spans[-1].persons, key=_began)) if spans else None


def _operator(sides: _Sides, caller: str, times: _Times, scene: Scene) -> str | None:
    if sides.direction is Direction.OUT:
        return caller or None
    return scene.party(times.by) if times.by and times.by not in scene.outside else None


def _request(scene: Scene, main: Channel) -> str | None:
    accepted = [
        note["ActionID"] for note, one in scene.noted("OriginateResponse") if one is main and note["ActionID"]
    ]
    return main.request or (accepted[0] if accepted else None)


def _seconds(span: float) -> float:
    return round(max(0.0, span), 3)
