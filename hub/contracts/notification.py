"""What is kept for an employee until he has read it, and that he has: for his pages, wherever they are open."""

from datetime import datetime
from typing import ClassVar, Literal

from hub.contracts.base import Event
from hub.kit.ids import derive

NotificationKind = Literal[
    "mention",
    "assigned",
    "handover",
    "client_wrote",
    "reminder",
    "overdue",
    "missed_call",
    "approval_asked",
    "approved",
    "returned",
    "invitation",
]
Way = Literal["page", "browser", "push", "mail"]
"""How he is told: it counts as unread in the page; by his browser while the page is open; by the browsers that he
added, also while none is; by mail."""


class _AboutNotification(Event):
    """It names nothing that it is about: who reads it is asked anew whether he may."""

    TOPIC: ClassVar[str] = "notices"

    id: str
    to: str
    """Login."""
    kind: NotificationKind
    ways: tuple[Way, ...] = ()
    read: bool = False
    at: datetime
    revision: int = 1

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.id, str(self.revision))

    def key(self) -> str:
        return self.to


class NotificationGiven(_AboutNotification):
    """Something happened that he wants to know."""

    TYPE: ClassVar[str] = "notification.given.v1"


class NotificationChanged(_AboutNotification):
    """He has read it, somewhere, or counts it as unread again."""

    TYPE: ClassVar[str] = "notification.changed.v1"
