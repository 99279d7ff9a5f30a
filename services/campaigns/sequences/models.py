"""What a marketer gives as a sequence, and the words for where it and its runs stand."""

from datetime import timedelta
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form, Ref
from hub.api.names import TeamId
from services.campaigns.mailings.models import Message

MOST_STEPS = 20
MOST_ENTRIES = 500
"""Clients that are entered in one request."""
LONGEST = timedelta(days=365)
Stop = Literal["reply", "deal", "left"]


class SequenceState(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    HELD = "held"
    """Nobody ran it for too long: somebody has to say whether it still goes."""
    ENDED = "ended"


class RunState(StrEnum):
    WAITING = "waiting"
    """For the time of its next step."""
    DONE = "done"
    """All its steps were asked for."""
    STOPPED = "stopped"


class SequenceStep(Form):
    """A message, and how long after the step before it (or the entry) it is sent."""

    wait: timedelta = Field(default=timedelta(0), ge=timedelta(0), le=LONGEST)
    message: Message


_MESSAGE: dict[str, Any] = {"channel": "email", "template": "tpl_7f2k", "account": "mb_1a2b"}
_EXAMPLE: dict[str, Any] = {
    "name": "Знакомство",
    "topic": "news",
    "steps": [{"message": _MESSAGE}, {"wait": "P3D", "message": {**_MESSAGE, "template": "tpl_8g3l"}}],
    "segment": "seg_9c1d",
    "stop_on": ["reply", "deal", "left"],
}


class SequenceForm(Form):
    """Who enters, what he gets and when, and what ends it. Whoever says no to the topic gets no more, always."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    name: str = Field(min_length=1, max_length=200)
    topic: str = Field(max_length=100, description="Of consent")
    steps: tuple[SequenceStep, ...] = Field(min_length=1, max_length=MOST_STEPS)
    segment: Ref | None = Field(default=None, description="Whoever enters it enters; it has to be watched")
    stop_on: tuple[Stop, ...] = Field(
        default=("reply", "deal"),
        max_length=3,
        description="He wrote or called; a deal of his was opened or won; he left the segment; since he entered",
    )
    again_after: timedelta | None = Field(
        default=None,
        ge=timedelta(0),
        le=10 * LONGEST,
        description="Who was through or stopped may enter anew after so long; null: never",
    )
    stale_after: timedelta = Field(
        default=timedelta(hours=24),
        ge=timedelta(minutes=1),
        description="After so long without a hub that runs it, it waits to be confirmed",
    )
    team: TeamId | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if "left" in self.stop_on and not self.segment:
            raise ValueError("stop_on: left goes with a segment")
        if any(step.message.channel == "post" for step in self.steps):
            raise ValueError("steps: letters leave in mailings; choose email, sms or telegram")
        return self


class Entries(Form):
    """Clients who shall enter."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"clients": ["cl_4k2m"]}]})
    clients: tuple[Ref, ...] = Field(min_length=1, max_length=MOST_ENTRIES)


class StopRun(Form):
    """A client who gets no more of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"client": "cl_4k2m", "why": "просил по телефону"}]})
    client: Ref
    why: str = Field(min_length=1, max_length=500)
