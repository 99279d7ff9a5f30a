"""Who is silent, who waits, and what came of plans: counted by manager, of what whoever asks sees."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.api.actor import Actor
from hub.kit.clock import iso
from hub.testing.builders import NOON, an_arrival
from services.interactions.analysis.forms import PlanFactQuery, SilentQuery, UnansweredQuery
from services.interactions.analysis.service import Analysis
from services.interactions.byhand.forms import FactForm
from services.interactions.byhand.service import ByHand
from services.interactions.chains.state import ASKED
from services.interactions.handover import ChainChange, Handover
from services.interactions.models import CHAINS, CLIENTS, SILENT
from services.interactions.seen import Seen
from services.interactions.upgrades import Upgrades
from tests.services.interactions.conftest import Bench, Directory
from tests.services.interactions.test_agenda import planned
from tests.services.interactions.test_by_hand import ANNA, BORIS, DAY, OLGA, by_hand

__all__ = ["by_hand"]
HOUR = timedelta(hours=1)
ONE_WHO_SEES_HIS_OWN = Actor(login="boris", reach=("owner:boris",), reads=("owner:boris",))


@pytest.fixture
def analysis(bench: Bench) -> Analysis:
    repository = bench.repository
    return Analysis(repository, Seen(repository, Directory()), bench.clock)


async def wrote(bench: Bench, number: int, at: datetime, owner: str = "", **over: Any) -> dict[str, Any]:
    """A letter of somebody new, whose chain and client are handed over; the letter as it is stored."""
    arrival = an_arrival(number, sender=f"c{number}@example.com", at=at, subject=f"Дело {number}", **over)
    await bench.receive(arrival)
    letter = await bench.stored(arrival.id)
    if owner:
        handover = Handover(bench.repository, bench.clock)
        await handover.chain(letter["chain_id"], ChainChange(owner=owner), actor=OLGA)
        await handover.client(letter["client_id"], {"owner": owner})
    return letter


async def test_clients_are_silent_since_their_newest_interaction_and_are_counted_by_manager(
    bench: Bench, analysis: Analysis
) -> None:
    first, second, third = [
        await wrote(bench, n, NOON - 40 * DAY + n * DAY, owner) for n, owner in enumerate(("anna", "anna", "boris"))
    ]
    await wrote(bench, 9, NOON - 2 * DAY, "anna")
    found = await analysis.silent(SilentQuery(days=30), actor=OLGA)
    assert [(row.owner, row.count, row.since, row.ids) for row in found.items] == [
        ("anna", 2, NOON - 40 * DAY, (first["client_id"], second["client_id"])),
        ("boris", 1, NOON - 38 * DAY, (third["client_id"],)),
    ]
    assert (found.total, found.more) == (3, False)
    own = await analysis.silent(SilentQuery(days=30), actor=ONE_WHO_SEES_HIS_OWN)
    assert [(row.owner, row.count) for row in own.items] == [("boris", 1)]
    await bench.wrote_in(second["chain_id"], "Добрый день!")
    after = await analysis.silent(SilentQuery(days=30, owner="anna"), actor=OLGA)
    assert [row.ids for row in after.items] == [(first["client_id"],)]


async def test_an_answer_is_owed_since_the_first_message_that_is_not_answered(
    bench: Bench, analysis: Analysis
) -> None:
    first = await wrote(bench, 1, NOON - 3 * DAY, "anna", team="sales")
    again = an_arrival(2, sender="c1@example.com", at=NOON - HOUR, subject="Дело 1")
    await bench.receive(again)
    second = await wrote(bench, 3, NOON - 2 * DAY, "boris")
    await wrote(bench, 4, NOON - 2 * HOUR, "boris")
    found = await analysis.unanswered(UnansweredQuery(hours=24), actor=OLGA)
    assert [(row.owner, row.team, row.count, row.since, row.ids) for row in found.items] == [
        ("anna", "sales", 1, NOON - 3 * DAY, (first["chain_id"],)),
        ("boris", None, 1, NOON - 2 * DAY, (second["chain_id"],)),
    ]
    own = await analysis.unanswered(UnansweredQuery(hours=24), actor=ONE_WHO_SEES_HIS_OWN)
    assert [row.ids for row in own.items] == [(second["chain_id"],)]
    await bench.wrote_in(first["chain_id"], "Добрый день!")
    handover = Handover(bench.repository, bench.clock)
    await handover.chain(second["chain_id"], ChainChange(state="closed"), actor=OLGA)
    assert (await analysis.unanswered(UnansweredQuery(hours=24), actor=OLGA)).items == []
    assert ASKED not in (await bench.repository.chains.get(second["chain_id"]) or {})
    bench.clock.set(NOON + 3 * DAY)
    await handover.chain(second["chain_id"], ChainChange(state="open"), actor=OLGA)
    await bench.receive(an_arrival(5, sender="c1@example.com", at=NOON + HOUR, subject="Re: Дело 1"))
    owed = await analysis.unanswered(UnansweredQuery(hours=24), actor=OLGA)
    assert {row.owner: row.since for row in owed.items} == {"anna": NOON + HOUR, "boris": NOON - 2 * DAY}


async def test_plans_are_held_against_facts_by_who_took_part(
    bench: Bench, by_hand: ByHand, analysis: Analysis
) -> None:
    with_boris = [ANNA, {"login": "boris"}]
    held = await planned(by_hand, NOON + HOUR, 60, participants=with_boris)
    cancelled = await planned(by_hand, NOON + 2 * HOUR, 30)
    await planned(by_hand, NOON + 3 * HOUR, 45)
    await planned(by_hand, NOON + 3 * DAY, 45)
    await planned(by_hand, NOON + 40 * DAY)
    hidden = await planned(by_hand, NOON + 4 * HOUR, 15, participants=with_boris)
    handover = Handover(bench.repository, bench.clock)
    await handover.chain(hidden["chain_id"], ChainChange(owner="olga", private=True), actor=OLGA)
    bench.clock.set(NOON + DAY)
    await by_hand.fact(held["_id"], FactForm(held=True, minutes=90), actor=OLGA)
    await by_hand.fact(cancelled["_id"], FactForm(held=False), actor=OLGA)
    query = PlanFactQuery(since=NOON, until=NOON + 31 * DAY)
    found = {
        row.login: row.model_dump(exclude={"login"}) for row in (await analysis.plan_fact(query, actor=OLGA)).items
    }
    assert found["olga"] == {
        **{"planned": 5, "held": 1, "cancelled": 1, "overdue": 2, "ahead": 1},
        **{"minutes_planned": 60, "minutes_held": 90},
    }
    assert (found["boris"]["planned"], found["boris"]["overdue"]) == (2, 1)
    of_boris = PlanFactQuery(since=NOON, until=NOON + 31 * DAY, login=["boris"])
    (row,) = (await analysis.plan_fact(of_boris, actor=BORIS)).items
    assert (row.login, row.planned, row.held) == ("boris", 1, 1)


async def test_what_was_stored_before_is_counted_after_an_upgrade(bench: Bench, analysis: Analysis) -> None:
    letter = await wrote(bench, 1, NOON - 40 * DAY, "anna")
    for spec, field in ((CHAINS, ASKED), (CLIENTS, SILENT)):
        collection = bench.store.collection(spec)
        for stored in (await collection.find({}, limit=10)).items:
            await collection.swap({name: value for name, value in stored.items() if name != field})
    assert (await analysis.silent(SilentQuery(), actor=OLGA)).items == []
    upgrades = Upgrades(bench.store)
    await bench.store.start()
    await upgrades.run()
    (silent,) = (await analysis.silent(SilentQuery(), actor=OLGA)).items
    (waits,) = (await analysis.unanswered(UnansweredQuery(), actor=OLGA)).items
    assert (silent.ids, iso(silent.since)) == ((letter["client_id"],), letter["at"])
    assert (waits.ids, iso(waits.since)) == ((letter["chain_id"],), letter["at"])
