"""What a marketer plans of a campaign: when, who, for how much, and what shall come of it."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form, Ref, SeenVersion
from hub.api.names import Colleague, TeamId
from services.campaigns.attribution.models import Amount, Model, Period

PartKind = Literal["mailing", "call_list", "event", "source"]
GOALS = ("leads", "deals", "revenue", "responses", "romi")
MOST_PARTS, MOST_PEOPLE = 200, 100
_FAR = 10**9
Number = Annotated[int, Field(ge=0, le=_FAR)]
_EXAMPLE: dict[str, Any] = {
    "name": "Весна",
    "source": "src_7f2k",
    "since": "2026-03-01",
    "until": "2026-05-31",
    "budget": {"value": "300000.00", "currency": "RUB"},
    "goals": {"leads": 120, "revenue": {"value": "1500000.00", "currency": "RUB"}, "romi": "150"},
    "parts": [{"kind": "mailing", "id": "ml_4k2m"}],
}


class Goals(Form):
    """What shall come of it; what is not given is no goal."""

    leads: Number | None = None
    deals: Number | None = None
    revenue: Amount | None = None
    responses: Number | None = Field(default=None, description="Touches of its sources, leads among them")
    romi: Annotated[Decimal, Field(ge=-100, le=_FAR, max_digits=12, decimal_places=2)] | None = Field(
        default=None, description="Percent", examples=["150"]
    )


class Part(Form):
    """What belongs to a campaign."""

    kind: PartKind
    id: Ref


class PlanForm(Period):
    """A campaign as it is planned."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    name: str = Field(min_length=1, max_length=200)
    source: Ref = Field(description="The campaign of the directory that it is the plan of")
    note: str = Field(default="", max_length=10_000)
    responsible: Colleague = Field(default="", description="You, unless it is given")
    people: tuple[Colleague, ...] = Field(default=(), max_length=MOST_PEOPLE, description="Who works on it, too")
    budget: Amount | None = None
    goals: Goals = Goals()
    parts: tuple[Part, ...] = Field(default=(), max_length=MOST_PARTS)
    team: TeamId | None = None
    version: SeenVersion = None

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        for name, amount in (("budget", self.budget), ("goals.revenue", self.goals.revenue)):
            if amount and amount.value < 0:
                raise ValueError(f"{name}: a plan is not below nothing; give 0 or more")
        if len(set(self.parts)) < len(self.parts):
            raise ValueError("parts: one of them is named twice; name each once")
        return self


class ByModel(Form):
    model: Model = "last"
