"""The HTTP door of costs, payments, rates and reports."""

from datetime import UTC, date
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import Field

from hub.api.actor import Acting, Key
from hub.api.forms import Id, Paging, View
from hub.api.pages import each, listed
from hub.api.public import Public
from hub.api.rights import Right
from hub.contracts.masks import MaskedAddress, MaskedWords
from hub.contracts.shown import Moment
from hub.kit.errors import NotFound
from hub.store.base import Document, Page
from services.campaigns.attribution import touched
from services.campaigns.attribution.models import Costs, Drilling, NewRate, Payments, Reporting
from services.campaigns.attribution.money import MoneyBook
from services.campaigns.attribution.report import Line, Share, Tree, deals, each_costs, money, percent, romi, summed
from services.campaigns.attribution.service import Attribution
from services.campaigns.segments.projection import Row


class AmountView(View):
    value: Decimal
    currency: str


class CostView(View):
    """What a source costs."""

    id: str
    source: str
    kind: Literal["plan", "fact"]
    since: date
    until: date
    amount: AmountView

    @classmethod
    def of(cls, stored: Document) -> "CostView":
        return cls.model_validate({**stored, "id": stored["_id"]})


class CostList(View):
    items: list[CostView]
    next: str | None


class PaymentView(View):
    """What somebody paid."""

    id: str
    whose: MaskedAddress
    at: str
    amount: AmountView
    deal: str | None
    reference: str

    @classmethod
    def of(cls, stored: Document) -> "PaymentView":
        return cls.model_validate({**stored, "id": stored["_id"], "at": stored["paid_at"]})


class PaymentList(View):
    items: list[PaymentView]
    next: str | None


class RateView(View):
    """What a currency is worth from a day on."""

    currency: str
    day: date
    rate: Decimal


class RateList(View):
    items: list[RateView]
    next: str | None


class ShareView(View):
    """What one model gives to a source."""

    model: str
    revenue: Decimal
    deals: Decimal = Field(description="Parts of them; their sum is the number of deals")
    clients: Decimal = Field(description="Of those whose first deal it was")
    romi: Decimal | None = Field(description="(revenue - cost) / cost, in percent; null without costs")
    cac: Decimal | None = Field(description="Cost of a new client")
    conversion: Decimal | None = Field(description="Deals of leads, in percent")

    @classmethod
    def of(cls, model: str, share: Share, line: Line) -> "ShareView":
        won, new = deals(share.parts), deals(share.newcomers)
        return cls(
            model=model,
            revenue=money(share.minor),
            deals=won,
            clients=new,
            romi=romi(share.minor, line.fact),
            cac=each_costs(line.fact, new),
            conversion=percent(won, line.leads),
        )


class SourceLineView(View):
    """A source's numbers."""

    source: str | None = Field(description="Null: what no touch is known of")
    path: list[str]
    reference: str
    plan: Decimal
    cost: Decimal
    leads: int
    cpl: Decimal | None = Field(description="Cost of a lead")
    models: list[ShareView]

    @classmethod
    def of(cls, line: Line, models: tuple[str, ...]) -> "SourceLineView":
        last = line.path[-1] if line.path else None
        return cls(
            source=last.id if last else None,
            path=[node.name for node in line.path],
            reference=last.reference if last else "",
            plan=money(line.plan),
            cost=money(line.fact),
            leads=line.leads,
            cpl=each_costs(line.fact, line.leads),
            models=[ShareView.of(model, line.shares.get(model, Share()), line) for model in models],
        )


class UnworthView(View):
    currency: str
    value: Decimal
    count: int


class MoneyReportView(View):
    """Sources side by side."""

    currency: str
    as_of: Moment
    lines: list[SourceLineView]
    total: SourceLineView
    left_out: list[UnworthView] = Field(description="Revenue in currencies that have no rate")
    costs_left_out: int = Field(description="Costs in currencies that have no rate")


class PartView(View):
    """What a source got of a deal or a payment, by one touch."""

    id: str = Field(description="Of the deal or the payment")
    client: str | None
    at: Moment
    worth: Decimal
    credit: Decimal
    deals: Decimal
    touch: str | None
    path: list[str]
    touched_at: Moment | None
    kind: str | None
    value: MaskedWords | None
    interaction: str | None

    @classmethod
    def of(cls, row: Row, tree: Tree) -> "PartView":
        told, met = row[6], row[6] is not None
        return cls(
            id=row[0],
            client=row[1],
            at=row[2].replace(tzinfo=UTC),
            worth=money(row[3]),
            credit=money(row[4]),
            deals=deals(row[5]),
            touch=told,
            path=[node.name for node in tree.path(row[7])],
            touched_at=row[8].replace(tzinfo=UTC) if met else None,
            kind=row[9],
            value=row[10],
            interaction=row[11] or None,
        )


class PartList(View):
    items: list[PartView]


class ClientTouchView(View):
    """A client met a source."""

    id: str
    source: str
    at: Moment
    kind: str
    value: MaskedWords
    interaction: str | None
    lead: bool


class ClientTouches(View):
    first: ClientTouchView | None
    last: ClientTouchView | None
    items: list[ClientTouchView]


def public(attribution: Attribution, book: MoneyBook) -> Public:
    """The operations."""
    routes = Public("attribution")
    _add_costs(routes, book)
    _add_payments(routes, book, attribution)
    _add_rates(routes, book)
    _add_reports(routes, attribution)
    _add_touches(routes, attribution)
    touched.add(routes, attribution)
    return routes


