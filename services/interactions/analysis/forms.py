"""What is asked of contacts: who is silent, who waits, what came of plans."""

from datetime import timedelta
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form
from hub.api.names import Login
from hub.contracts.client import Status
from services.interactions.moments import Sensible

LONGEST = timedelta(days=92)


class SilentQuery(Form):
    model_config = ConfigDict(json_schema_extra={"examples": [{"days": 30, "status": "customer"}]})
    days: int = Field(default=30, ge=1, le=3660, description="Without any interaction for so long")
    status: Status | None = Field(default=None, description="Of clients of this status")
    owner: Login | None = Field(default=None, description="Of this manager alone")


class UnansweredQuery(Form):
    model_config = ConfigDict(json_schema_extra={"examples": [{"hours": 24}]})
    hours: int = Field(default=24, ge=0, le=24 * 366, description="We owe an answer for longer")
    owner: Login | None = Field(default=None, description="Of this manager alone")
    team: str | None = Field(default=None, max_length=100, description="Of this team alone; empty: of no team")


class PlanFactQuery(Form):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"since": "2026-03-01T00:00:00Z", "until": "2026-04-01T00:00:00Z"}]}
    )
    since: Sensible
    until: Sensible = Field(description="Before which it was planned; at most 92 days later")
    login: list[Login] = Field(default_factory=list, max_length=50, description="Of these; none: of everybody")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.since < self.until <= self.since + LONGEST:
            raise ValueError(f"until must be after since, and at most {LONGEST.days} days later")
        return self
