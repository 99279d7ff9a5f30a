"""Rules of completeness, and what is shown of them."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from hub.api.forms import Form
from hub.api.names import Colleague
from hub.contracts.client import Status
from hub.contracts.shown import View
from services.interactions.completeness.rules import CUSTOM, ITEMS, Rules

_MOST = 60
_DAYS = 3_660
Percent = Annotated[int, Field(ge=0, le=100)]


def _known(item: str) -> str:
    if item not in ITEMS and not (item.startswith(CUSTOM) and item.removeprefix(CUSTOM)):
        raise ValueError(f"is none of {', '.join(ITEMS)}; a field of your own is {CUSTOM}NAME")
    return item


Item = Annotated[str, Field(max_length=80), AfterValidator(_known)]


class RulesForm(Form):
    """What clients of a status need."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": {"phone": 3, "full_name": 2, "contact": 1}, "contact_within": 90}]}
    )
    items: dict[Item, Annotated[int, Field(ge=1, le=10)]] = Field(
        max_length=_MOST, description=f"With their weights: {', '.join(ITEMS)}, or {CUSTOM}NAME of your own fields"
    )
    contact_within: int | None = Field(
        default=None,
        ge=1,
        le=_DAYS,
        description="Days since the newest contact, for `contact`; none: any time",
    )

    @property
    def rules(self) -> Rules:
        return Rules(self.items, timedelta(days=self.contact_within) if self.contact_within else None)


class RulesView(View):
    status: Status | None = Field(description="None: of clients without a status, and of those without rules")
    items: dict[str, int]
    contact_within: int | None


class RulesList(View):
    items: list[RulesView]


class FillForm(Form):
    """Whose cards are to be filled in."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"below": 80, "status": "customer"}]})
    below: Percent = Field(default=100, description="Cards that are less complete than this, in percent")
    status: Status | None = Field(default=None, description="Of clients of this status alone")
    assignee: Colleague | None = Field(default=None, description="Who does it; none: whoever looks after the client")
