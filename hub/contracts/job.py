"""Work that takes longer than a request, as the others see it."""

from datetime import datetime
from typing import ClassVar, Literal

from hub.contracts.base import Event
from hub.kit.ids import derive

JobState = Literal["queued", "running", "done", "failed", "cancelled", "reverted"]


class JobProgressed(Event):
    """How far a job is; the highest revision is the one that counts."""

    TYPE: ClassVar[str] = "job.progressed.v1"
    TOPIC: ClassVar[str] = "jobs"

    id: str
    kind: str
    state: JobState
    done: int
    """Items that are over, those that failed among them."""
    total: int | None = None
    """None: not known yet, or never."""
    failed: int
    created_at: datetime
    by: str
    """Login of the employee who started it."""
    service: str
    reason: str = ""
    """Why it failed, or what it waits for."""
    revision: int

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.id, str(self.revision))

    def key(self) -> str:
        return self.id
