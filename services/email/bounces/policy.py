"""What follows from bounces and automatic mail: when an address counts as dead, and when robots stop talking."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from services.email.bounces import reasons
from services.email.bounces.models import Auto, Bounce, Recipient

Severity = Literal["hard", "soft", "complaint"]
Standing = Literal["valid", "invalid", "complained"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """An address is invalid after `hard` hard bounces at once, or after `soft` soft ones of which the first and the
    last are at least `span` apart: a full mailbox or a server that is down for some days is no dead address.
    """

    hard: int = 1
    soft: int = 5
    span: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most `mails` automatic mails to one address in any `period`."""

    mails: int = 3
    period: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mark:
    """One bounce or complaint of an address."""

    at: datetime
    severity: Severity


THRESHOLDS: Final = Thresholds()
ALLOWANCE: Final = Allowance()


def severity_of(bounce: Bounce, recipient: Recipient) -> Severity | None:
    """How much this notice weighs against this recipient; None where it says nothing against the address."""
    if bounce.kind == "complaint":
        return "complaint"
    if bounce.kind not in ("hard", "soft"):
        return None
    if recipient.action == "delayed":
        return None  # The server still tries; what becomes of it is told in the next notice.
    return "hard" if reasons.is_hard(recipient) else "soft"


def standing(
    marks: Iterable[Mark], *, delivered_at: datetime | None = None, thresholds: Thresholds = THRESHOLDS
) -> Standing:
    """What an address is worth after all its marks, in any order. A delivery forgives the bounces before it; it
    never forgives a complaint.
    """
    marks = list(marks)
    if any(mark.severity == "complaint" for mark in marks):
        return "complained"
    counted = [mark for mark in marks if delivered_at is None or mark.at > delivered_at]
    if sum(mark.severity == "hard" for mark in counted) >= thresholds.hard:
        return "invalid"
    times = [mark.at for mark in counted]
    lasting = len(times) >= thresholds.soft and max(times) - min(times) >= thresholds.span
    return "invalid" if lasting else "valid"


def may_answer_automatically(
    history: Iterable[datetime], now: datetime, *, auto: Auto | None = None, allowance: Allowance = ALLOWANCE
) -> bool:
    """Whether one more automatic mail may go to an address. `history` holds the times of all automatic mails to it,
    of every kind and channel of reason; `auto` is what the mail to be answered is: a robot is never answered
    (RFC 3834, 2), so two robots cannot start to talk, and if they do not know each other the allowance ends it.
    """
    if auto is not None:
        return False
    recent = sum(now - allowance.period < at for at in history)
    return recent < allowance.mails
