"""Attribution: what every model gives to every source, to the kopeck; costs, rates, merges, and what is behind."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.api.actor import Actor
from hub.contracts.lead import Evidence, TouchRecorded, VisitorKnown
from hub.contracts.outcome import Outcome, OutcomeChanged
from hub.kit.errors import InvalidInput
from hub.testing.builders import NOON
from hub.testing.fakes import FakeBlobs
from services.campaigns.adapters.leads import LeadTables
from services.campaigns.attribution.models import DrillQuery, NewCost, NewPayment, NewRate, NewStatement, ReportQuery
from services.campaigns.attribution.money import MoneyBook
from services.campaigns.attribution.report import Found, Tree, deals, money, rolled, split
from services.campaigns.attribution.repository import MoneyRepository
from services.campaigns.attribution.service import Attribution, Policy, Report
from services.campaigns.attribution.sql import MODELS
from services.campaigns.attribution.statements import Statements, lines_of
from services.campaigns.sources.models import NewSource
from services.campaigns.sources.repository import SourceRepository
from services.campaigns.sources.service import Sources
from tests.services.campaigns.conftest import MARKETER, Desk, a_client

FIRST, FINAL = date(2026, 1, 1), date(2026, 12, 31)
DAY = timedelta(days=1)
POLICY = Policy(currency="RUB", lookback=timedelta(days=90), half_life=timedelta(days=7))


class Office:
    """A marketer with sources and their money."""

    def __init__(self, desk: Desk, sources: SourceRepository, money: MoneyRepository, books: LeadTables) -> None:
        self.desk, self.books, self.sources = desk, books, Sources(sources, desk.clock)
        for told in (sources.sources, *money.told):
            told.on(desk.bus, desk.clock)
        self.attribution = Attribution(books, POLICY)
        self.book = MoneyBook(money, self.sources, desk.consents, self.attribution, desk.clock)
        self.statements = Statements(money, self.attribution, desk.clock, b"k" * 32)

    async def source(self, *names: str) -> str:
        given = dict(zip(("channel", "source", "campaign", "creative"), names, strict=False))
        return str((await self.sources.add(NewSource.model_validate(given), actor=MARKETER))["_id"])

    async def report(self, **over: Any) -> Report:
        query = {"since": FIRST, "until": FINAL, "by": "source", "model": MODELS, **over}
        return await self.attribution.report(ReportQuery.model_validate(query))

    async def revenue(self, **over: Any) -> dict[str, dict[str, int]]:
        """By the name of a source what each model gives to it, in kopecks; `-` is what nothing is known of."""
        found = await self.report(**over)
        return {
            line.path[-1].name if line.path else "-": {model: share.minor for model, share in line.shares.items()}
            for line in found.lines
            if line.shares
        }

    async def cost(self, source: str, value: str, **over: Any) -> str:
        fields = {"source": source, "since": "2026-03-01", "until": "2026-03-31"}
        amount = {"value": value, "currency": over.pop("currency", "RUB")}
        one = NewCost.model_validate({**fields, "amount": amount, **over})
        return str((await self.book.add_costs([one], actor=MARKETER, key=None))[0]["_id"])

    async def paid(self, whose: str, value: str, **over: Any) -> str:
        amount = {"value": value, "currency": over.pop("currency", "RUB")}
        one = NewPayment.model_validate({"whose": whose, "at": NOON.isoformat(), "amount": amount, **over})
        return str((await self.book.add_payments([one], actor=MARKETER, key=None))[0]["_id"])


@pytest.fixture
async def kept(store: Any) -> tuple[SourceRepository, MoneyRepository]:
    """Declares what the store holds before the desk starts it."""
    return SourceRepository(store), MoneyRepository(store, FakeBlobs())


@pytest.fixture
async def office(kept: tuple[SourceRepository, MoneyRepository], desk: Desk, tmp_path: Path) -> AsyncIterator[Office]:
    books = LeadTables(tmp_path, "host/one", desk.bus)
    yield Office(desk, *kept, books)
    await books.close()


def a_touch(number: int, whose: str, source: str, *, at: datetime = NOON, lead: bool = False) -> TouchRecorded:
    return TouchRecorded(
        id=f"touch_{number}", whose=whose, source=source, at=at, lead=lead, evidence=Evidence(kind="page")
    )


def a_deal(number: int, client: int, value: str = "100.00", *, revision: int = 1, **over: Any) -> OutcomeChanged:
    fields: dict[str, Any] = {
        "id": f"deal_{number}",
        "kind": "deal",
        "title": "Кухня",
        "state": "won",
        "client_id": f"cl_{client}",
        "amount": {"value": value, "currency": "RUB"},
        "author": "anna",
        "opened_at": NOON,
        "closed_at": NOON + DAY,
    }
    return OutcomeChanged(outcome=Outcome.model_validate({**fields, **over}), revision=revision)


async def three_touches(office: Office) -> None:
    """Of one client, who bought for 100.00; a week lies between two of them."""
    for number, name in enumerate(("yandex", "vk", "letters"), 1):
        source = await office.source("web", name)
        await office.desk.hear(a_touch(number, "cl_1", source, at=NOON - (3 - number) * 7 * DAY))
    await office.desk.hear(a_client(1), a_deal(1, 1))


async def test_each_model_shares_a_deal_in_its_way_and_none_loses_a_kopeck(office: Office) -> None:
    await three_touches(office)
    found = await office.revenue()
    shared = {model: [found[name].get(model, 0) for name in ("yandex", "vk", "letters")] for model in MODELS}
    assert shared == {
        "first": [10_000, 0, 0],
        "last": [0, 0, 10_000],
        "linear": [3_333, 3_333, 3_334],
        "position": [4_000, 2_000, 4_000],
        "decay": [1_428, 2_857, 5_715],
    }


async def test_the_sum_of_revenue_is_the_same_by_every_model_whatever_was_met_and_paid(office: Office) -> None:
    sources = [await office.source("web", f"s{number}") for number in range(5)]
    for client in range(1, 24):
        for number in range(client % 7):
            at = NOON - (number * 13 + client) * DAY
            await office.desk.hear(
                a_touch(client * 100 + number, f"cl_{client}", sources[(client + number) % 5], at=at)
            )
        await office.desk.hear(a_client(client), a_deal(client, client, f"{client * 37 + 1}.{client % 100:02}"))
    await office.paid("cl_3", "0.01", external_id="p1")
    await office.paid("phone:+79990000000", "77.77", external_id="p2")
    await office.paid("cl_5", "-5.55", external_id="p3")
    deals = sum((Decimal(f"{client * 37 + 1}.{client % 100:02}") for client in range(1, 24)), Decimal())
    whole = int((deals + Decimal("72.23")) * 100)
    found = await office.revenue()
    assert {model: sum(one.get(model, 0) for one in found.values()) for model in MODELS} == dict.fromkeys(
        MODELS, whole
    )
    lines = (await office.report()).lines
    parts = {model: sum(line.shares[model].parts for line in lines if model in line.shares) for model in MODELS}
    assert parts == dict.fromkeys(MODELS, 25 * 1_000_000)


async def test_only_touches_before_the_deal_and_within_the_lookback_have_a_part_in_it(office: Office) -> None:
    early, late, fit = [await office.source("web", name) for name in ("early", "late", "fit")]
    await office.desk.hear(
        a_client(1),
        a_touch(1, "cl_1", early, at=NOON - 91 * DAY),
        a_touch(2, "cl_1", fit, at=NOON - 89 * DAY),
        a_touch(3, "cl_1", late, at=NOON + timedelta(seconds=1)),
        a_deal(1, 1),
    )
    assert await office.revenue(model=("linear",)) == {"fit": {"linear": 10_000}}


async def test_what_no_touch_is_known_of_is_told_as_such(office: Office) -> None:
    await office.desk.hear(a_client(1), a_deal(1, 1, "12.34"))
    assert await office.revenue(model=("last",)) == {"-": {"last": 1_234}}


async def test_a_deal_that_is_lost_again_or_has_another_amount_restates_the_report(office: Office) -> None:
    await three_touches(office)
    await office.desk.hear(a_deal(1, 1, "250.00", revision=2))
    assert (await office.revenue(model=("last",)))["letters"] == {"last": 25_000}
    await office.desk.hear(a_deal(1, 1, "250.00", revision=3, state="lost"))
    await office.desk.hear(a_deal(1, 1, "250.00", revision=2))
    assert await office.revenue(model=("last",)) == {}


async def test_touches_of_a_visitor_an_address_and_a_merged_client_are_one_persons_and_are_parted_with_him(
    office: Office,
) -> None:
    page, call, shop = [await office.source("web", name) for name in ("page", "call", "shop")]
    await office.desk.hear(
        a_touch(1, "visitor:v1", page, at=NOON - 3 * DAY),
        a_touch(2, "phone:+79160000002", call, at=NOON - 2 * DAY),
        a_touch(3, "cl_1", shop, at=NOON - DAY),
        VisitorKnown(visitor="visitor:v1", address="email:a2@example.com", at=NOON),
        a_client(1),
        a_client(2),
        a_deal(1, 1),
    )
    apart = await office.revenue(model=("linear",))
    assert apart == {"shop": {"linear": 10_000}}
    await office.desk.hear(a_client(2, revision=2, into="cl_1"))
    assert await office.revenue(model=("linear",)) == {
        "page": {"linear": 3_333},
        "call": {"linear": 3_333},
        "shop": {"linear": 3_334},
    }
    touches = await office.attribution.touches_of("cl_1")
    assert [row[0] for row in touches] == ["touch_1", "touch_2", "touch_3"]
    await office.desk.hear(a_client(2, revision=3))
    assert await office.revenue(model=("linear",)) == apart
    assert await office.attribution.last_source_of("visitor:v1") == page
    assert await office.attribution.last_source_of("visitor:v2") is None


async def test_an_address_on_two_cards_counts_no_touch_twice(office: Office) -> None:
    page = await office.source("web", "page")
    both = [{"address": "email:a1@example.com"}]
    await office.desk.hear(a_client(1, addresses=both), a_client(2, addresses=both, into="cl_1"))
    await office.desk.hear(a_touch(1, "email:a1@example.com", page, at=NOON - DAY, lead=True), a_deal(1, 1))
    lines = (await office.report(model=("linear",))).lines
    assert [(line.leads, line.shares["linear"].minor) for line in lines] == [(1, 10_000)]


async def test_a_touch_that_is_told_again_is_one(office: Office) -> None:
    page = await office.source("web", "page")
    await office.desk.hear(a_client(1), a_touch(1, "cl_1", page, lead=True), a_touch(1, "cl_1", page, lead=True))
    await office.report()
    await office.desk.hear(a_touch(1, "cl_1", page, lead=True))
    assert [line.leads for line in (await office.report()).lines] == [1]


async def test_a_deal_that_was_paid_for_is_worth_what_was_paid(office: Office) -> None:
    await three_touches(office)
    first = await office.paid("cl_1", "30.00", deal="deal_1", external_id="a")
    await office.paid("cl_1", "40.00", deal="deal_1", external_id="b", at=(NOON + 40 * DAY).isoformat())
    found = await office.report(model=("last",))
    assert {line.path[-1].name: (line.shares["last"].minor, line.shares["last"].parts) for line in found.lines} == {
        "letters": (7_000, 1_000_000)
    }
    march = await office.revenue(model=("last",), since=date(2026, 3, 1), until=date(2026, 3, 31))
    assert march == {"letters": {"last": 3_000}}
    await office.book.remove_payment(first, actor=MARKETER)
    assert (await office.revenue(model=("last",)))["letters"] == {"last": 4_000}


async def test_what_was_given_back_lowers_the_revenue_and_is_no_deal_and_no_client(office: Office) -> None:
    await three_touches(office)
    await office.desk.hear(a_client(2), a_deal(2, 2, "50.00"))
    await office.paid("cl_1", "100.00", deal="deal_1", external_id="a", at=(NOON + DAY).isoformat())
    await office.paid("cl_1", "-30.00", deal="deal_1", external_id="b")
    await office.paid("cl_2", "-5.00", deal="deal_2", external_id="c")
    await office.paid("nobody@example.com", "-1.00", external_id="d")
    shares = [line.shares["last"] for line in (await office.report(model=("last",))).lines]
    assert sorted((one.minor, one.parts, one.newcomers) for one in shares) == [
        (4_400, 1_000_000, 1_000_000),
        (7_000, 1_000_000, 1_000_000),
    ]


async def test_nobody_writes_a_payment_of_a_client_or_a_deal_that_he_does_not_see(office: Office) -> None:
    await office.desk.hear(a_client(1, seen_by=["team:t_2"]), a_client(2, seen_by=["team:t_1"]), a_deal(1, 1))
    anna, given = Actor(login="anna", reach=("team:t_1",)), {"at": NOON.isoformat(), "external_id": "x"}
    refused = [
        ({"whose": "cl_1"}, "whose"),
        ({"whose": "a1@example.com"}, "whose"),
        ({"whose": "cl_404"}, "whose"),
        ({"whose": "cl_2", "deal": "deal_1"}, "deal"),
    ]
    for one, field in refused:
        payment = NewPayment.model_validate({**given, **one, "amount": {"value": "1", "currency": "RUB"}})
        with pytest.raises(InvalidInput, match=rf"items\.0\.{field}"):
            await office.book.add_payments([payment], actor=anna, key=None)
    assert (await office.book.payments(MARKETER, limit=9, after=None)).items == []
    await office.paid("nobody@example.com", "1.00")
    await office.paid("cl_2", "1.00", deal="deal_unknown")
    assert len((await office.book.payments(MARKETER, limit=9, after=None)).items) == 2


async def test_money_of_another_currency_has_the_rate_of_its_day_and_without_one_it_is_told(office: Office) -> None:
    await office.desk.hear(a_client(1))
    await office.paid("cl_1", "10.00", currency="EUR", external_id="a")
    found = await office.report(model=("last",))
    assert [(line.shares["last"].minor) for line in found.lines] == [0]
    assert found.unworth == [("EUR", Decimal("10.00"), 1)]
    for day, rate in (("2026-03-01", "90.5"), ("2026-03-03", "100")):
        await office.book.set_rate(
            NewRate.model_validate({"currency": "EUR", "day": day, "rate": rate}), actor=MARKETER
        )
    found = await office.report(model=("last",))
    assert ([line.shares["last"].minor for line in found.lines], found.unworth) == ([90_500], [])


async def test_a_cost_of_a_month_is_spread_over_its_days_and_the_parts_are_the_whole(office: Office) -> None:
    yandex = await office.source("web", "yandex")
    await office.cost(yandex, "100.00")
    await office.cost(yandex, "70.00", kind="plan")
    spans = [(1, 10), (11, 17), (18, 31)]
    parts = [
        (await office.report(since=date(2026, 3, first), until=date(2026, 3, final))).lines[0]
        for first, final in spans
    ]
    assert [line.fact for line in parts] == [3_225, 2_258, 4_517]
    assert (sum(line.fact for line in parts), sum(line.plan for line in parts)) == (10_000, 7_000)


async def test_a_cost_with_an_external_id_is_changed_not_doubled_and_one_of_no_source_is_refused(
    office: Office,
) -> None:
    yandex = await office.source("web", "yandex")
    for value in ("100.00", "120.00", "120.00"):
        await office.cost(yandex, value, external_id="direct-march")
    assert [line.fact for line in (await office.report()).lines] == [12_000]
    with pytest.raises(InvalidInput, match=r"items\.0\.source"):
        await office.cost("src_none", "1.00")


async def test_costs_of_a_channel_are_shared_by_the_leads_of_its_sources_when_asked(office: Office) -> None:
    web, yandex, vk = (
        await office.source("web"),
        await office.source("web", "yandex"),
        await office.source("web", "vk"),
    )
    await office.cost(web, "100.00")
    leads = [a_touch(n, f"cl_{n}", source, lead=True) for n, source in enumerate((yandex, yandex, vk), 1)]
    await office.desk.hear(*leads)
    apart = {line.path[-1].name: line.fact for line in (await office.report()).lines}
    assert apart == {"web": 10_000, "yandex": 0, "vk": 0}
    shared = {line.path[-1].name: line.fact for line in (await office.report(allocate="leads")).lines}
    assert shared == {"web": 0, "yandex": 6_666, "vk": 3_334}


async def test_a_merge_of_sources_restates_the_report_and_parting_them_gives_it_back(office: Office) -> None:
    await three_touches(office)
    vk, yandex = await office.source("web", "vk"), await office.source("web", "yandex")
    before = await office.revenue()
    await office.sources.merge(vk, yandex, actor=MARKETER)
    merged = await office.revenue()
    assert (merged["yandex"]["linear"], set(merged)) == (6_666, {"yandex", "letters"})
    await office.sources.part(vk, actor=MARKETER)
    assert await office.revenue() == before


async def test_behind_every_number_are_its_deals_and_touches_and_they_add_up_to_it(office: Office) -> None:
    await three_touches(office)
    vk = await office.source("web", "vk")
    for model in MODELS:
        shown = DrillQuery.model_validate({"since": FIRST, "until": FINAL, "model": model, "source": vk})
        rows, _ = await office.attribution.drill(shown, MARKETER)
        number = (await office.revenue())["vk"].get(model, 0)
        assert sum(row[4] for row in rows) == number
        assert {(row[0], row[1], row[6]) for row in rows} <= {("deal_1", "cl_1", "touch_2")}
    stranger = Actor(login="x", reach=("team:other",))
    shown = DrillQuery.model_validate({"since": FIRST, "until": FINAL, "model": "linear", "source": vk})
    assert (await office.attribution.drill(shown, stranger))[0] == []


async def test_behind_the_number_of_leads_are_as_many_touches_of_clients_that_one_sees(office: Office) -> None:
    await three_touches(office)
    vk = await office.source("web", "vk")
    await office.desk.hear(a_client(2), a_touch(4, "cl_2", vk, at=NOON, lead=True))
    period = ReportQuery.model_validate({"since": FIRST, "until": FINAL})
    counted = {line.path[-1].id: line.leads for line in (await office.attribution.report(period)).lines if line.path}
    told = {"source": vk, "leads": True, "most": 100}
    rows, tree = await office.attribution.touched(period, MARKETER, **told)
    assert [(row[0], row[1], tree.path(row[2])[-1].id) for row in rows] == [("touch_4", "cl_2", vk)]
    assert counted[vk] == 1
    stranger = Actor(login="x", reach=("team:other",))
    assert (await office.attribution.touched(period, stranger, **told))[0] == []
    everything, _ = await office.attribution.touched(period, MARKETER, source="", leads=False, most=100)
    assert [row[0] for row in everything] == ["touch_1", "touch_2", "touch_3", "touch_4"]
    with pytest.raises(InvalidInput, match="no source"):
        await office.attribution.touched(period, MARKETER, source="src_none", leads=False, most=1)


async def closed(office: Office) -> str:
    march = NewStatement(name="Март", since=date(2026, 3, 1), until=date(2026, 3, 31))
    return str((await office.statements.close(march, actor=MARKETER, key="march"))["_id"])


async def test_a_closed_period_that_nothing_changed_has_no_difference(office: Office) -> None:
    await three_touches(office)
    told, _ = await office.statements.difference(await closed(office), "linear", MARKETER)
    assert (told["sources"], told["reasons_in_all"], told["revenue_after"]) == ([], 0, "100.00")


async def test_a_restated_period_tells_every_reason_and_the_reasons_add_up(office: Office) -> None:
    await three_touches(office)
    vk, yandex = await office.source("web", "vk"), await office.source("web", "yandex")
    await office.cost(yandex, "10.00", external_id="c")
    march = await closed(office)
    await office.sources.merge(vk, yandex, actor=MARKETER)
    await office.desk.hear(a_client(7), a_deal(2, 7, "5.00"), a_touch(9, "cl_7", vk, at=NOON - DAY))
    await office.cost(yandex, "20.00", external_id="c")
    told, signed = await office.statements.difference(march, "last", MARKETER)
    assert [(one["of"], one["because"], one["change"]) for one in told["reasons"]] == [
        ("cost", "its cost is another", "10.00"),
        ("revenue", "deal_2 is new", "5.00"),
    ]
    assert lines_of(told) == ["web > yandex: revenue 0.00 became 5.00, ROMI -100.00 % became -75.00 %"]
    linear, _ = await office.statements.difference(march, "linear", MARKETER)
    moved = [one for one in linear["reasons"] if one["because"] == "deal_1 moved"]
    assert [one["change"] for one in moved] == ["33.33", "-33.33"]
    changes = sum(Decimal(one["change"]) for one in linear["reasons"] if one["of"] == "revenue")
    assert changes == Decimal(linear["revenue_after"]) - Decimal(linear["revenue_before"])
    assert office.statements.verify(told, signed)
    assert not office.statements.verify({**told, "revenue_after": "6.00"}, signed)


async def test_tables_that_are_made_anew_from_the_bus_say_the_same(office: Office, tmp_path: Path) -> None:
    await three_touches(office)
    await office.paid("cl_1", "10.00", external_id="a")
    said = await office.revenue()
    again = LeadTables(tmp_path / "again", "host/two", office.desk.bus)
    office.attribution = Attribution(again, POLICY)
    assert await office.revenue() == said
    await again.close()


async def test_sums_of_more_touches_than_can_be_waited_for_are_made_beside(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.campaigns.adapters.leads.AT_ONCE", 0)
    await three_touches(office)
    await office.books.make(POLICY.name, POLICY.given, wait=True)
    before = await office.revenue()
    await office.desk.hear(a_deal(2, 1, "50.00"))
    await office.report()
    await office.books.make(POLICY.name, POLICY.given, wait=True)
    after = await office.revenue()
    assert after["letters"]["last"] == before["letters"]["last"] + 5_000


@given(st.integers(-(10**15), 10**15), st.lists(st.integers(0, 10**9), min_size=1, max_size=40))
def test_parts_of_an_amount_add_up_to_it(amount: int, weights: Sequence[int]) -> None:
    if sum(weights):
        assert sum(split(amount, weights)) == amount


def test_a_directory_that_leads_round_in_a_circle_ends() -> None:
    tree = Tree([(1, "a", "channel", 2, "a", "", 2), (2, "b", "channel", 1, "b", "", 1)])
    assert len(tree.path(1)) <= 4
    assert rolled(tree, Found(), "source") == []


async def test_payments_of_one_moment_for_one_deal_are_one_deal(office: Office) -> None:
    await three_touches(office)
    for value, external in (("30.00", "a"), ("40.00", "b"), ("-5.00", "c")):
        await office.paid("cl_1", value, deal="deal_1", external_id=external)
    found = await office.report(model=("last",))
    assert [(line.shares["last"].minor, line.shares["last"].parts) for line in found.lines] == [(6_500, 1_000_000)]


async def test_the_largest_amounts_at_the_largest_rate_are_summed_and_stop_no_report(office: Office) -> None:
    await three_touches(office)
    rate = {"currency": "USD", "day": "2026-01-01", "rate": "999999999"}
    await office.book.set_rate(NewRate.model_validate(rate), actor=MARKETER)
    amount = {"value": f"{10**15}", "currency": "USD"}
    await office.desk.hear(*(a_deal(number, 2, amount=amount) for number in range(10, 12)))
    whole = 2 * 10**17 * 999_999_999 + 10_000
    lines = (await office.report()).lines
    assert {model: sum(line.shares[model].minor for line in lines if model in line.shares) for model in MODELS} == (
        dict.fromkeys(MODELS, whole)
    )
    assert money(whole) == Decimal(f"{whole // 100}.00")
    told, _ = await office.statements.difference(await closed(office), "last", MARKETER)
    assert (told["sources"], told["revenue_before"]) == ([], str(money(whole)))


async def test_revenue_without_a_rate_is_told_in_its_own_period_alone(office: Office) -> None:
    await office.desk.hear(a_client(1))
    await office.paid("cl_1", "10.00", currency="EUR", external_id="a")
    spans = [(date(2026, 3, 1), date(2026, 3, 31)), (date(2026, 4, 1), date(2026, 4, 30))]
    found = [(await office.report(since=since, until=until)).unworth for since, until in spans]
    assert found == [[("EUR", Decimal("10.00"), 1)], []]


async def test_nobody_changes_what_he_does_not_see_by_its_external_id(office: Office) -> None:
    yandex = await office.source("web", "yandex")
    await office.desk.hear(a_client(1))
    theirs = await office.cost(yandex, "100.00", external_id="e"), await office.paid("cl_1", "5.00", external_id="e")
    anna = Actor(login="anna", reach=("owner:anna",))
    amount = {"value": "1", "currency": "RUB"}
    payment = {"whose": "nobody@example.com", "at": NOON.isoformat(), "amount": amount}
    fresh, same = [NewPayment.model_validate({**payment, "external_id": one}) for one in ("f", "e")]
    with pytest.raises(InvalidInput, match=r"items\.1\.external_id"):
        await office.book.add_payments([fresh, same], actor=anna, key=None)
    payments = (await office.book.payments(MARKETER, limit=9, after=None)).items
    assert [(one["_id"], one["amount"]["value"]) for one in payments] == [(theirs[1], "5.00")]


async def test_payments_are_shown_with_the_clients_whom_one_sees_by_whatever_address_they_paid(
    office: Office,
) -> None:
    await office.desk.hear(a_client(1, seen_by=["team:t_2"]), a_client(2, seen_by=["team:t_1"]))
    for whose in ("cl_1", "a1@example.com", "cl_2", "a2@example.com", "nobody@example.com"):
        await office.paid(whose, "1.00")
    page = await office.book.payments(MARKETER, limit=9, after=None)
    shown = [await office.attribution.seen_of(page, Actor(login="x", reach=(one,))) for one in ("team:t_1", "*")]
    assert [sorted(one["whose"] for one in some.items) for some in shown] == [
        ["cl_2", "email:a2@example.com", "email:nobody@example.com"],
        ["cl_1", "cl_2", "email:a1@example.com", "email:a2@example.com", "email:nobody@example.com"],
    ]


async def test_those_behind_a_number_whom_one_sees_are_told_however_many_others_stand_before_them(
    office: Office,
) -> None:
    await office.desk.hear(a_client(1, seen_by=["team:t_2"]), a_client(2, seen_by=["team:t_1"]))
    await office.desk.hear(*(a_deal(number, 1) for number in range(5)), a_deal(9, 2, closed_at=NOON + 2 * DAY))
    anna = Actor(login="anna", reach=("team:t_1",))
    shown = DrillQuery.model_validate({"since": FIRST, "until": FINAL, "model": "last", "limit": 3})
    assert [row[0] for row in (await office.attribution.drill(shown, anna))[0]] == ["deal_9"]


async def test_a_period_that_is_closed_again_with_the_same_key_stays_as_it_was(office: Office) -> None:
    await three_touches(office)
    march = await closed(office)
    await office.desk.hear(a_deal(1, 1, "250.00", revision=2))
    assert await closed(office) == march
    told, _ = await office.statements.difference(march, "last", MARKETER)
    assert (told["revenue_before"], told["revenue_after"]) == ("100.00", "250.00")


@pytest.mark.parametrize("value", [10**30, "\ud800", float("nan")])
async def test_what_was_never_told_is_not_valid_whatever_it_says(office: Office, value: Any) -> None:
    assert not office.statements.verify({"revenue_after": value}, "00ff")


@pytest.mark.parametrize("currency", ["RUB", "USD"])
async def test_a_first_report_has_its_sums_however_many_touches_there_are(
    office: Office, monkeypatch: pytest.MonkeyPatch, currency: str
) -> None:
    """Also the first one by other settings: none is told by those of before."""
    monkeypatch.setattr("services.campaigns.adapters.leads.AT_ONCE", 0)
    await three_touches(office)
    await office.books.make(POLICY.name, POLICY.given, wait=currency == "USD")
    office.attribution = Attribution(office.books, replace(POLICY, currency=currency))
    found = await office.report(model=("last",))
    revenue = sum(line.shares["last"].minor for line in found.lines if line.shares)
    assert (revenue, found.unworth) == ((10_000, []) if currency == "RUB" else (0, [("RUB", Decimal("100.00"), 1)]))


def test_the_parts_of_a_deal_that_are_shown_add_up_to_it() -> None:
    shown = [deals(parts) for parts in split(1_000_000, [1, 1, 1])]
    assert (sum(shown), [str(deals(parts)) for parts in (1_000_000, 500_000)]) == (1, ["1.00", "0.50"])
