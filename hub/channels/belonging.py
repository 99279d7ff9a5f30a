"""Whose an account is, and what others see of what comes by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, Field

from hub.api.forms import Form
from hub.api.names import TeamId
from hub.contracts.base import Event
from hub.contracts.interaction import InteractionReceived
from hub.contracts.scope import Shown
from hub.store.base import Document

E = TypeVar("E", bound=Event)
BELONGS = ("team", "others", "approval")
_TEAM = "Whose it is: the team that what comes by it is for; empty: everybody's"
_OTHERS = "What those see of it who are not in the team, if their role lets them: all, the subject, or that it was"
_APPROVAL = "What an employee writes by it leaves when a colleague has approved it, and not before"


class Belonging(Form):
    """A part of the form of a new account."""

    team: TeamId = Field(default="", description=_TEAM)
    others: Shown = Field(default="full", description=_OTHERS)
    approval: bool = Field(default=False, description=_APPROVAL)

    @property
    def belongs(self) -> Document:
        """As it is stored with the account."""
        return {name: getattr(self, name) for name in BELONGS}


class BelongingChange(Form):
    """The same for a change; it counts for what comes from then on."""

    team: TeamId | None = Field(default=None, description=_TEAM)
    others: Shown | None = Field(default=None, description=_OTHERS)
    approval: bool | None = Field(default=None, description=_APPROVAL)


class BelongingView(BaseModel):
    """A part of what is shown of an account."""

    team: str = Field(default="", description=_TEAM)
    others: Shown = Field(default="full", description=_OTHERS)
    approval: bool = Field(default=False, description=_APPROVAL)


@dataclass(frozen=True, slots=True)
class Line:
    """Of an account, as arrivals tell it."""

    team: str | None = None
    others: Shown = "full"

    @classmethod
    def of(cls, document: Document) -> "Line":
        return cls(document.get("team") or None, document.get("others") or "full")

    def stamped(self, event: E) -> E:
        """The event, telling whose it is."""
        if not isinstance(event, InteractionReceived) or self == EVERYBODYS:
            return event
        return event.model_copy(update={"team": self.team, "others": self.others})


EVERYBODYS = Line()
Lines = Mapping[str, Line]
"""By account."""
