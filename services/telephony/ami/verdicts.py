"""Why nobody answered: what the causes (Q.850) and dial statuses of the legs mean for the call."""

from collections.abc import Sequence

from services.telephony.ami.channels import Channel
from services.telephony.calls.models import Direction, Result

ELSEWHERE, DECLINED, BUSY_CAUSE, REDIRECTED = 26, 21, 17, 23
_NO_NUMBER = frozenset({1, 2, 22, 28})
_NO_PHONE = frozenset({3, 20, 27})
_NO_LINE = frozenset({6, 25, 29, 34, 38, 41, 42, 43, 44, 47, 50, 57, 58, 63, 65, 66, 69, 79, 88, 95, 96, 97, 98, 99, 100, 101, 102, 111})  # fmt: skip  # noqa: E501
_FAILURES = _NO_NUMBER | _NO_PHONE | _NO_LINE
_BY_STATUS = {"BUSY": "busy", "CONGESTION": "failed", "CHANUNAVAIL": "failed", "INVALIDARGS": "failed"}


def outcome(leg: Channel) -> str:
    """What became of one phone: see `Leg.outcome`."""
    if leg.up_at is not None:
        return "answered"
    if leg.ended is None and not leg.verdict:
        return ""
    if leg.forward or leg.cause == REDIRECTED:
        return "forwarded"
    by_cause = {ELSEWHERE: "elsewhere", DECLINED: "declined", BUSY_CAUSE: "busy"}
    found = by_cause.get(leg.cause or 0) or _BY_STATUS.get(leg.verdict)
    return found or ("failed" if leg.cause in _FAILURES else "no answer")


def unanswered(direction: Direction, main: Channel, customer: Channel, legs: Sequence[Channel]) -> Result:
    """The result of a call that is over and that no person answered."""
    if customer.message_at is not None or main.message_at is not None:
        return Result.VOICEMAIL
    if direction is Direction.OUT:
        return _of_outside(main, customer)
    tried = [outcome(leg) for leg in legs if leg is not main]
    if direction is Direction.IN and _left(main, legs):
        return Result.ABANDONED
    if tried and direction is Direction.INTERNAL:
        return of_attempt(tried[-1])
    if tried:
        return Result.BUSY if set(tried) <= {"busy", "forwarded"} and "busy" in tried else Result.MISSED
    return _untried(main)


def _left(main: Channel, legs: Sequence[Channel]) -> bool:
    """Whether the caller left a queue or a menu: a queue says so; in a menu the exchange has answered, and no phone
    was ever rung.
    """
    if main.queued_at is not None:
        return main.abandoned is not None or main.left_queue is None
    return main.up_at is not None and main.in_mailbox is None and not legs


def _of_outside(main: Channel, customer: Channel) -> Result:
    if customer is main:  # nobody outside was rung
        return Result.BUSY if main.cause == BUSY_CAUSE and not main.rings_alone else Result.FAILED
    return of_attempt(outcome(customer))


def of_attempt(found: str) -> Result:
    return {"busy": Result.BUSY, "failed": Result.FAILED}.get(found, Result.MISSED)


def _untried(main: Channel) -> Result:
    """No phone was rung at all."""
    if main.cause == BUSY_CAUSE:
        return Result.BUSY
    if main.cause in _NO_NUMBER or main.cause in _NO_LINE:
        return Result.FAILED
    return Result.ABANDONED if _left(main, ()) and main.queued_at is None else Result.MISSED
