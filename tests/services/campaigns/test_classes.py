"""Classes of clients: ABC, XYZ, RFM and BCG against a calculation of their own, dated, corrected, asked for."""

from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pydantic import ValidationError

from hub.api.actor import Actor
from hub.kit.errors import InvalidInput, NotFound
from hub.store.leases import LEASES, Leases
from hub.testing.builders import NOON
from hub.testing.fakes import FakeBlobs
from services.campaigns.adapters.columns import Columns
from services.campaigns.adapters.leads import LeadTables
from services.campaigns.attribution.models import NewRate
from services.campaigns.attribution.money import MoneyBook
from services.campaigns.attribution.repository import MoneyRepository
from services.campaigns.attribution.service import Attribution, Policy
from services.campaigns.classes.looking import Looking
from services.campaigns.classes.models import ClassRelease, NewClassCorrection, NewClassification, NewClassRun
from services.campaigns.classes.repository import ClassRepository
from services.campaigns.classes.running import Classify
from services.campaigns.classes.service import MOST_RUNS, Classifications
from services.campaigns.segments.models import Condition, NewSegment
from services.campaigns.segments.projection import key_of
from services.campaigns.segments.service import Segments
from services.campaigns.segments.watching import Watching
from services.campaigns.sources.repository import SourceRepository
from services.campaigns.sources.service import Sources
from tests.services.campaigns.conftest import MARKETER, Desk, a_client, a_letter
from tests.services.campaigns.test_attribution import a_deal

DAY = timedelta(days=1)
ANNA = Actor(login="anna", reach=("team:t_1",), reads=())


class Office:
    """A marketer who classes clients."""

    def __init__(
        self, desk: Desk, kept: ClassRepository, money: MoneyRepository, sources: SourceRepository, books: LeadTables
    ) -> None:
        self.desk, self.kept, self.books = desk, kept, books
        policy = Policy(currency="RUB", lookback=timedelta(days=90), half_life=timedelta(days=7))
        attribution = Attribution(books, policy)
        self.book = MoneyBook(money, Sources(sources, desk.clock), desk.consents, attribution, desk.clock)
        for told in money.told:
            told.on(desk.bus, desk.clock)
        self.use(desk.columns)

    def use(self, columns: Columns) -> None:
        desk = self.desk
        self.classes = Classifications(self.kept, columns, columns, desk.clock)
        self.job = Classify(self.kept, self.classes, books=self.books, columns=columns, currency="RUB")
        self.looking = Looking(self.classes, columns, columns, desk.clock)
        self.segments = desk.segments = Segments(desk.kept_segments, columns, desk.clock, desk.lists, self.classes)

    async def classification(self, **over: Any) -> str:
        given = NewClassification.model_validate({"name": "x", "days": 120, "parts": 4, **over})
        return str((await self.classes.add(given, actor=MARKETER, key=None))["_id"])

    async def run(self, made: str, *, until: datetime | None = None, actor: Actor = MARKETER) -> str:
        run = await self.classes.begin(made, NewClassRun(until=until), actor=actor, key=None)
        step = await self.job.step({"run": run["_id"]}, None)
        assert step.act is not None
        await step.act()
        return str(run["_id"])

    async def rows(self, run: str) -> dict[int, tuple[Any, ...]]:
        """By the number of a client what the run says of him: abc, xyz, bcg, the scores, and what he brought."""
        stored = await self.kept.runs.get(run)
        assert stored is not None
        await self.classes.loaded(await self.classes.get(stored["classification"], MARKETER), [stored])
        found = await self.desk.columns.ask(
            "SELECT c.id, abc, xyz, bcg, recency, frequency, monetary, amount FROM classified q"
            " JOIN clients c ON c.k = q.k WHERE run = $run",
            {"run": key_of(run)},
        )
        return {int(row[0].removeprefix("cl_")): row[1:] for row in found}

    async def who(self, condition: Any, actor: Actor = MARKETER) -> list[int]:
        tree = Condition.model_validate(condition)
        found = await self.segments.examples(tree, None, actor)
        assert await self.segments.count(tree, None, actor) == len(found)
        return sorted(int(one.removeprefix("cl_")) for one, _ in found)


