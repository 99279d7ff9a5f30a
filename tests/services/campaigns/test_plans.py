"""Plans of campaigns: what was planned against what came of it, who sees them, and what was changed."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from hub.api.actor import Actor
from hub.contracts.lead import PlanChanged
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.store.base import Document
from hub.testing.fakes import FakeBlobs
from services.campaigns.adapters.leads import LeadTables
from services.campaigns.attribution.models import NewRate, ReportQuery
from services.campaigns.attribution.report import money
from services.campaigns.attribution.repository import MoneyRepository
from services.campaigns.plans.endpoints import ComparisonView
from services.campaigns.plans.models import PlanForm
from services.campaigns.plans.parts import Parts, built
from services.campaigns.plans.repository import PlanRepository
from services.campaigns.sources.repository import SourceRepository
from tests.services.campaigns.conftest import MARKETER, Desk, a_client
from tests.services.campaigns.test_attribution import DAY, NOON, Office, a_deal, a_touch

ANNA, OLGA = Actor(login="anna", reach=("owner:anna",)), Actor(login="olga", reach=("owner:olga",))
RUBLES = {"value": "1000.00", "currency": "RUB"}


class Planning:
    """A marketer with an office and plans."""

    def __init__(self, office: Office, parts: Parts) -> None:
        self.office, self.plans, self.comparing = office, parts.plans, parts.comparing

    async def form(self, **over: Any) -> PlanForm:
        source = over.pop("source", None) or await self.office.source("web", "yandex", "spring")
        fields = {"name": "Весна", "source": source, "since": "2026-03-01", "until": "2026-03-31"}
        return PlanForm.model_validate({**fields, **over})

    async def add(self, **over: Any) -> Document:
        return await self.plans.add(await self.form(**over), actor=MARKETER, key=None)

    async def compared(self, plan: Document, actor: Actor = MARKETER) -> ComparisonView:
        found = await self.comparing.of(plan, "last")
        return ComparisonView.of(plan, found, await self.plans.parts(plan, actor), "last")


async def a_mailing(named: str, actor: Actor) -> Document:
    if named != "ml_1" or actor is not MARKETER:
        raise NotFound(f"there is no mailing {named}")
    return {"_id": named, "name": "Открытка", "state": "done"}


class Calls:
    """Call lists: by id the source that each is counted by."""

    def __init__(self) -> None:
        self.sources: dict[str, str] = {}

    async def get(self, given: str) -> str | None:
        return self.sources.get(given)


CALLS = Calls()


async def a_call_list(named: str, actor: Actor) -> Document:  # noqa: ARG001
    return {"_id": named, "name": "Обзвон", "state": "running"}


@pytest.fixture
async def kept(store: Any) -> tuple[SourceRepository, MoneyRepository]:
    """Declares what the store holds before the desk starts it."""
    PlanRepository(store)
    return SourceRepository(store), MoneyRepository(store, FakeBlobs())


@pytest.fixture
async def opened(
    kept: tuple[SourceRepository, MoneyRepository], desk: Desk, tmp_path: Path
) -> AsyncIterator[Planning]:
    books = LeadTables(tmp_path, "host/one", desk.bus)
    office = Office(desk, *kept, books)
    parts = built(
        desk.store,
        desk.bus,
        desk.clock,
        sources=office.sources,
        attribution=office.attribution,
        finds={"mailing": a_mailing, "call_list": a_call_list},
        shows={"call_list": CALLS.get},
    )
    yield Planning(office, parts)
    await books.close()


async def test_a_plan_is_compared_with_what_its_sources_and_those_of_its_parts_cost_and_brought(
    opened: Planning,
) -> None:
    office, desk = opened.office, opened.office.desk
    spring, creative = (
        await office.source("web", "yandex", "spring"),
        await office.source("web", "yandex", "spring", "b"),
    )
    fair, other = await office.source("offline", "fair"), await office.source("web", "vk", "x")
    letters = await office.sources.ensure(("mailing", "ml_1"))
    await office.cost(spring, "300.00")
    await office.cost(fair, "200.00", kind="plan")
    await office.cost(other, "999.00")
    met = [creative, fair, letters, other]
    for number, source in enumerate(met, 1):
        await desk.hear(a_touch(number, f"cl_{number}", source, lead=source != letters), a_client(number))
        await desk.hear(a_deal(number, number, f"{number}00.00"))
    goals = {"leads": 4, "deals": 2, "revenue": RUBLES, "responses": 6, "romi": "50"}
    parts = [{"kind": "source", "id": fair}, {"kind": "mailing", "id": "ml_1"}]
    told = await opened.compared(await opened.add(budget=RUBLES, goals=goals, parts=parts))
    assert (told.budget, told.cost_planned, told.cost, told.left) == tuple(
        map(Decimal, ("1000.00", "200.00", "300.00", "700.00"))
    )
    assert [(one.name, one.plan, one.fact, one.percent) for one in told.goals] == [
        ("leads", 4, 2, 50),
        ("deals", 2, 3, 150),
        ("revenue", 1000, 600, 60),
        ("responses", 6, 3, 50),
        ("romi", 50, 100, 200),
    ]
    assert [one.path for one in told.lines] == [
        ["mailing", "ml_1"],
        ["offline", "fair"],
        ["web", "yandex", "spring", "b"],
        ["web", "yandex", "spring"],
    ]
    assert [(one.name, one.state) for one in told.parts] == [("fair", None), ("Открытка", "done")]


async def test_a_part_that_lies_below_the_campaign_is_counted_once_and_a_merged_campaign_as_what_it_is_read_as(
    opened: Planning,
) -> None:
    office, desk = opened.office, opened.office.desk
    spring, creative = (
        await office.source("web", "yandex", "spring"),
        await office.source("web", "yandex", "spring", "b"),
    )
    plan = await opened.add(parts=[{"kind": "source", "id": creative}], goals={"revenue": RUBLES})
    await desk.hear(a_client(1), a_touch(1, "cl_1", creative), a_deal(1, 1, "70.00"))
    assert (await opened.compared(plan)).goals[0].fact == 70
    summer = await office.source("web", "yandex", "summer")
    await office.sources.merge(spring, summer, actor=MARKETER)
    await desk.hear(a_client(2), a_touch(2, "cl_2", summer), a_deal(2, 2, "5.00"))
    assert (await opened.compared(plan)).goals[0].fact == 75


async def test_days_outside_the_plan_do_not_count(opened: Planning) -> None:
    spring = await opened.office.source("web", "yandex", "spring")
    await opened.office.desk.hear(a_client(1), a_touch(1, "cl_1", spring, at=NOON - 30 * DAY, lead=True))
    await opened.office.desk.hear(a_deal(1, 1, closed_at=NOON + 40 * DAY))
    told = await opened.compared(await opened.add(goals={"leads": 1, "deals": 1, "responses": 1, "romi": "1"}))
    assert [one.fact for one in told.goals] == [0, 0, 0, None]


async def test_a_budget_of_another_currency_has_the_rate_of_its_first_day_or_is_told_as_unknown(
    opened: Planning,
) -> None:
    euros = {"value": "10.00", "currency": "EUR"}
    plan = await opened.add(budget=euros, goals={"revenue": euros})
    told = await opened.compared(plan)
    assert (told.budget, told.left, told.goals[0].plan, told.goals[0].percent) == (None, None, None, None)
    rate = NewRate.model_validate({"currency": "EUR", "day": "2026-02-20", "rate": "91.255"})
    await opened.office.book.set_rate(rate, actor=MARKETER)
    assert ((told := await opened.compared(plan)).budget, told.left) == (Decimal("912.55"), Decimal("912.55"))


async def test_a_plan_is_seen_by_whoever_is_responsible_for_it_or_works_on_it_and_by_no_other(
    opened: Planning,
) -> None:
    plan = await opened.add(responsible="anna", parts=[{"kind": "mailing", "id": "ml_1"}], team="t_1")
    assert (await opened.plans.get(plan["_id"], ANNA))["responsible"] == "anna"
    assert [one["name"] for one in await opened.plans.parts(plan, ANNA)] == [None]
    with pytest.raises(NotFound):
        await opened.plans.get(plan["_id"], OLGA)
    assert (await opened.plans.page(OLGA, limit=9, after=None)).items == []
    source = plan["source"]
    form = await opened.form(source=source, people=("olga",), responsible="anna", team="t_1")
    await opened.plans.change(plan["_id"], form, actor=MARKETER)
    assert (await opened.plans.get(plan["_id"], OLGA))["people"] == ["olga"]


async def test_every_change_of_a_plan_is_told_and_in_its_history_and_one_that_changes_nothing_is_not(
    opened: Planning,
) -> None:
    plan = await opened.add(budget=RUBLES)
    again = await opened.form(budget={**RUBLES, "value": "2000.00"})
    for _ in range(2):
        after = await opened.plans.change(plan["_id"], again, actor=MARKETER)
    assert [(one["by"], one["fields"]) for one in after["history"]] == [
        ("petr", [{"name": "budget", "before": {"value": "1000.00"}, "after": {"value": "2000.00"}}])
    ]
    await opened.plans.remove(plan["_id"], actor=MARKETER)
    told = [one.event for one in opened.office.desk.bus.published if isinstance(one.event, PlanChanged)]
    assert [(one.budget and one.budget.value, one.removed) for one in told] == [
        (Decimal("1000.00"), False),
        (Decimal("2000.00"), False),
        (Decimal("2000.00"), True),
    ]
    assert sorted({one.revision for one in told}) == [one.revision for one in told]
    with pytest.raises(NotFound):
        await opened.plans.get(plan["_id"], MARKETER)


async def test_of_two_who_change_a_plan_at_once_the_later_one_is_told_so_and_a_repeat_is_none(
    opened: Planning,
) -> None:
    plan = await opened.add(budget=RUBLES)
    first, second = await opened.form(name="Лето", version=1), await opened.form(name="Осень", version=1)
    assert (await opened.plans.change(plan["_id"], first, actor=MARKETER))["version"] == 2
    assert (await opened.plans.change(plan["_id"], first, actor=MARKETER))["version"] == 2
    with pytest.raises(Conflict, match="version 2"):
        await opened.plans.change(plan["_id"], second, actor=MARKETER)
    whatever = await opened.form(name="Осень")
    assert (await opened.plans.change(plan["_id"], whatever, actor=MARKETER))["name"] == "Осень"


async def test_a_plan_of_what_is_no_campaign_or_with_a_part_that_is_not_there_is_refused(opened: Planning) -> None:
    channel = await opened.office.source("web")
    with pytest.raises(InvalidInput, match="source: web is a channel of the directory"):
        await opened.add(source=channel)
    with pytest.raises(InvalidInput, match=r"parts\.1\.id: there is no mailing ml_2"):
        await opened.add(parts=[{"kind": "mailing", "id": one} for one in ("ml_1", "ml_2")])
    with pytest.raises(ValidationError, match="budget: a plan is not below nothing"):
        await opened.add(budget={"value": "-1", "currency": "RUB"})


async def test_a_plan_that_is_added_again_with_the_same_key_is_one(opened: Planning) -> None:
    form = await opened.form()
    made = [(await opened.plans.add(form, actor=MARKETER, key="k"))["_id"] for _ in range(2)]
    assert made[0] == made[1]
    assert len((await opened.plans.page(MARKETER, limit=9, after=None)).items) == 1


async def test_costs_and_deals_of_a_call_list_are_those_of_its_source_as_attribution_has_them(
    opened: Planning,
) -> None:
    office, desk = opened.office, opened.office.desk
    calls, other = await office.source("phone", "spring"), await office.source("phone", "autumn")
    CALLS.sources = {"cll_1": calls}
    await office.cost(calls, "250.00")
    await office.cost(other, "999.00")
    await desk.hear(a_touch(1, "cl_1", calls), a_client(1), a_deal(1, 1, "700.00"))
    parts = [{"kind": "call_list", "id": "cll_1"}, {"kind": "call_list", "id": "cll_2"}]
    told = await opened.compared(await opened.add(parts=parts, goals={"deals": 1, "revenue": RUBLES}))
    assert (told.cost, [(one.name, one.fact) for one in told.goals]) == (
        Decimal("250.00"),
        [("deals", Decimal(1)), ("revenue", Decimal("700.00"))],
    )
    query = {"since": "2026-03-01", "until": "2026-03-31", "by": "creative", "model": ("last",)}
    report = await office.attribution.report(ReportQuery.model_validate(query))
    theirs = [line for line in report.lines if line.path and line.path[-1].name == "spring"]
    assert [(money(line.fact), line.shares["last"].minor) for line in theirs] == [(told.cost, 70_000)]
