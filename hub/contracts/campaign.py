"""What campaigns tell: what recipients of mailings did, and who entered and left a segment."""

from datetime import datetime
from typing import ClassVar, Literal

from hub.contracts.base import Body, Event
from hub.contracts.interaction import Answered
from hub.kit.ids import derive

ResponseKind = Literal["got", "opened", "clicked", "replied", "bounced", "unsubscribed", "complained"]


class Response(Body):
    """One thing that a recipient did, or that befell him."""

    id: str
    """The same for the same thing, however often it is told."""
    row: str
    """Id of his row in the mailing's ledger."""
    client_id: str | None = None
    kind: ResponseKind
    at: datetime
    link: int | None = None
    """Which of the links, of a click."""
    machine: bool = False
    """A machine did it: kept, and not counted."""


class ResponsesRecorded(Event):
    """What recipients of a mailing did; told in pages."""

    TYPE: ClassVar[str] = "responses.recorded.v1"
    TOPIC: ClassVar[str] = "campaigns"

    mailing: str
    responses: tuple[Response, ...]

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.mailing, *(one.id for one in self.responses))

    def key(self) -> str:
        return self.mailing


class HitRecorded(Event):
    """Somebody, or a machine, opened a mailing's message or followed a link in it."""

    TYPE: ClassVar[str] = "hit.recorded.v1"
    TOPIC: ClassVar[str] = "tracking"

    kind: Literal["opened", "clicked"]
    mailing: str
    recipient: int
    link: int | None = None
    url: str = ""
    """Where the link leads."""
    at: datetime
    agent: str = ""
    """What its program says of itself."""
    caller: str = ""
    """A mark of the address that it came from: the same for the same one, and not the address."""
    machine: bool = False
    """Its program is known as a machine's."""

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.key(), self.kind, str(self.link), self.at.isoformat(), self.caller)

    def key(self) -> str:
        return f"{self.mailing}-{self.recipient}"


class SegmentMoved(Event):
    """Clients entered a segment that is watched, or left it; told in pages."""

    TYPE: ClassVar[str] = "segment.moved.v1"
    TOPIC: ClassVar[str] = "campaigns"

    segment: str
    entered: tuple[str, ...] = ()
    """Client ids."""
    left: tuple[str, ...] = ()
    revision: int
    """Of the membership: each page of it has the next one."""
    at: datetime

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.segment, str(self.revision))

    def key(self) -> str:
        return self.segment


class MailedRecorded(Event):
    """A message of a mailing on which something came back: it belongs into its recipient's chain from now on."""

    TYPE: ClassVar[str] = "mailed.recorded.v1"
    TOPIC: ClassVar[str] = "inbound"

    id: str
    """Of the message."""
    mailing: str
    name: str
    """The mailing's."""
    channel: str
    account: str
    address: str
    """Normalised, of the recipient."""
    client_id: str | None = None
    """Whose row it is: of an address that is on no card, as a letterbox."""
    sent_at: datetime
    subject: str = ""
    text: str = ""
    """As he got it, up to some thousand characters."""
    keys: tuple[str, ...] = ()
    beside: str = ""
    """Id of the interaction that came back on it; empty: none is one."""
    answers: tuple[Answered, ...] = ()
    """All of it, as it is now."""
    revision: int = 1
    """Of two, the higher one counts."""

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.id, str(self.revision))

    def key(self) -> str:
        return self.address