@pytest.fixture
async def kept(store: Any) -> tuple[ClassRepository, MoneyRepository, SourceRepository]:
    """Declares what the store holds before the desk starts it."""
    store.collection(LEASES)
    return ClassRepository(store, FakeBlobs()), MoneyRepository(store, FakeBlobs()), SourceRepository(store)


@pytest.fixture
async def office(
    kept: tuple[ClassRepository, MoneyRepository, SourceRepository], desk: Desk, tmp_path: Path
) -> AsyncIterator[Office]:
    books = LeadTables(tmp_path, "host/one", desk.bus)
    yield Office(desk, *kept, books)
    await books.close()


async def three(office: Office) -> None:
    """1 bought for 800, 2 for 150, 3 for 50; all of it thirty days ago."""
    at = {"closed_at": NOON - 30 * DAY, "opened_at": NOON - 40 * DAY}
    await office.desk.hear(*(a_client(n) for n in (1, 2, 3)))
    await office.desk.hear(*(a_deal(n, n, value, **at) for n, value in ((1, "800"), (2, "150"), (3, "50"))))


# --- against a calculation of their own ---

Sale = tuple[int, int, datetime]
"""Client, hundredths, moment."""


def _expected(sales: list[Sale], since: datetime, until: datetime) -> dict[int, tuple[Any, ...]]:
    now: dict[int, list[Sale]] = defaultdict(list)
    before: dict[int, int] = defaultdict(int)
    for sale in sales:
        if since <= sale[2] < until:
            now[sale[0]].append(sale)
        elif since - (until - since) <= sale[2] < since:
            before[sale[0]] += sale[1]
    total = {who: sum(one[1] for one in his) for who, his in now.items()}
    last = {who: max(one[2] for one in his) for who, his in now.items()}
    times = {who: len(his) for who, his in now.items()}
    whole = sum(total.values())
    return {
        who: (
            _abc(total, who, whole),
            _xyz(now[who], since, until),
            _bcg(total[who], before[who], Fraction(whole, len(total))),
            *(_score(of, who) for of in (last, times, total)),
            total[who],
        )
        for who in now
    }


def _abc(total: dict[int, int], who: int, whole: int) -> str:
    share = Fraction(sum(one for one in total.values() if one > total[who]), whole)
    return "A" if share < Fraction(80, 100) else "B" if share < Fraction(95, 100) else "C"


def _xyz(his: list[Sale], since: datetime, until: datetime) -> str:
    parts = [0, 0, 0, 0]
    for _, value, moment in his:
        parts[int((moment - since) / ((until - since) / 4))] += value
    mean = sum(parts) / 4
    varies = (sum((one - mean) ** 2 for one in parts) / 4) ** 0.5 / mean
    return "X" if varies <= 0.1 else "Y" if varies <= 0.25 else "Z"


def _bcg(total: int, before: int, mean: Fraction) -> str:
    grows = total > 0 if before <= 0 else Fraction(total - before, before) >= Fraction(10, 100)
    return ("star" if grows else "cash_cow") if total >= mean else ("question" if grows else "dog")


def _score(of: dict[int, Any], who: int) -> int:
    share = Fraction(sum(1 for one in of.values() if one < of[who]), len(of))
    return 1 + sum(share >= Fraction(cut, 100) for cut in (20, 40, 60, 80))


