"""Notices to employees: somebody named them, something of theirs is due, they were handed or asked something."""

from datetime import datetime
from typing import ClassVar, Literal

from hub.contracts.base import Event
from hub.kit.clock import iso
from hub.kit.ids import derive

NoticeKind = Literal[
    "mention",
    "reminder",
    "handover",
    "invitation",
    "assigned",
    "overdue",
    "missed_call",
    "approval_asked",
    "approved",
    "returned",
]


class NoticeGiven(Event):
    """Shown to these employees, and to nobody else."""

    TYPE: ClassVar[str] = "notice.given.v1"
    TOPIC: ClassVar[str] = "notices"

    kind: NoticeKind
    to: tuple[str, ...]
    """Logins."""
    by: str = ""
    """Login of whoever caused it; none: a rule, or the time."""
    what: str
    """Id of the interaction, chain or task."""
    chain_id: str | None = None
    client_id: str | None = None
    words: str = ""
    """The beginning of what it says."""
    at: datetime
    late: int = 0
    """Seconds after its moment: the hub was down."""

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.kind, self.what, iso(self.at), *self.to)

    def key(self) -> str:
        return self.what
