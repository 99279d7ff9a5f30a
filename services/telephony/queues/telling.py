"""What a visit says of its call beside what the exchange tells: pure."""

from dataclasses import replace

from hub.kit.clock import from_iso
from hub.store.base import Document
from services.telephony.calls.models import Call, Result

CALL_BACK, OVERFLOW = "call_back", "overflow"
"""How somebody left a queue without being answered, beside hanging up."""


def with_visit(call: Call, visit: Document) -> Call:
    """The call with its place in a queue and the message that was left in the flow."""
    told = _with_message(call, visit)
    if not visit["joined_at"]:
        return told
    joined, gone = from_iso(visit["joined_at"]).timestamp(), visit["left_at"]
    ends = [from_iso(gone).timestamp() if gone else None, call.answered_at, call.ended_at]
    until = min((one for one in ends if one is not None), default=joined)
    return replace(
        told,
        queue=visit["name"],
        position=visit["position"],
        queue_wait=round(max(0.0, until - joined), 3),
        queue_left=visit["left"],
        result=_result(told, visit["left"]),
    )


def _with_message(call: Call, visit: Document) -> Call:
    """A file that the exchange itself says nothing of."""
    if not visit["message"] or call.answered_at is not None:
        return call
    result = Result.VOICEMAIL if call.complete else call.result
    return replace(call, recording=visit["message"], result=result)


def _result(call: Call, left: str) -> Result | None:
    """Who hung up while he waited left by himself, whatever phones rang; whom we could not take did not."""
    if call.result not in (Result.MISSED, Result.ABANDONED, Result.BUSY):
        return call.result
    return Result.MISSED if left else Result.ABANDONED