async def test_classes_of_revenue_are_those_of_a_calculation_of_their_own(office: Office) -> None:
    drawn = Random(7)
    sales = [
        (
            drawn.randint(1, 40),
            drawn.choice([10_00, 250_00, 99_99, 5_000_00]),
            NOON - drawn.randint(1, 2390) * DAY / 10,
        )
        for _ in range(400)
    ]
    steady = [(41, 100_00, NOON - n * DAY / 2) for n in range(1, 240)]
    await office.desk.hear(*(a_client(n) for n in range(1, 42)))
    await office.desk.hear(
        *(
            a_deal(n, who, str(Decimal(value) / 100), closed_at=moment, opened_at=moment)
            for n, (who, value, moment) in enumerate(sales + steady)
        )
    )
    found = await office.rows(await office.run(await office.classification()))
    expected = _expected(sales + steady, NOON - 120 * DAY, NOON)
    assert found == expected
    assert [len({row[n] for row in expected.values()}) for n in (0, 2, 3, 4, 5)] == [3, 4, 5, 5, 5]
    assert expected[41][1] == "X"


async def test_whoever_brings_the_same_is_of_the_same_class(office: Office) -> None:
    await office.desk.hear(*(a_client(n) for n in range(1, 11)))
    await office.desk.hear(*(a_deal(n, n, "100", closed_at=NOON - DAY) for n in range(1, 11)))
    found = await office.rows(await office.run(await office.classification()))
    assert {row[:6] for row in found.values()} == {("A", "Z", "star", 1, 1, 1)}


async def test_revenue_of_other_currencies_counts_by_the_rate_of_its_day_and_what_has_none_is_told(
    office: Office,
) -> None:
    for day, rate in (("2026-01-01", "80"), ("2026-02-20", "100.505")):
        await office.book.set_rate(
            NewRate.model_validate({"currency": "USD", "day": day, "rate": rate}), actor=MARKETER
        )
    await office.desk.hear(a_client(1), a_client(2))

    def dollars(value: str, currency: str = "USD") -> Any:
        return {"amount": {"value": value, "currency": currency}}

    await office.desk.hear(
        a_deal(1, 1, closed_at=NOON - 30 * DAY, **dollars("10.00")),
        a_deal(2, 1, closed_at=NOON - DAY, **dollars("0.10")),
        a_deal(3, 2, closed_at=NOON - DAY, **dollars("7.00", "EUR")),
    )
    run = await office.run(await office.classification())
    assert {who: row[-1] for who, row in (await office.rows(run)).items()} == {1: 800_00 + 10_05, 2: 0}
    stored = await office.kept.runs.get(run)
    assert stored is not None
    assert stored["unworth"] == [["EUR", "7.00", 1]]


async def test_deals_and_interactions_are_counted_too(office: Office) -> None:
    await three(office)
    await office.desk.hear(a_deal(9, 3, "1", closed_at=NOON - DAY), a_deal(8, 1, "1", state="lost"))
    await office.desk.hear(*(a_letter(n, 2, at=NOON - n * DAY) for n in (1, 2)), a_letter(3, 1, at=NOON - 300 * DAY))
    deals = await office.rows(await office.run(await office.classification(measure="deals")))
    words = await office.rows(await office.run(await office.classification(measure="interactions")))
    assert ({who: row[-1] for who, row in deals.items()}, {who: row[-1] for who, row in words.items()}) == (
        {1: 1, 2: 1, 3: 2},
        {2: 2},
    )


async def test_only_clients_whom_the_beginner_sees_are_counted(office: Office) -> None:
    await three(office)
    await office.desk.hear(a_client(2, revision=2, seen_by=["team:t_1"]))
    made = await office.classes.add(
        NewClassification(name="x", days=120), actor=Actor(login="anna", reach=("team:t_1", "owner:anna")), key=None
    )
    run = await office.run(made["_id"], actor=Actor(login="anna", reach=("team:t_1", "owner:anna", "team:")))
    assert sorted(await office.rows(run)) == [1, 2, 3]
    run = await office.run(made["_id"], actor=Actor(login="anna", reach=("team:t_1", "owner:anna")))
    assert {who: row[0] for who, row in (await office.rows(run)).items()} == {2: "A"}


