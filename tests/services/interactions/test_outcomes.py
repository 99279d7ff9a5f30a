"""Deals and claims: of what they are made, who sees them, how they end."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from hub.api.actor import Actor
from hub.contracts.outcome import OutcomeChanged, OutcomeOpened
from hub.contracts.scope import EVERYTHING
from hub.kit.clock import iso
from hub.kit.errors import Conflict, InvalidInput, NotFound
from hub.store.sqlite import SqliteStore
from hub.testing.builders import NOON, an_arrival
from services.interactions.outcomes.forms import NewOutcome, OutcomeChange
from services.interactions.outcomes.service import Outcomes
from services.interactions.seen import Seen
from tests.services.interactions.conftest import Bench, Directory

OLGA = Actor(login="olga", reach=(EVERYTHING,), reads=(EVERYTHING,))
ANNA = Actor(login="anna", reach=("owner:anna",), reads=("owner:anna", "team:"))
MONEY = {"value": "125000.50", "currency": "RUB"}


class Desk:
    def __init__(self, bench: Bench, outcomes: Outcomes) -> None:
        self.bench = bench
        self.outcomes = outcomes


@pytest.fixture
async def desk(tmp_path: Path) -> Any:
    store = SqliteStore(tmp_path / "outcomes.sqlite")
    bench = Bench(store)
    outcomes = Outcomes(store, bench.bus, bench.clock, Seen(bench.repository, Directory()))
    await store.start()
    await bench.receive(an_arrival())
    yield Desk(bench, outcomes)
    await store.stop()


async def opened(desk: Desk, kind: Any = "deal", actor: Actor = OLGA, key: str | None = None, **form: Any) -> Any:
    given = {"interaction_id": an_arrival().id} | form
    return await desk.outcomes.open(kind, NewOutcome(**given), actor=actor, key=key)


async def test_a_deal_of_a_letter_has_its_subject_client_and_chain_and_money_is_never_a_float(desk: Desk) -> None:
    deal = await opened(desk, amount=MONEY)
    letter = await desk.bench.stored(an_arrival().id)
    assert [deal[name] for name in ("title", "client_id", "chain_id", "cause_id", "owner", "amount")] == [
        letter["subject"],
        letter["client_id"],
        letter["chain_id"],
        letter["_id"],
        "olga",
        MONEY,
    ]
    (told,) = desk.bench.bus.events("outcomes")
    assert isinstance(told, OutcomeOpened)
    assert str(told.outcome.amount and told.outcome.amount.value) == "125000.50"


async def test_a_deal_is_won_with_its_moment_and_its_history_and_is_told(desk: Desk) -> None:
    deal = await opened(desk)
    won = await desk.outcomes.change("deal", deal["_id"], OutcomeChange(state="won", amount=MONEY), actor=OLGA)
    assert (won["state"], won["closed_at"]) == ("won", iso(NOON))
    assert [each["name"] for each in won["history"][0]["fields"]] == ["state", "amount"]
    again = await desk.outcomes.change("deal", deal["_id"], OutcomeChange(state="open"), actor=OLGA)
    assert again["closed_at"] is None
    assert [type(event) for event in desk.bench.bus.events("outcomes")] == [
        OutcomeOpened,
        OutcomeChanged,
        OutcomeChanged,
    ]


async def test_a_claim_is_accepted_and_never_won(desk: Desk) -> None:
    claim = await opened(desk, "claim")
    with pytest.raises(InvalidInput) as refused:
        await desk.outcomes.change("claim", claim["_id"], OutcomeChange(state="won"), actor=OLGA)
    assert list(refused.value.fields) == ["state"]
    with pytest.raises(NotFound):
        await desk.outcomes.get("deal", claim["_id"], actor=OLGA)


async def test_each_is_seen_by_its_owner_its_author_and_its_team(desk: Desk) -> None:
    mine = await opened(desk, owner="anna")
    await opened(desk, "claim", owner="boris")
    await opened(desk, owner="boris", team="legal")
    page = await desk.outcomes.page("deal", {}, actor=ANNA, limit=9, after=None)
    assert [each["_id"] for each in page.items] == [mine["_id"]]
    of_client = await desk.outcomes.page("deal", {"client_id": mine["client_id"]}, actor=ANNA, limit=9, after=None)
    assert [each["_id"] for each in of_client.items] == [mine["_id"]]
    assert len((await desk.outcomes.page("deal", {}, actor=OLGA, limit=9, after=None)).items) == 2


async def test_nobody_makes_a_deal_of_what_he_does_not_see(desk: Desk) -> None:
    await desk.bench.receive(an_arrival(2, sender="b@example.com", team="legal"))
    with pytest.raises(NotFound):
        await opened(desk, actor=ANNA, interaction_id=an_arrival(2).id)


async def test_the_same_key_opens_one_deal(desk: Desk) -> None:
    first, again = [await opened(desk, key="k") for _ in range(2)]
    assert first["_id"] == again["_id"]
    with pytest.raises(Conflict):
        await opened(desk, key="k", title="Другое")


@pytest.mark.parametrize(
    "form",
    [
        {"title": "x"},
        {"client_id": "cl_1"},
        {"client_id": "cl_1", "title": "x", "amount": {"value": "1.005", "currency": "RUB"}},
        {"client_id": "cl_1", "title": "x", "amount": {"value": "-1", "currency": "RUB"}},
        {"client_id": "cl_1", "title": "x", "amount": {"value": "NaN", "currency": "RUB"}},
        {"client_id": "cl_1", "title": "x", "amount": {"value": "1", "currency": "руб"}},
    ],
)
def test_a_deal_that_cannot_be_is_refused(form: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        NewOutcome(**form)
