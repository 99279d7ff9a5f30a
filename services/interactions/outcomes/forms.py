"""Deals and claims as people write and see them."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form, Paging, Ref
from hub.api.names import Colleague, TeamId
from hub.contracts.masks import MaskedWords
from hub.contracts.outcome import OutcomeKind, OutcomeState
from hub.contracts.shown import ChangeView, Moment, View

Value = Annotated[Decimal, Field(ge=0, le=Decimal(10) ** 15, max_digits=18, decimal_places=2)]


class MoneyForm(Form):
    value: Value = Field(examples=["125000.00"])
    currency: str = Field(pattern="^[A-Z]{3}$", examples=["RUB"])


class OutcomeChange(Form):
    """What is not given stays; an empty text takes away."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"amount": {"value": "99000.00", "currency": "RUB"}}, {"owner": "anna"}]}
    )
    title: str | None = Field(default=None, min_length=1, max_length=300)
    text: str | None = Field(default=None, max_length=20_000)
    state: OutcomeState | None = Field(
        default=None, description="Of a deal open, won, lost; of a claim open, accepted, rejected"
    )
    amount: MoneyForm | None = None
    owner: Colleague | None = Field(default=None, description="Empty: nobody yet")
    team: TeamId | None = Field(default=None, description="Empty: no team's")
    reason: str | None = Field(default=None, max_length=2_000)

    @property
    def given(self) -> dict[str, Any]:
        told = self.model_dump(mode="json", exclude_none=True, include={"title", "text", "state", "amount", "reason"})
        return told | {n: getattr(self, n) or None for n in ("owner", "team") if getattr(self, n) is not None}


class NewOutcome(OutcomeChange):
    """A deal or a claim; of an interaction or a chain it takes subject and client."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"title": "Кухня «Верона»", "client_id": "cl_4k2m", "amount": {"value": "1", "currency": "RUB"}}
            ]
        }
    )
    client_id: Ref | None = None
    chain_id: Ref | None = None
    interaction_id: Ref | None = Field(default=None, description="The interaction that it follows from")

    @model_validator(mode="after")
    def _about(self) -> Self:
        if not (self.client_id or self.chain_id or self.interaction_id):
            raise ValueError("give client_id, chain_id or interaction_id: whose is it")
        if not (self.title or self.chain_id or self.interaction_id):
            raise ValueError("title is missing")
        return self


class OutcomeQuery(Paging):
    state: OutcomeState | None = None
    client_id: str | None = Field(default=None, max_length=100)
    chain_id: str | None = Field(default=None, max_length=100)


class MoneyView(View):
    value: str = Field(description="Decimal", examples=["125000.00"])
    currency: str = Field(examples=["RUB"])


class OutcomeView(View):
    id: str
    kind: OutcomeKind
    title: MaskedWords
    text: MaskedWords = ""
    state: Literal["open", "won", "lost", "accepted", "rejected"]
    client_id: str
    chain_id: str | None = None
    cause_id: str | None = Field(default=None, description="The interaction that it follows from")
    amount: MoneyView | None = None
    owner: str | None = None
    team: str | None = None
    author: str
    opened_at: Moment
    closed_at: Moment | None = None
    reason: str = ""
    history: tuple[ChangeView, ...] = ()


class OutcomeList(View):
    items: list[OutcomeView]
    next: str | None