# --- asked for ---


async def test_a_condition_means_a_class(office: Office) -> None:
    await three(office)
    made = await office.classification(limits={"rfm": ["50"]})
    await office.run(made)
    asked = {
        "A": {"class": "abc", "of": made, "value": "A"},
        "not A": {"class": "abc", "of": made, "compare": "is_not", "value": "A"},
        "B or C": {"class": "abc", "of": made, "compare": "any_of", "value": ["B", "C"]},
        "monetary above 1": {"class": "monetary", "of": made, "compare": "above", "value": 1},
        "recency 1": {"class": "recency", "of": made, "value": 1},
        "classed": {"class": "xyz", "of": made, "compare": "set"},
    }
    assert {name: await office.who(condition) for name, condition in asked.items()} == {
        "A": [1],
        "not A": [2, 3],
        "B or C": [2, 3],
        "monetary above 1": [1],
        "recency 1": [1, 2, 3],
        "classed": [1, 2, 3],
    }


async def test_who_moved_from_one_class_to_another_is_found_and_told(office: Office) -> None:
    await three(office)
    made = await office.classification()
    first = await office.run(made, until=NOON - 10 * DAY)
    await office.desk.hear(a_deal(5, 3, "9000", closed_at=NOON - DAY))
    await office.run(made)
    moved = {"class": "abc", "of": made, "value": "A", "moved_from": "B", "since": (NOON - 5 * DAY).isoformat()}
    assert await office.who(moved) == []
    assert await office.who({**moved, "moved_from": "C"}) == [3]
    assert await office.who({**moved, "moved_from": "A", "value": "B"}) == [1]
    counts, movers = await office.looking.moves(made, "abc", first, None, MARKETER)
    assert counts == [("A", "B", 1), ("B", "C", 1), ("C", "A", 1)]
    assert [(one.id, one.was, one.now) for one in movers] == [
        ("cl_1", "A", "B"),
        ("cl_2", "B", "C"),
        ("cl_3", "C", "A"),
    ]
    with pytest.raises(InvalidInput, match="later than since"):
        await office.who({**moved, "since": (NOON - 11 * DAY).isoformat()})


async def test_a_segment_of_a_class_is_entered_when_the_class_is_counted_anew(office: Office) -> None:
    await three(office)
    made = await office.classification()
    await office.run(made)
    desk = office.desk
    leases = Leases(desk.store.collection(LEASES), desk.clock, "host/one", timedelta(seconds=30))
    await office.segments.add(
        NewSegment(
            name="x", include=Condition.model_validate({"class": "abc", "of": made, "value": "A"}), watched=True
        ),
        actor=MARKETER,
        key=None,
    )
    watching = Watching(desk.kept_segments, office.segments, desk.blobs, leases, desk.clock)
    assert await watching.look() == 1
    await desk.hear(a_deal(5, 3, "9000", closed_at=NOON - DAY))
    desk.clock.advance(timedelta(seconds=1))
    await office.run(made)
    assert await watching.look() == 2
    told = [event.model_dump(include={"entered", "left"}) for event in desk.bus.events("campaigns")[-1:]]
    assert told == [{"entered": ("cl_3",), "left": ("cl_1",)}]


async def test_what_was_not_counted_or_is_not_there_is_told(office: Office) -> None:
    made = await office.classification()
    with pytest.raises(InvalidInput, match="was not counted yet"):
        await office.who({"class": "abc", "of": made, "value": "A"})
    await office.classes.remove(made, actor=MARKETER)
    with pytest.raises(InvalidInput, match=f"there is no classification {made}"):
        await office.who({"class": "abc", "of": made, "value": "A"})
    with pytest.raises(NotFound):
        await office.classes.get(await office.classification(team="t_2"), ANNA)


