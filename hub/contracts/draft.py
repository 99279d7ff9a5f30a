"""What colleagues are told of an answer that one of them writes and another one approves."""

from datetime import datetime
from typing import ClassVar, Literal

from hub.contracts.base import Event
from hub.kit.clock import iso
from hub.kit.ids import derive

ReviewState = Literal["asked", "returned", "approved"]


class DraftMoved(Event):
    """Its approval is asked for, given, or not; it was changed meanwhile, or is there no more."""

    TYPE: ClassVar[str] = "draft.moved.v1"
    TOPIC: ClassVar[str] = "notices"

    id: str
    chain_id: str
    author: str
    """Login."""
    to: tuple[str, ...]
    """Logins of those whom it concerns: its author and those who were asked."""
    state: ReviewState | None = None
    """None: nobody is asked any more."""
    version: int
    at: datetime

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.id, str(self.version), self.state or "", iso(self.at))

    def key(self) -> str:
        return self.id
