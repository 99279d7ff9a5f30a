"""A call as the hub knows it: who with whom on which line, how it went, and how long anybody waited."""

from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    """Seen from us."""

    IN = "in"
    OUT = "out"
    INTERNAL = "internal"


class Result(StrEnum):
    """What became of a call. While it goes on and nobody has answered there is none."""

    ANSWERED = "answered"
    MISSED = "missed"
    ABANDONED = "abandoned"
    """The caller left a queue or a menu."""
    BUSY = "busy"
    FAILED = "failed"
    """There is no such number, no line, or our own phone did not take part."""
    VOICEMAIL = "voicemail"
    """Nobody answered and a message was left."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One phone that was rung, or that took the call itself (pickup, return from a parking place)."""

    party: str
    """The extension, or the number outside as `+7…`."""
    role: str
    """`operator` for a phone of ours, `customer` for a number outside."""
    rang: float
    """Seconds."""
    answered: bool
    connected: float
    """Seconds from its answer to its end."""
    outcome: str
    """answered, elsewhere (another phone took it), declined, busy, forwarded, no answer, failed; empty: it rings."""
    channel: str = ""
    """Its channel at the exchange."""
    over: bool = False
    """It takes part no more."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A party was handed on, or it was tried."""

    kind: str
    """`blind` or `attended`."""
    by: str
    to: str
    completed: bool
    """Whether the party came to speak with whom it was handed to."""
    at: float = 0.0
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Parking:
    """The party waited in a parking place."""

    slot: str
    by: str
    retrieved_by: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a customer, or of a colleague with a colleague. Moments are seconds since the epoch, UTC."""

    id: str
    """The channel at the exchange that the call is about: stable from the first event on."""
    direction: Direction
    from_: str
    """As a person would say: `+7…`, an extension, `hidden`, `unknown`."""
    from_raw: str
    to: str
    """As dialled."""
    line: str | None
    """Our number that was dialled, or that is shown; None within the house."""
    answered_by: str | None
    """The first person who spoke with the caller: an extension, or a number outside. Menus and queues are nobody."""
    result: Result | None
    wait: float
    """Seconds until a person answered, else until the end. Of a call that we connect, from our operator's answer."""
    talk: float
    """Seconds from that answer to the end for the customer; holds and transfers are in it."""
    hold: float
    """Seconds of `talk` in which we let the customer wait: hold, consultation, parking."""
    started_at: float
    answered_at: float | None
    ended_at: float | None
    complete: bool
    """False while it goes on."""
    closed_by_limit: bool = False
    """Its end was never seen: `ended_at` is when it was last known to live."""
    part_of: str | None = None
    """The id of the call that this one turned out to belong to: somebody who dialled to take a parked or a ringing
    caller, or who was called into a conference. It is over; what he did is in the other.
    """
    unsure: tuple[str, ...] = ()
    """Fields that are only a bound, for it was not watched from its beginning to its end."""
    ended_by: str | None = None
    """customer, operator, pbx; within the house caller or called."""
    legs: tuple[Leg, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    queue: str | None = None
    position: int | None = None
    """In the queue, when the caller joined it."""
    queue_wait: float | None = None
    """Seconds in a queue of ours, until the answer or until he left it."""
    queue_left: str = ""
    """How he left a queue of ours, where it was neither by an answer nor by hanging up: call_back, overflow."""
    parked: Parking | None = None
    conference: str | None = None
    recording: str | None = None
    """File at the exchange."""
    voicemail: str | None = None
    """Mailbox that took the message."""
    last_party: str | None = None
    """Who spoke with the customer last."""
    operator: str | None = None
    """Our person in it: who answered, or who dialled."""
    request: str | None = None
    """Our own id of a call that we asked for."""
    machine: bool = False
    """An answering machine took it, the exchange says."""
    name: str = ""
    """The name that came with the number."""
    from_address: str = ""
    """`phone:+7…`; empty where the number is none."""
    to_address: str = ""
    linkedid: str = ""
    """What the exchange calls it."""

    @property
    def stage(self) -> str:
        """`ringing`, `talking` or `ended`; it never goes back."""
        if self.complete:
            return "ended"
        return "ringing" if self.answered_at is None else "talking"
