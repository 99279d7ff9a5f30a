"""The HTTP door of statements: periods that are closed, and what restated them."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import Query, Response
from pydantic import ConfigDict, Field

from hub.api.actor import Acting, Key
from hub.api.forms import Form, Id, Paging, View
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.store.base import Document
from services.campaigns.attribution.models import Model, NewStatement
from services.campaigns.attribution.statements import Statements, lines_of


class StatementView(View):
    """A period as it was when it was closed."""

    id: str
    name: str
    since: date
    until: date
    currency: str
    deals: int
    revenue: Decimal
    cost: Decimal
    at: str

    @classmethod
    def of(cls, stored: Document) -> "StatementView":
        return cls.model_validate({**stored, "id": stored["_id"]})


class StatementList(View):
    items: list[StatementView]
    next: str | None


class ByModel(Form):
    model: Model = "last"


class RestatedView(View):
    """A source whose numbers are others now."""

    source: str | None
    path: str
    revenue_before: Decimal
    revenue_after: Decimal
    cost_before: Decimal
    cost_after: Decimal
    romi_before: Decimal | None
    romi_after: Decimal | None
    change_percent: Decimal | None


class ReasonView(View):
    """Why."""

    source: str | None
    change: Decimal
    because: str = Field(examples=["deal_1 moved"])
    of: Literal["revenue", "cost"]


class DifferenceView(View):
    """What a period was, and what it is now."""

    sources: list[RestatedView]
    reasons: list[ReasonView] = Field(description="The first 2,000, the largest first")
    reasons_in_all: int
    lines: list[str] = Field(description="In words")
    signed: dict[str, Any] = Field(description="All of it, as it is signed")
    signature: str


class Signed(Form):
    """A difference as it was told, and its signature."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"signed": {"statement": "stm_1"}, "signature": "00ff"}]}
    )
    signed: dict[str, Any]
    signature: str = Field(max_length=200, pattern=r"^[\x20-\x7e]*$")


class VerdictView(View):
    valid: bool


def public(statements: Statements) -> Public:
    """The operations."""
    routes = Public("statements")

    @routes.get("/statements", right=Right.READ_CAMPAIGNS, noun="statement", answer=StatementList)
    async def list_statements(query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """Periods that were closed, the newest first."""
        return await listed(
            lambda limit: statements.page(actor, limit=limit, after=query.after),
            each(StatementView.of),
            limit=query.limit,
        )

    @routes.post("/statements", right=Right.MANAGE_CAMPAIGNS, noun="statement", status=201)
    async def close_period(given: NewStatement, actor: Acting, key: Key = None) -> StatementView:
        """Keep the numbers of a period as they are now; what restates them later is told deal by deal."""
        return StatementView.of(await statements.close(given, actor=actor, key=key))

    @routes.get("/statements/{id}/difference", right=Right.READ_CAMPAIGNS, noun="statement")
    async def statement_difference(
        statement_id: Id, query: Annotated[ByModel, Query()], actor: Acting
    ) -> DifferenceView:
        """What a closed period is now: source by source, with every reason, and signed."""
        told, signature = await statements.difference(statement_id, query.model, actor)
        return DifferenceView.model_validate(
            {**told, "lines": lines_of(told), "signed": told, "signature": signature}
        )

    @routes.post("/statements/verify", right=Right.READ_CAMPAIGNS, noun="statement", action="read")
    async def verify_difference(given: Signed) -> VerdictView:
        """Is a difference as it was told?"""
        return VerdictView(valid=statements.verify(given.signed, given.signature))

    return routes
