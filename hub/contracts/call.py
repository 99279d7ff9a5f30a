"""A call on the bus: who spoke with whom on which line, how it went, and how long anybody waited."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from hub.contracts.base import Body

LEGS, TRANSFERS = 100, 50
"""So many of a call are told, the first ones."""


class CallResult(StrEnum):
    """What became of a call. While it goes on and nobody has answered there is none."""

    ANSWERED = "answered"
    MISSED = "missed"
    ABANDONED = "abandoned"
    """The caller left a queue or a menu."""
    BUSY = "busy"
    FAILED = "failed"
    VOICEMAIL = "voicemail"
    """Nobody answered and a message was left."""


UNREACHED = frozenset((CallResult.MISSED, CallResult.ABANDONED, CallResult.BUSY, CallResult.VOICEMAIL))
"""Results of a call in after which somebody should call back."""


class CallLine(Body):
    """The number of ours that was dialled, or shown, as it was then."""

    id: str
    number: str
    """As a person would say it: `+74951234567`."""
    name: str = ""
    team: str | None = None
    """Whose calls these are; none: everybody's."""
    queue: str | None = None
    """The team whose work a missed call is, where it is not `team`."""
    level: float = 20.0
    """Seconds within which calls shall be answered."""
    reach_by: tuple[str, ...] = ("call",)
    """Channels by which somebody counts as reached after a missed call: `call`, `sms`, `telegram`, `email`."""

    @property
    def owing_team(self) -> str | None:
        """Whose work a missed call of this line is; none: everybody's."""
        return self.queue or self.team


class CallLeg(Body):
    """One phone that rang, or that took the call."""

    party: str
    """The extension, or the number outside as `+7…`."""
    login: str | None = None
    """The employee whose phone it is."""
    role: Literal["operator", "customer"]
    rang: float
    """Seconds."""
    answered: bool
    connected: float
    """Seconds from its answer to its end."""
    outcome: str = ""
    """answered, elsewhere, declined, busy, forwarded, no answer, failed; empty: it rings."""


class CallTransfer(Body):
    """The customer was handed on, or it was tried."""

    kind: Literal["blind", "attended"]
    by: str
    to: str
    completed: bool
    at: datetime


class CallQueue(Body):
    """The queue in which the caller waited."""

    name: str
    position: int | None = None
    """When he joined it; the first is 1."""
    wait: float = 0.0
    """Seconds, until a person answered, or until the caller left."""
    abandoned_at: datetime | None = None
    """When he left it by himself."""
    level: float = 20.0
    """Seconds within which the line promises to answer."""
    within_level: bool | None = None
    """Whether it kept that; none while he waits, and where he left before the time was up."""
    left: Literal["", "call_back", "overflow"] = ""
    """How he left it, where nobody answered and he did not hang up: he asked to be called back, or the queue was full
    or took too long.
    """


class CallRecording(Body):
    """What was said, as a file of the telephony service: `GET /recordings/{id}` has it."""

    id: str
    kind: Literal["call", "voicemail"]
    state: Literal["pending", "ready", "failed", "removed"] = "pending"
    """`removed`: it was kept as long as the line says."""
    seconds: float | None = None
    size: int = 0
    """Bytes."""
    reason: str = ""
    """Why it failed."""
    transcript: Literal["", "pending", "ready", "failed", "removed"] = ""
    """What was said in it, in writing; empty: it is not written down."""
    transcript_reason: str = ""
    """Why that failed."""
    text_blob: str = ""
    """Where the text is, for who searches it; shown to nobody."""


class CallRequest(Body):
    """What a call that shall be made needs beside whom it goes to."""

    operator: str
    """The employee whose phone rings first; empty: nobody's."""
    line: str = ""
    """The line that is shown, where the account is its exchange."""
    call_list: str = ""
    """A list that dials by itself: the customer is rung first, then an agent of it; `operator` is empty."""
    dropped_to: str = ""
    """The extension that is played to whom no agent was there for; empty: the line ends."""


class CallState(Body):
    """All that is known of one call; `revision` tells which of two is newer."""

    revision: int
    exchange: str = ""
    """Id of the exchange or provider that told of it."""
    caller: str = ""
    """As a person would say it: `+7…`, an extension, `hidden`, `unknown`."""
    dialled: str = ""
    """What he dialled, as he did."""
    line: CallLine | None = None
    """None where the number is none of our lines."""
    answered_by: str | None = None
    """The first person who spoke with the caller: an extension, or a number outside. Menus and queues are nobody."""
    answered_login: str | None = None
    """The employee who spoke with the customer first."""
    result: CallResult | None = None
    wait: float = 0.0
    """Seconds until a person answered, else until the end."""
    talk: float = 0.0
    """Seconds from that answer to the customer's end; holds are in it."""
    hold: float = 0.0
    started_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    complete: bool = False
    """It is over."""
    closed_by_limit: bool = False
    """Its end was never seen: `ended_at` is when it was last known to live."""
    part_of: str | None = None
    """The interaction of the call that it turned out to belong to: then it is no contact of its own."""
    ended_by: str | None = None
    """`customer`, `operator`, `pbx`, `provider`."""
    unsure: tuple[str, ...] = ()
    """Fields that are only a bound."""
    legs: tuple[CallLeg, ...] = ()
    transfers: tuple[CallTransfer, ...] = ()
    queue: CallQueue | None = None
    recordings: tuple[CallRecording, ...] = ()