async def test_tables_that_were_lost_know_the_classes_again(office: Office, tmp_path: Path) -> None:
    await three(office)
    made = await office.classification()
    await office.run(made)
    await office.classes.correct(made, _correction("cl_3", "A"), actor=MARKETER)
    await office.desk.columns.close()
    for file in (tmp_path / "projections").glob("campaigns*"):
        file.unlink()
    again = Columns(tmp_path, "host/one", office.desk.bus)
    office.use(again)
    assert await office.who({"class": "abc", "of": made, "value": "A"}) == [1, 3]
    await again.close()


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"class": "abc", "value": "A"}, "of: required"),
        ({"class": "abc", "of": "cls_1", "value": "D"}, "abc is one of A, B, C"),
        ({"class": "recency", "of": "cls_1", "value": 11}, "from 1 to 10"),
        ({"class": "abc", "of": "cls_1", "compare": "above", "value": "A"}, "abc is not compared by above"),
        ({"class": "abc", "of": "cls_1", "value": "A", "moved_from": "B"}, "moved_from and since: both"),
        ({"class": "abc", "of": "cls_1", "compare": "any_of", "value": "A"}, "any_of takes a list"),
    ],
)
def test_a_condition_on_a_class_that_says_nothing_clear_is_refused(condition: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Condition.model_validate(condition)


# --- by hand ---


def _correction(client: str, value: str, kind: str = "abc") -> NewClassCorrection:
    return NewClassCorrection.model_validate({"client": client, "kind": kind, "value": value, "why": "договор"})


async def test_a_correction_survives_the_next_run_until_it_is_released(office: Office) -> None:
    await three(office)
    made = await office.classification()
    await office.run(made)
    await office.classes.correct(made, _correction("cl_3", "A"), actor=MARKETER)
    best = {"class": "abc", "of": made, "value": "A"}
    assert await office.who(best) == [1, 3]
    office.desk.clock.advance(DAY)
    await office.run(made)
    assert await office.who(best) == [1, 3]
    office.desk.clock.advance(DAY)
    released = await office.classes.release(made, ClassRelease(client="cl_3", kind="abc"), actor=MARKETER)
    assert await office.who(best) == [1]
    assert released["words"] == [
        {
            "value": "A",
            "by": "petr",
            "why": "договор",
            "since": "2026-03-02T12:00:00.000000Z",
            "until": "2026-03-04T12:00:00.000000Z",
            "released_by": "petr",
        }
    ]


async def test_a_client_tells_what_he_was_in_each_run_and_by_whose_hand(office: Office) -> None:
    await three(office)
    made = await office.classification()
    first = await office.run(made, until=NOON - DAY)
    await office.classes.correct(made, _correction("cl_2", "star", "bcg"), actor=MARKETER)
    second = await office.run(made)
    (story,) = await office.looking.of_client("cl_2", MARKETER)
    scores = {"recency": "1", "frequency": "1", "monetary": "2"}
    assert [(one["run"], one["classes"]) for one in story["runs"]] == [
        (second, {"abc": "B", "xyz": "Z", "bcg": "star", **scores}),
        (first, {"abc": "B", "xyz": "Z", "bcg": "question", **scores}),
    ]
    assert [(one["kind"], one["value"], one["by"], one["why"]) for one in story["corrections"]] == [
        ("bcg", "star", "petr", "договор")
    ]


async def test_a_matrix_counts_those_whom_one_sees(office: Office) -> None:
    await three(office)
    await office.desk.hear(a_client(3, revision=2, seen_by=["team:t_1"]))
    made = await office.classification(team="t_1")
    run = await office.run(made)
    found, groups = await office.looking.matrix(made, None, MARKETER)
    assert (found["_id"], [(one.classes, one.count, one.amount) for one in groups["abc_xyz"]]) == (
        run,
        [
            ({"abc": "A", "xyz": "Z"}, 1, Decimal("800.00")),
            ({"abc": "B", "xyz": "Z"}, 1, Decimal("150.00")),
            ({"abc": "C", "xyz": "Z"}, 1, Decimal("50.00")),
        ],
    )
    _, hers = await office.looking.matrix(made, None, ANNA)
    assert [(one.classes, one.count) for one in hers["bcg"]] == [({"bcg": "question"}, 1)]


async def test_nobody_corrects_a_client_whom_he_does_not_see(office: Office) -> None:
    await three(office)
    made = await office.classification(team="t_1")
    with pytest.raises(NotFound, match="there is no client cl_1"):
        await office.classes.correct(made, _correction("cl_1", "A"), actor=ANNA)
    with pytest.raises(NotFound, match="there is no client cl_1"):
        await office.looking.of_client("cl_1", ANNA)


async def test_a_client_that_was_merged_is_of_the_class_of_the_larger_one(office: Office) -> None:
    await three(office)
    made = await office.classification()
    await office.run(made)
    await office.desk.hear(a_client(1, revision=2, into="cl_3"))
    assert (
        await office.who({"class": "abc", "of": made, "value": "A"}),
        await office.who({"class": "abc", "of": made, "value": "C"}),
    ) == ([3], [])


async def test_a_run_that_is_repeated_counts_once_and_the_oldest_are_forgotten(office: Office) -> None:
    await three(office)
    made = await office.classification()
    run = await office.run(made, until=NOON - 100 * DAY)
    assert (await office.job.step({"run": run}, None)).act is None
    for hours in range(MOST_RUNS):
        await office.kept.runs.insert(
            {
                "_id": f"run_{hours}",
                "classification": made,
                "state": "done",
                "until": (NOON - hours * DAY / 24).isoformat(),
            }
        )
    await office.classes.forget_old(made)
    assert (await office.kept.runs.get(run), len(await office.classes.newest(made, limit=100))) == (None, MOST_RUNS)


async def test_a_period_that_is_not_over_is_not_counted(office: Office) -> None:
    with pytest.raises(InvalidInput, match="until: it is to be over"):
        await office.classes.begin(
            await office.classification(), NewClassRun(until=NOON + DAY), actor=MARKETER, key=None
        )


# --- what is told again, large, removed, or not seen ---


async def test_interactions_that_are_told_again_are_counted_once(office: Office) -> None:
    await three(office)
    for _ in range(3):
        await office.desk.hear(*(a_letter(n, 2, at=NOON - n * DAY) for n in (1, 2)))
    words = await office.rows(await office.run(await office.classification(measure="interactions")))
    assert {who: row[-1] for who, row in words.items()} == {2: 2}


async def test_what_has_no_rate_is_told_of_the_clients_whom_the_beginner_sees(office: Office) -> None:
    await office.desk.hear(a_client(1, seen_by=["team:t_2"]), a_client(2, seen_by=["team:t_1"]))
    euros = [a_deal(n, n, closed_at=NOON - DAY, amount={"value": f"{n}.00", "currency": "EUR"}) for n in (1, 2)]
    await office.desk.hear(*euros)
    run = await office.kept.runs.get(await office.run(await office.classification(team="t_1"), actor=ANNA))
    assert run is not None
    assert run["unworth"] == [["EUR", "2.00", 1]]


async def test_the_largest_deals_fail_no_run(office: Office) -> None:
    await office.desk.hear(a_client(1), a_client(2))
    steady = [a_deal(n, 1, f"{10**15}", closed_at=NOON - n * DAY / 2) for n in range(1, 241)]
    await office.desk.hear(*steady, a_deal(900, 2, f"{10**15}", closed_at=NOON - DAY))
    found = await office.rows(await office.run(await office.classification()))
    assert {who: (row[1], row[-1]) for who, row in found.items()} == {1: ("X", 240 * 10**17), 2: ("Z", 10**17)}


async def test_a_classification_that_is_taken_away_keeps_no_rows_of_its_runs(office: Office) -> None:
    await three(office)
    made = await office.classification()
    run = await office.run(made)
    late = await office.classes.begin(made, NewClassRun(), actor=MARKETER, key=None)
    await office.classes.remove(made, actor=MARKETER)
    step = await office.job.step({"run": late["_id"]}, None)
    assert step.act is not None
    await step.act()
    kept = [await office.kept.runs.get(one) for one in (run, late["_id"])]
    assert (kept, await office.desk.columns.loaded(key_of(run))) == ([None, None], 0)


async def test_the_story_of_a_client_takes_as_many_questions_for_many_runs_as_for_one(office: Office) -> None:
    await three(office)
    made = [await office.classification() for _ in range(3)]
    for hours in range(4):
        for one in made:
            await office.run(one, until=NOON - hours * DAY / 24)
            await office.classes.correct(one, _correction(f"cl_{hours % 3 + 1}", "B"), actor=MARKETER)
    asked = Asked(office.desk.columns)
    looking = Looking(Classifications(office.kept, asked, asked, office.desk.clock), asked, asked, office.desk.clock)
    assert [len(one["runs"]) for one in await looking.of_client("cl_1", MARKETER)] == [4, 4, 4]
    classes = Classifications(office.kept, asked, asked, office.desk.clock)
    assert len((await classes.corrections(made[0], MARKETER, limit=9, after=None)).items) == 3
    assert asked.times == 4


class Asked:
    """Tables that count what they are asked."""

    def __init__(self, columns: Columns) -> None:
        self._columns, self.times = columns, 0

    def __getattr__(self, name: str) -> Any:
        self.times += name in ("ask", "sees_client", "seen_clients")
        return getattr(self._columns, name)


async def test_a_correction_holds_though_whoever_wrote_it_was_killed_right_after(office: Office) -> None:
    await three(office)
    made = await office.classification()
    await office.run(made)
    best = {"class": "abc", "of": made, "value": "A"}
    await office.classes.correct(made, _correction("cl_2", "A"), actor=MARKETER)
    assert await office.who(best) == [1, 2]
    dying = Classifications(Dying(office.kept), office.desk.columns, office.desk.columns, office.desk.clock)  # type: ignore[arg-type]
    with pytest.raises(InterruptedError):
        await dying.correct(made, _correction("cl_3", "A"), actor=MARKETER)
    assert await office.who(best) == [1, 2, 3]


class Dying:
    """A repository that does nothing any more once a correction is written."""

    def __init__(self, kept: ClassRepository) -> None:
        self._kept, self._dead = kept, False

    def __getattr__(self, name: str) -> Any:
        if self._dead:
            raise InterruptedError
        self._dead = name == "amend_correction"
        return getattr(self._kept, name)


def test_a_score_is_written_in_one_way() -> None:
    for value in ("05", "+5", " 5", "0", "11", "٣"):
        with pytest.raises(ValidationError, match="from 1 to 10"):
            _correction("cl_1", value, "frequency")


async def test_a_number_that_is_asked_for_is_compared_with_all_its_digits(office: Office) -> None:
    await office.desk.hear(a_client(1, custom=[{"name": "inn", "value": "770123456789"}]), a_client(2))
    numbers = (770123456789, 770123456789.0, "770123456789")
    assert [await office.who({"field": "custom.inn", "value": one}) for one in numbers] == [[1]] * 3


async def test_a_client_tells_what_he_was_by_what_one_sees_however_many_of_others_were_made_since(
    office: Office,
) -> None:
    await three(office)
    await office.desk.hear(a_client(1, revision=2, seen_by=["team:t_1"]))
    hers = await office.classification(team="t_1")
    for _ in range(21):
        office.desk.clock.advance(timedelta(seconds=1))
        await office.classification(team="t_2")
    assert [one["classification"] for one in await office.looking.of_client("cl_1", ANNA)] == [hers]
