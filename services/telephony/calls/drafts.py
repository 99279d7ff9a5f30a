"""A call as an exchange tells it becomes the document that the hub keeps: pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.contracts.call import LEGS, TRANSFERS, CallLeg, CallQueue, CallRecording, CallState, CallTransfer
from hub.contracts.interaction import Participant, Role
from hub.kit import plain
from hub.kit.clock import from_iso
from hub.kit.ids import derive
from hub.store.base import Document
from services.telephony.calls.facts import moment
from services.telephony.calls.models import Call, Direction, Leg, Result
from services.telephony.calls.speaking import speaking
from services.telephony.lines.models import OurLine

Logins = Mapping[str, str]
"""By extension."""
_LONGEST = 200
_SECONDS = 10
"""Digits of a second since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is known beside the call itself."""

    exchange: str
    line: OurLine | None
    logins: Logins
    is_ours: Callable[[str], bool]
    received_at: str
    raw: str = ""
    """Blob key of what told of it first."""


def interaction_of(call: Call, exchange: str) -> str:
    """The interaction of a call."""
    return interaction_id(exchange, call.id)


def is_contact(call: Call, setting: Setting) -> bool:
    """Within the house nobody is a customer; neither is one of our own lines."""
    if call.direction is Direction.INTERNAL:
        return False
    other = call.from_address if call.direction is Direction.IN else call.to_address
    return not (other and setting.is_ours(other))


def draft(call: Call, setting: Setting, *, asked: str | None) -> Document:
    """The document of a call, `asked` being the interaction that was planned for it."""
    line = setting.line
    people = _people(call, setting)
    own_id = asked or interaction_of(call, setting.exchange)
    state = state_of(call, setting).model_dump(mode="json", exclude={"revision"})
    return {
        "_id": own_id,
        "key": key_of(setting.exchange, call.id),
        "asked": asked is not None,
        "exchange": setting.exchange,
        "account": line.id if line else setting.exchange,
        "line": line.id if line else "",
        "team": line.team if line else None,
        "others": line.others if line else "full",
        "source": line.source if line else None,
        "direction": "out" if call.direction is Direction.OUT else "in",
        "other_side": _other(call)[0],
        "participants": [one.model_dump(mode="json") for one in people],
        "state": {**state, "recordings": _recordings(call, line, own_id)},
        "started_at": moment(call.started_at),
        "received_at": setting.received_at,
        "raw": setting.raw,
        **({} if call.complete else {"open": True, "talking": sorted(speaking(call, setting.logins))}),
    }


def key_of(exchange: str, call_id: str) -> str:
    """The name of a call in its channel."""
    return f"call:{exchange}/{call_id}"


def state_of(call: Call, setting: Setting) -> CallState:
    line, logins = setting.line, setting.logins
    return CallState(
        revision=0,
        exchange=setting.exchange,
        caller=_short(call.from_),
        dialled=_short(call.to),
        line=line.told if line else None,
        answered_by=call.answered_by and _short(call.answered_by),
        answered_login=logins.get(_operator(call) or ""),
        result=call.result.value if call.result else None,
        wait=call.wait,
        talk=call.talk,
        hold=call.hold,
        started_at=from_iso(moment(call.started_at) or ""),
        answered_at=_maybe(call.answered_at),
        ended_at=_maybe(call.ended_at),
        complete=call.complete,
        closed_by_limit=call.closed_by_limit,
        part_of=call.part_of and interaction_id(setting.exchange, call.part_of),
        ended_by=call.ended_by,
        unsure=call.unsure,
        legs=tuple(_leg(one, logins) for one in call.legs[:LEGS]),
        transfers=tuple(
            CallTransfer(
                kind="attended" if one.kind == "attended" else "blind",
                by=_short(one.by),
                to=_short(one.to),
                completed=one.completed,
                at=from_iso(moment(one.at) or ""),
            )
            for one in call.transfers[:TRANSFERS]
        ),
        queue=_queue(call, line),
    )


def newer(before: Document, after: Document) -> Document:
    """The call as it is known now. What is over is not told to go on; whose it is, and when it came, stays; so does
    what was found out beside (recordings).
    """
    was, now = before["state"], after["state"]
    kinds = {one["id"]: one["kind"] for one in now["recordings"]}
    recordings = [
        {**one, "kind": kinds.get(one["id"], one["kind"])}
        for one in _also(was["recordings"], now["recordings"], "id")
    ]
    state = {**now, "recordings": recordings, "line": was["line"]}
    talks = after.get("talking") != before.get("talking")
    if _stage(now) < _stage(was) or not (talks or _tells_more(was, state)):
        return before
    stays = {name: before[name] for name in _STAYS if name in before}
    ours = [one for one in before["participants"] if one["ours"]]
    people = _also(ours, after["participants"], "address")
    changed = {**before, **after, **stays, "state": state, "participants": people}
    if before.get("texted") or before["state"]["complete"]:
        changed.pop("text_owed", None)  # what was owed is owed since it was over
        changed |= {name: before[name] for name in ("text_owed",) if name in before}
    if after["state"]["complete"]:
        changed.pop("open", None)
        changed.pop("talking", None)
    return changed


_STAYS = (
    "_id",
    "asked",
    "account",
    "line",
    "team",
    "others",
    "source",
    "direction",
    "received_at",
    "raw",
    "key",
    "_v",
)
_MINOR = frozenset(("wait", "talk", "hold", "legs", "unsure"))
"""What moves on by itself while a call goes on: not worth an event of its own."""


def _stage(state: Mapping[str, Any]) -> int:
    return 2 if state["complete"] else 1 if state["answered_at"] else 0


def _tells_more(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether something changed that others want to hear of."""
    names = after.keys() if after["complete"] else after.keys() - _MINOR
    return any(before.get(name) != after[name] for name in names)


