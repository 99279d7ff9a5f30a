"""What a channel needs to know of where new clients come from."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from hub.api.forms import Form
from hub.api.names import Colleague, TeamId

Rule = Literal["optional", "asked", "required"]
CARD = "card"
"""Stands for clients who are opened by hand, without a contact."""
_EXAMPLE: dict[str, Any] = {"rule": "required", "assignee": "anna"}


class PolicyForm(Form):
    """Of one channel."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    rule: Rule = Field(
        description="asked: who has no source becomes somebody's task; required: so too, with high priority, and"
        " nobody opens a client by hand without saying how he heard of us"
    )
    assignee: Colleague = Field(default="", description="Who asks; empty: whoever of the team takes it")
    task_team: TeamId | None = Field(default=None, description="Whose task it is")
