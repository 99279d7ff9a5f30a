"""What the API takes and gives about agents."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form, Moment, Paging, View
from hub.store.base import Document

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$", examples=["lunch"])]
State = Literal["available", "on_call", "after_call", "paused", "away"]


class PauseReason(Form):
    """Why an agent pauses."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "Обед", "billable": False}]})
    title: str = Field(min_length=1, max_length=100)
    billable: bool = Field(default=False, description="It counts as working time")


REASONS: dict[str, PauseReason] = {
    "break": PauseReason(title="Перерыв", billable=True),
    "lunch": PauseReason(title="Обед"),
    "meeting": PauseReason(title="Совещание", billable=True),
    "training": PauseReason(title="Обучение", billable=True),
    "technical": PauseReason(title="Техническая причина", billable=True),
}
"""The dictionary that every hub begins with."""


class Presence(Form):
    """What you do from now on; while you are in a call, from its end on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"state": "paused", "reason": "lunch"}]})
    state: Literal["available", "paused", "away"]
    reason: Code | None = Field(default=None, description="Of a pause: one of GET /api/v1/pause-reasons")

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if (self.state == "paused") != (self.reason is not None):
            raise ValueError("a pause has a reason, and nothing else has one; GET /api/v1/pause-reasons lists them")
        return self


class AgentView(View):
    """An employee who takes calls."""

    login: str
    state: State
    reason: str
    since: datetime
    call: str | None = Field(description="The interaction of the call that he is in, or has work after")
    call_lists: list[str] = Field(description="That he is logged in to")
    then: str | None = Field(default=None, description="What he will do when his call is over")
    lease_until: datetime | None = Field(default=None, description="Unless it is renewed until then, he is away")

    @classmethod
    def of(cls, agent: Document) -> "AgentView":
        then, lease = agent["then"], (agent.get("timers") or {}).get("lease")
        fields = {"login": agent["_id"], "call_lists": agent["lists"], "then": then and then["state"]}
        return cls.model_validate({**agent, **fields, "lease_until": lease})


class AgentList(View):
    items: list[AgentView]
    next: str | None


class PauseReasonView(PauseReason):
    code: str


class PauseReasonList(View):
    items: list[PauseReasonView]


class Period(Form):
    """From when to when; at most 31 days."""

    since: Moment = Field(examples=["2026-03-02T00:00:00Z"])
    until: Moment = Field(examples=["2026-03-03T00:00:00Z"])

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not 0 < (self.until - self.since).total_seconds() <= 31 * 86_400:
            raise ValueError("since is to be before until, by 31 days at most")
        return self


class StatisticsQuery(Period, Paging):
    """Whose, and from when to when; at most 31 days, and 50 agents in an answer."""

    limit: int = Field(default=20, ge=1, le=50)


class PresenceView(View):
    """What an agent did: the seconds of the states add up to `seconds`."""

    login: str
    seconds: float
    by_state: dict[str, float]
    by_reason: dict[str, float] = Field(description="Of pauses")
    billable: float = Field(description="Seconds that he was there, pauses that count among them")
    came: int = Field(description="How often he came, after he had been away")
    pauses: dict[str, int] = Field(description="How often he paused, by reason")
    away: dict[str, int] = Field(description="How often he went, by reason; lease: nobody heard of him any more")
    first: datetime | None = Field(description="When he was there first")
    last: datetime | None = Field(description="Until when he was there")


class PresenceStatistics(View):
    items: list[PresenceView]
    next: str | None


class SpellView(View):
    """One state of an agent, for as long as it lay within what was asked for."""

    state: State
    reason: str
    since: datetime
    until: datetime
    seconds: float
    call: str | None = None


class HistoryView(View):
    """Without gaps since he was first heard of: the seconds of the states add up to `seconds`."""

    login: str
    seconds: float
    by_state: dict[str, float]
    by_reason: dict[str, float] = Field(description="Of pauses")
    billable: float = Field(description="Seconds that he was there, pauses that count among them")
    items: list[SpellView]
