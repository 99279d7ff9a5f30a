"""What is said about a task: opened, changed, closed."""

from datetime import date
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form, Ref
from hub.api.names import Colleague, TeamId
from hub.contracts.task import Priority
from hub.kit.clock import iso
from services.interactions.moments import Sensible
from services.interactions.tasks.models import MOST_REMINDERS

_YEAR = 366 * 24 * 3600


class CheckLine(Form):
    text: str = Field(min_length=1, max_length=500)
    done: bool = False


class ReminderForm(Form):
    """At a moment, or so long before it is due."""

    at: Sensible | None = None
    before: int | None = Field(default=None, ge=0, le=_YEAR, description="Seconds before it is due", examples=[900])

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.at is None) == (self.before is None):
            raise ValueError("give at or before, one of them")
        return self

    @property
    def stored(self) -> dict[str, Any]:
        return {"at": iso(self.at) if self.at else None, "before": self.before, "fired_at": None}


class TaskChange(Form):
    """What is not given stays; an empty text takes away."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"assignee": "anna", "due": "2026-03-02T15:00:00Z"}, {"state": "done"}]}
    )
    title: str | None = Field(default=None, min_length=1, max_length=300)
    text: str | None = Field(default=None, max_length=20_000)
    priority: Priority | None = None
    assignee: Colleague | None = Field(default=None, description="Who does it; empty: whoever of the team takes it")
    team: TeamId | None = Field(default=None, description="Empty: no team's")
    watchers: tuple[Colleague, ...] | None = Field(default=None, max_length=50, description="Who hears of it, too")
    due: Sensible | Literal[""] | None = Field(default=None, description="Empty: at no time")
    due_day: date | None = Field(
        default=None, description="The end of that working day of whoever does it, or of his next one"
    )
    due_within: int | None = Field(
        default=None, ge=1, le=60 * 24 * 366, description="Minutes of the working time of whoever does it, from now"
    )
    reminders: tuple[ReminderForm, ...] | None = Field(default=None, max_length=MOST_REMINDERS)
    checklist: tuple[CheckLine, ...] | None = Field(default=None, max_length=100)
    state: Literal["open", "done", "cancelled"] | None = Field(default=None, description="open: again")
    reason: str | None = Field(default=None, max_length=2_000, description="Why it is closed")
    result_id: Ref | None = Field(default=None, description="The interaction that it ended with")

    @model_validator(mode="after")
    def _one_time(self) -> Self:
        if sum(each is not None for each in (self.due, self.due_day, self.due_within)) > 1:
            raise ValueError("give due, due_day or due_within, one of them")
        return self

    @property
    def given(self) -> dict[str, Any]:
        """Fields as a document has them."""
        told = self.model_dump(exclude_none=True, include={"title", "text", "priority", "state", "reason"})
        told |= {name: getattr(self, name) or None for name in self._optional if getattr(self, name) is not None}
        if self.due is not None:
            told["due"] = iso(self.due) if self.due else None
        if self.watchers is not None:
            told["watchers"] = list(dict.fromkeys(filter(None, self.watchers)))
        if self.checklist is not None:
            told["checklist"] = [line.model_dump() for line in self.checklist]
        if self.reminders is not None:
            told["reminders"] = [each.stored for each in self.reminders]
        return told

    @property
    def _optional(self) -> tuple[str, ...]:
        return ("assignee", "team", "result_id")


class NewTask(TaskChange):
    """A task, of itself or about a client, a chain or an interaction."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"title": "Замерить кухню", "due": "2026-03-03T07:00:00Z", "reminders": [{"before": 900}]}]
        }
    )
    title: str | None = Field(
        default=None, min_length=1, max_length=300, description="None: the subject of the interaction"
    )
    client_id: Ref | None = None
    chain_id: Ref | None = None
    interaction_id: Ref | None = Field(default=None, description="The interaction that it follows from")
    repeats: str | None = Field(
        default=None,
        max_length=300,
        description="RFC 5545: when one is done, the next is opened",
        examples=["FREQ=WEEKLY;BYDAY=MO"],
    )

    @model_validator(mode="after")
    def _about(self) -> Self:
        if self.title is None and self.interaction_id is None:
            raise ValueError("title is missing; without an interaction there is none to take it from")
        if self.repeats and not (self.due or self.due_day or self.due_within):
            raise ValueError("due is missing; what repeats begins with one")
        return self
