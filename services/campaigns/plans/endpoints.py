"""The HTTP door of plans of campaigns."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from hub.api.actor import Acting, Key
from hub.api.forms import Id, Paging, View
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.shown import ChangeView, Moment
from hub.kit.errors import Conflict
from hub.store.base import Document
from hub.store.versions import version_of
from services.campaigns.attribution.endpoints import AmountView, SourceLineView, UnworthView
from services.campaigns.attribution.report import money
from services.campaigns.plans.comparing import Comparing, Comparison
from services.campaigns.plans.models import ByModel, PartKind, PlanForm
from services.campaigns.plans.service import Plans


class GoalsView(View):
    """What shall come of it."""

    leads: int | None
    deals: int | None
    revenue: AmountView | None
    responses: int | None
    romi: Decimal | None


class PartView(View):
    kind: PartKind
    id: str


class NamedPartView(PartView):
    name: str | None = Field(description="Null: it is gone, or you do not see it")
    state: str | None


class PlanView(View):
    """A campaign as it is planned."""

    id: str
    name: str
    source: str
    since: date
    until: date
    note: str
    responsible: str
    people: list[str]
    budget: AmountView | None
    goals: GoalsView
    parts: list[PartView]
    owner: str
    team: str | None
    at: str
    version: int
    history: list[ChangeView] = Field(description="The first change and the newest ones, 50 at most")

    @classmethod
    def of(cls, stored: Document) -> "PlanView":
        return cls.model_validate({**stored, "id": stored["_id"], "version": version_of(stored)})


class PlanList(View):
    items: list[PlanView]
    next: str | None


class GoalView(View):
    """A goal, and what came of it."""

    name: str = Field(examples=["leads"])
    plan: Decimal | None = Field(description="Null: its currency has no rate")
    fact: Decimal | None
    percent: Decimal | None


class ComparisonView(View):
    """Plan against fact, in the currency of reports."""

    plan: PlanView
    currency: str
    model: str
    as_of: Moment
    budget: Decimal | None = Field(description="Null: none is given, or its currency has no rate")
    cost_planned: Decimal = Field(description="Costs of the kind plan of its sources")
    cost: Decimal
    left: Decimal | None = Field(description="Of the budget")
    goals: list[GoalView]
    parts: list[NamedPartView]
    total: SourceLineView
    lines: list[SourceLineView] = Field(description="Its sources; GET /attribution/behind tells what is behind each")
    left_out: list[UnworthView] = Field(description="Revenue of these days, of all sources, that has no rate")
    costs_left_out: int

    @classmethod
    def of(cls, plan: Document, found: Comparison, parts: list[Document], model: str) -> "ComparisonView":
        spent = money(found.total.fact)
        report = found.report
        return cls(
            plan=PlanView.of(plan),
            currency=report.currency,
            model=model,
            as_of=report.as_of,
            budget=found.budget,
            cost_planned=money(found.total.plan),
            cost=spent,
            left=None if found.budget is None else found.budget - spent,
            goals=[GoalView(name=one.name, plan=one.plan, fact=one.fact, percent=one.percent) for one in found.goals],
            parts=[NamedPartView.model_validate(one) for one in parts],
            total=SourceLineView.of(found.total, (model,)),
            lines=[SourceLineView.of(line, (model,)) for line in found.lines],
            left_out=[UnworthView(currency=one, value=value, count=count) for one, value, count in report.unworth],
            costs_left_out=report.costs_unworth,
        )


def public(plans: Plans, comparing: Comparing) -> Public:
    """The operations."""
    routes = Public("campaign plans")
    _add_reading(routes, plans, comparing)
    _add_writing(routes, plans)
    return routes


def _add_reading(routes: Public, plans: Plans, comparing: Comparing) -> None:
    @routes.get("/campaign-plans", right=Right.READ_CAMPAIGNS, noun="plan", answer=PlanList)
    async def list_campaign_plans(query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """Plans of campaigns, the newest first."""
        return await listed(
            lambda limit: plans.page(actor, limit=limit, after=query.after), each(PlanView.of), limit=query.limit
        )

    @routes.get("/campaign-plans/{id}", right=Right.READ_CAMPAIGNS, noun="plan")
    async def show_campaign_plan(plan_id: Id, query: Annotated[ByModel, Query()], actor: Acting) -> ComparisonView:
        """A plan against what came of it: costs and each goal, by its sources and those of its parts with all below
        them, on its days.
        """
        plan = await plans.get(plan_id, actor)
        found = await comparing.of(plan, query.model)
        return ComparisonView.of(plan, found, await plans.parts(plan, actor), query.model)


def _add_writing(routes: Public, plans: Plans) -> None:
    @routes.post("/campaign-plans", right=Right.MANAGE_CAMPAIGNS, noun="plan", status=201)
    async def add_campaign_plan(given: PlanForm, actor: Acting, key: Key = None) -> PlanView:
        """Plan a campaign of the directory: days, people, budget, goals, and what belongs to it."""
        return PlanView.of(await plans.add(given, actor=actor, key=key))

    @routes.put("/campaign-plans/{id}", right=Right.MANAGE_CAMPAIGNS, noun="plan", refuses=[Conflict])
    async def change_campaign_plan(plan_id: Id, given: PlanForm, actor: Acting) -> PlanView:
        """Plan it anew; what was changed is in its history."""
        return PlanView.of(await plans.change(plan_id, given, actor=actor))

    @routes.delete("/campaign-plans/{id}", right=Right.MANAGE_CAMPAIGNS, noun="plan", status=204)
    async def remove_campaign_plan(plan_id: Id, actor: Acting) -> None:
        """It is planned no more; sources, costs and parts stay."""
        await plans.remove(plan_id, actor=actor)
