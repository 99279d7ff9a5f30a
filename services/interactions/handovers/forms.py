"""What is said to hand over all open work of an employee."""

from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form
from hub.api.names import Colleague, TeamId
from services.interactions.moments import Sensible

What = Literal["chains", "tasks", "clients"]
WHAT: tuple[What, ...] = ("chains", "tasks", "clients")


class HandoverForm(Form):
    """All that he owns and that is open goes to a colleague, or to a team whose members take it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"from_login": "anna", "to": "boris", "until": "2026-08-17T06:00:00Z"}]}
    )
    from_login: Colleague = Field(min_length=1, description="Whose work it is")
    to: Colleague = Field(default="", description="Who does it; empty: whoever of the team takes it")
    team: TeamId = Field(default="", description="Empty: the team of each stays")
    what: tuple[What, ...] = Field(default=WHAT, min_length=1, max_length=3)
    until: Sensible | None = Field(default=None, description="When it goes back by itself; none: it does not")
    comment: str = Field(default="", max_length=2_000)

    @model_validator(mode="after")
    def _to_somebody(self) -> Self:
        if not (self.to or self.team):
            raise ValueError("give to or team; somebody has to do it")
        if self.to == self.from_login:
            raise ValueError("to is the same as from_login; choose somebody else")
        return self