def _also(before: list[Document], after: list[Document], name: str) -> list[Document]:
    """Those of both, by this field; what is known of one stays, also where what was seen later tells less."""
    known = {one[name]: one for one in before}
    fresh = [known.pop(one[name], one) for one in after]
    return [*fresh, *known.values()]


def _recordings(call: Call, line: OurLine | None, interaction_id: str) -> list[Document]:
    """What has to be fetched, as it is told."""
    return [
        {**_RECORDING, "id": derive("rec", interaction_id, reference), "kind": kind}
        for reference, kind in wanted(call, line)
    ]


_RECORDING: Document = CallRecording(id="", kind="call").model_dump(mode="json")


def wanted(call: Call, line: OurLine | None) -> list[tuple[str, str]]:
    """What the exchange calls the recordings that shall be fetched, and what each is."""
    if not call.recording or (line and not line.record):
        return []
    return [(call.recording, "voicemail" if call.result is Result.VOICEMAIL else "call")]


def _people(call: Call, setting: Setting) -> tuple[Participant, ...]:
    theirs, ours = (Role.FROM, Role.TO) if call.direction is Direction.IN else (Role.TO, Role.FROM)
    address, said, name = _other(call)
    customer = Participant(role=theirs, address=address, raw=said, name=name)
    operators = [
        Participant(
            role=ours,
            address=f"extension:{setting.exchange}/{extension}",
            raw=extension,
            ours=True,
            login=setting.logins.get(extension),
        )
        for extension in _operators(call)
    ]
    return (customer, *operators)


def _other(call: Call) -> tuple[str, str, str]:
    """Address, number as said, name of the customer."""
    if call.direction is Direction.IN:
        return call.from_address, _short(call.from_), _short(call.name)
    return call.to_address, _short(call.to_address.removeprefix("phone:") or call.to), ""


def _operators(call: Call) -> list[str]:
    """Our people who spoke with the customer, or who called."""
    talked = [leg.party for leg in call.legs if leg.role == "operator" and leg.answered]
    return [*dict.fromkeys(_short(one) for one in (call.operator, *talked) if one)]


def _operator(call: Call) -> str | None:
    return call.answered_by if call.direction is Direction.IN else call.operator


def _leg(leg: Leg, logins: Logins) -> CallLeg:
    return CallLeg(
        party=_short(leg.party),
        login=logins.get(leg.party),
        role="customer" if leg.role == "customer" else "operator",
        rang=leg.rang,
        answered=leg.answered,
        connected=leg.connected,
        outcome=leg.outcome,
    )


def _queue(call: Call, line: OurLine | None) -> CallQueue | None:
    if not call.queue:
        return None
    level = line.level if line else 20.0
    left = call.ended_at if call.result is Result.ABANDONED else None
    wait = call.wait if call.queue_wait is None else call.queue_wait
    late = call.wait > level
    return CallQueue(
        name=_short(call.queue),
        position=call.position,
        wait=wait,
        left=call.queue_left,
        abandoned_at=_maybe(left),
        level=level,
        within_level=False if late else True if call.answered_at is not None else None,
    )


def interaction_id(exchange: str, call_id: str) -> str:
    """Of what the exchange calls so. The ids of an Asterisk begin with the second they were made in."""
    seconds = call_id.partition(".")[0]
    at = int(seconds) if seconds.isdigit() and len(seconds) == _SECONDS else None
    return derive("in", "call", exchange, call_id, at=at)


def _maybe(seconds: float | None) -> Any:
    found = moment(seconds)
    return from_iso(found) if found else None


def _short(text: str) -> str:
    return plain.line(text[:_LONGEST])
