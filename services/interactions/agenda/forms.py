"""Whose time is asked for, and which."""

from datetime import timedelta
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form, Ref
from hub.api.names import Login
from services.interactions.agenda.spans import Span
from services.interactions.moments import Sensible

LONGEST = timedelta(days=62)


class AgendaQuery(Form):
    """Parameters of a calendar."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"since": "2026-03-02T00:00:00Z", "until": "2026-03-09T00:00:00Z"}]}
    )
    login: list[Login] = Field(
        default_factory=list,
        max_length=20,
        description="Of employees: ?login=A&login=B; none: your own",
    )
    since: Sensible
    until: Sensible = Field(description="Before which; at most 62 days later")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.since < self.until <= self.since + LONGEST:
            raise ValueError(f"until must be after since, and at most {LONGEST.days} days later")
        return self

    @property
    def span(self) -> Span:
        return Span(self.since, self.until)


class FreeQuery(AgendaQuery):
    minutes: int = Field(default=60, ge=1, le=24 * 60, description="How long they must be free")
    beside: Ref | None = Field(default=None, description="A contact that does not count: the one that is moved")