def _add_costs(routes: Public, book: MoneyBook) -> None:
    @routes.get("/costs", right=Right.READ_CAMPAIGNS, noun="cost", answer=CostList)
    async def list_costs(query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """Costs of sources, planned and spent, the newest first."""
        return await listed(
            lambda limit: book.costs(actor, limit=limit, after=query.after), each(CostView.of), limit=query.limit
        )

    @routes.post("/costs", right=Right.MANAGE_CAMPAIGNS, noun="cost", status=201)
    async def add_costs(given: Costs, actor: Acting, key: Key = None) -> CostList:
        """Write down what sources cost, up to 1,000 at once; an `external_id` that is there changes that one."""
        made = await book.add_costs(given.items, actor=actor, key=key)
        return CostList(items=[CostView.of(one) for one in made], next=None)

    @routes.delete("/costs/{id}", right=Right.MANAGE_CAMPAIGNS, noun="cost", status=204)
    async def remove_cost(cost_id: Id, actor: Acting) -> None:
        """It was none; reports are restated."""
        await book.remove_cost(cost_id, actor=actor)


def _add_payments(routes: Public, book: MoneyBook, attribution: Attribution) -> None:
    @routes.get("/payments", right=Right.READ_CAMPAIGNS, noun="client", action="read", answer=PaymentList)
    async def list_payments(query: Annotated[Paging, Query()], actor: Acting) -> Response:
        """Payments and orders that were imported, of the clients that you see, the newest first."""

        async def seen(limit: int) -> Page:
            page = await book.payments(actor, limit=limit, after=query.after)
            return await attribution.seen_of(page, actor)

        return await listed(seen, each(PaymentView.of), limit=query.limit)

    @routes.post("/payments", right=Right.MANAGE_CAMPAIGNS, noun="payment", status=201)
    async def add_payments(given: Payments, actor: Acting, key: Key = None) -> PaymentList:
        """Take payments or orders over, up to 1,000 at once. A deal that was paid for is worth what was paid."""
        made = await book.add_payments(given.items, actor=actor, key=key)
        return PaymentList(items=[PaymentView.of(one) for one in made], next=None)

    @routes.delete("/payments/{id}", right=Right.MANAGE_CAMPAIGNS, noun="payment", status=204)
    async def remove_payment(payment_id: Id, actor: Acting) -> None:
        """It was none; reports are restated."""
        await book.remove_payment(payment_id, actor=actor)


def _add_rates(routes: Public, book: MoneyBook) -> None:
    @routes.get("/rates", right=Right.READ_CAMPAIGNS, noun="rate", answer=RateList)
    async def list_rates(query: Annotated[Paging, Query()]) -> Response:
        """Rates of currencies."""
        return await listed(
            lambda limit: book.rates(limit=limit, after=query.after), each(RateView.model_validate), limit=query.limit
        )

    @routes.post("/rates", right=Right.MANAGE_CAMPAIGNS, noun="rate", status=201)
    async def set_rate(given: NewRate, actor: Acting) -> RateView:
        """Say what a currency is worth from a day on, in the currency of reports."""
        return RateView.model_validate(await book.set_rate(given, actor=actor))


def _add_reports(routes: Public, attribution: Attribution) -> None:
    @routes.get("/attribution/report", right=Right.READ_CAMPAIGNS, noun="report")
    async def attribution_report(query: Reporting) -> MoneyReportView:
        """What sources cost and what came of them: leads, deals, clients, revenue, ROMI, by one model or several side
        by side. The sum of revenue is the same by each of them.
        """
        found = await attribution.report(query)
        total = summed(found.lines)
        return MoneyReportView(
            currency=found.currency,
            as_of=found.as_of,
            lines=[SourceLineView.of(line, query.model) for line in found.lines],
            total=SourceLineView.of(total, query.model),
            left_out=[UnworthView(currency=one, value=value, count=count) for one, value, count in found.unworth],
            costs_left_out=found.costs_unworth,
        )

    @routes.get("/attribution/behind", right=Right.READ_CAMPAIGNS, noun="client", action="read")
    async def behind_attribution(query: Drilling, actor: Acting) -> PartList:
        """The deals, payments and interactions behind a source's number, of the clients that you see."""
        rows, tree = await attribution.drill(query, actor)
        return PartList(items=[PartView.of(row, tree) for row in rows])


def _add_touches(routes: Public, attribution: Attribution) -> None:
    @routes.get("/clients/{id}/touches", right=Right.READ_CAMPAIGNS, noun="client", action="read")
    async def list_client_touches(client_id: Id, actor: Acting) -> ClientTouches:
        """All sources that a client met, whoever he was then, the first one first."""
        if not await attribution.sees(client_id, actor):
            raise NotFound(f"there is no client {client_id}")
        found = [_touch(row) for row in await attribution.touches_of(client_id)]
        return ClientTouches(first=found[0] if found else None, last=found[-1] if found else None, items=found)


def _touch(row: Row) -> ClientTouchView:
    told, source, at, kind, value, interaction, lead = row
    moment = at.replace(tzinfo=UTC)
    return ClientTouchView(
        id=told, source=source, at=moment, kind=kind, value=value, interaction=interaction or None, lead=lead
    )
