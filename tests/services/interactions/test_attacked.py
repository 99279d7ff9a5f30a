"""What an attack found in chains, clients, tasks and calendars, and what holds since."""

from asyncio import gather
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from hub.api.actor import Actor
from hub.contracts.masks import Kind, hiding
from hub.contracts.scope import EVERYTHING
from hub.contracts.shown_tasks import TaskView
from hub.kit.errors import Conflict, InvalidInput
from hub.store.history import KEPT_BYTES, noted
from hub.testing.builders import NOON, an_arrival
from services.interactions.addresses import Addresses
from services.interactions.byhand.forms import ByHandForm, PlanForm
from services.interactions.byhand.service import ByHand
from services.interactions.calendars.forms import CalendarForm
from services.interactions.chains.change import taken_back
from services.interactions.chains.merges import Merges
from services.interactions.chains.moves import Moves
from services.interactions.clients.forms import CardChange, MergeClients
from services.interactions.clients.service import Clients
from services.interactions.handover import ChainChange, Handover
from services.interactions.seen import Seen, level_of
from services.interactions.tasks.forms import TaskChange
from services.interactions.tasks.models import task_view
from tests.services.interactions.conftest import Bench, Directory
from tests.services.interactions.test_merges import chain_of, later, two_chains
from tests.services.interactions.test_tasks import Desk

OLGA = Actor(login="olga", reach=(EVERYTHING,), reads=(EVERYTHING,))
ZED = Actor(login="zed", reach=("owner:zed", "team:"))
DAY = timedelta(days=1)


async def test_nothing_is_split_out_of_a_chain_that_it_is_not_in_whatever_was_split_before(bench: Bench) -> None:
    moves = Moves(bench.repository, bench.clock)
    await bench.receive(an_arrival(1))
    await bench.receive(later(2, 1))
    secret = await moves.split((await bench.stored(an_arrival(1).id))["chain_id"], [later(2, 1).id], actor=OLGA)
    await bench.receive(an_arrival(5, sender="b@example.com"), an_arrival(6, sender="b@example.com"))
    other = (await bench.stored(an_arrival(5).id))["chain_id"]
    with pytest.raises(InvalidInput):
        await moves.split(other, [later(2, 1).id], actor=OLGA)
    assert (await bench.stored(later(2, 1).id))["chain_id"] == secret["_id"]


async def test_what_is_taken_out_of_a_chain_is_seen_by_whoever_saw_it_there(bench: Bench) -> None:
    moves, handover = Moves(bench.repository, bench.clock), Handover(bench.repository, bench.clock)
    await bench.receive(an_arrival(1, team="y"))
    await bench.receive(later(2, 1, team="y"), later(3, 1, team="y"))
    await bench.receive(an_arrival(9, sender="b@example.com"))
    chain_id = (await bench.stored(an_arrival(1).id))["chain_id"]
    await handover.chain(chain_id, ChainChange(owner="yan"), actor=OLGA)
    boris = (await bench.stored(an_arrival(9).id))["client_id"]
    split = await moves.split(chain_id, [later(2, 1).id], actor=OLGA)
    moved = await chain_of(bench, (await moves.to_client(later(3, 1).id, boris, actor=OLGA))["chain_id"])
    for chain in (split, moved):
        assert (chain["owner"], chain["team"], chain["seen_by"]) == ("yan", "y", ["owner:yan", "team:y"])
        assert level_of(ZED, chain) == "nothing"


async def test_parting_takes_from_nobody_what_he_sees_by_himself(bench: Bench) -> None:
    merges, handover = Merges(bench.repository, bench.clock), Handover(bench.repository, bench.clock)
    await bench.receive(an_arrival(1, team="x"), an_arrival(2, subject="Другое", team="y"))
    survivor, absorbed = [(await bench.stored(an_arrival(n).id))["chain_id"] for n in (1, 2)]
    await merges.merge(absorbed, survivor, actor=OLGA)
    await handover.chain(survivor, ChainChange(team="y", owner="yan"), actor=OLGA)
    await merges.part(absorbed, actor=OLGA)
    assert (await chain_of(bench, survivor))["seen_by"] == ["owner:yan", "team:y"]


async def test_of_two_absorbed_chains_of_one_team_that_stays_which_is_not_parted(bench: Bench) -> None:
    merges = Merges(bench.repository, bench.clock)
    letters = [an_arrival(1, team="x"), *(an_arrival(n, subject=f"Дело {n}", team="y") for n in (2, 3))]
    await bench.receive(*letters)
    survivor, *absorbed = [(await bench.stored(letter.id))["chain_id"] for letter in letters]
    for chain_id in absorbed:
        await merges.merge(chain_id, survivor, actor=OLGA)
    await merges.part(absorbed[0], actor=OLGA)
    assert (await chain_of(bench, survivor))["seen_by"] == ["team:x", "team:y"]


async def test_two_who_merge_two_chains_into_each_other_make_no_ring(bench: Bench) -> None:
    merges = Merges(bench.repository, bench.clock)
    first, second = await two_chains(bench)
    ways = [merges.merge(first, second, actor=OLGA), merges.merge(second, first, actor=OLGA)]
    await gather(*ways, return_exceptions=True)
    into = [(await chain_of(bench, chain_id)).get("into") for chain_id in (first, second)]
    assert into.count(None) >= 1


async def test_two_who_merge_two_clients_into_each_other_make_no_ring(bench: Bench) -> None:
    clients = Clients(
        bench.repository,
        Addresses(bench.repository, region="RU"),
        Handover(bench.repository, bench.clock),
        bench.clock,
    )
    await bench.receive(an_arrival(1), an_arrival(2, sender="b@example.com"))
    a, b = [(await bench.stored(an_arrival(n).id))["client_id"] for n in (1, 2)]
    ways = [clients.merge(x, MergeClients(into=y), actor=OLGA) for x, y in ((a, b), (b, a))]
    await gather(*ways, return_exceptions=True)
    found = await bench.repository.clients.get_many([a, b])
    assert [client.get("into") for client in found.values()].count(None) >= 1


async def test_an_open_chain_is_not_lost_from_sight_in_one_that_is_closed(bench: Bench) -> None:
    merges, handover = Merges(bench.repository, bench.clock), Handover(bench.repository, bench.clock)
    first, second = await two_chains(bench)
    await handover.chain(first, ChainChange(state="closed"), actor=OLGA)
    await merges.merge(second, first, actor=OLGA)
    assert (await chain_of(bench, first))["state"] == "open"


async def test_a_closed_chain_in_which_the_client_wrote_while_it_was_absorbed_is_open_when_parted(
    bench: Bench,
) -> None:
    merges, handover = Merges(bench.repository, bench.clock), Handover(bench.repository, bench.clock)
    first, second = await two_chains(bench)
    await handover.chain(second, ChainChange(state="closed"), actor=OLGA)
    await merges.merge(second, first, actor=OLGA)
    await bench.receive(later(3, 2))
    parted = await merges.part(second, actor=OLGA)
    assert (parted["state"], parted["awaits"]) == ("open", "answer")


def test_taking_back_leaves_an_absorbed_chain_as_it_is() -> None:
    chain = {"into": "ch_2", "state": "merged"}
    before = {"state": "snoozed", "snoozed_until": "2026-03-03T12:00:00.000000Z"}
    assert taken_back(chain, {"snooze_until": ""}, before) is chain


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;BYHOUR=0,1,2;BYMINUTE=0,1,2;BYSECOND=0,1,2",
        "FREQ=DAILY;COUNT=-1",
        "FREQ=DAILY;UNTIL=090000",
        "FREQ=DAILY;INTERVAL=100000000",
        "FREQ=YEARLY;BYYEARDAY=1",
    ],
)
async def test_a_rule_that_costs_more_than_its_days_is_refused(bench: Bench, rule: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await Desk(bench).open(due=NOON, repeats=rule)
    assert list(refused.value.fields) == ["repeats"]


async def open_tasks(bench: Bench) -> list[dict[str, Any]]:
    page = await bench.tasks.page((EVERYTHING,), {"state": "open"}, limit=50, after=None)
    return page.items


async def test_the_next_of_a_task_that_repeats_is_opened_also_when_a_crash_came_between(bench: Bench) -> None:
    desk = Desk(bench)
    task = await desk.open(due=NOON, repeats="FREQ=DAILY")
    change = TaskChange(state="done")
    await desk.tasks.amend(task["_id"], lambda now: desk.tasks._changed(now, change=change, due={}, by="olga"))
    assert await open_tasks(bench) == []
    bench.clock.advance(timedelta(seconds=1))
    await desk.another().due.look()
    assert len(await open_tasks(bench)) == 1


async def test_a_count_ends_over_all_that_follow(bench: Bench) -> None:
    desk = Desk(bench)
    task = await desk.open(due=NOON, repeats="FREQ=DAILY;COUNT=2")
    await desk.change(task, state="done")
    (second,) = await open_tasks(bench)
    await desk.change(second, state="done")
    assert await open_tasks(bench) == []


async def test_days_of_a_rule_are_those_of_whoever_does_it(bench: Bench) -> None:
    monday_night = datetime(2026, 3, 1, 21, 30, tzinfo=UTC)  # Monday 00:30 in Moscow
    desk = Desk(bench)
    bench.clock.set(monday_night)
    task = await desk.open(due=monday_night, repeats="FREQ=WEEKLY;BYDAY=MO")
    await desk.change(task, state="done")
    (following,) = await open_tasks(bench)
    assert following["due"] == "2026-03-08T21:30:00.000000Z"


async def test_what_repeats_keeps_its_time(bench: Bench) -> None:
    desk = Desk(bench)
    task = await desk.open(due=NOON, repeats="FREQ=DAILY")
    with pytest.raises(InvalidInput):
        await desk.change(task, due="")


def test_history_keeps_what_differs_and_stays_small_whatever_is_written() -> None:
    card: dict[str, Any] = {"custom": {f"f{n}": "я" * 2_000 for n in range(100)}, "n": 0}
    for number in range(60):
        changed = {**card, "custom": {**card["custom"], "f0": f"{number}"}, "postal": [{"street": "я" * 200}] * 20}
        card = noted(card, changed, ("custom", "postal"), by="olga", at=NOON)
    assert len(orjson.dumps(card["history"])) < KEPT_BYTES + 10_000
    assert card["history"][-1]["fields"] == [
        {"name": "custom", "before": {"f0": "58"}, "after": {"f0": "59"}},
    ]


async def test_addresses_that_a_role_is_not_shown_are_hidden_in_the_history_too(bench: Bench) -> None:
    desk = Desk(bench)
    task = await desk.open(title="Перезвонить +79161234567")
    after = await desk.change(task, title="Готово")
    with hiding((Kind.ADDRESSES,)):
        shown = TaskView.model_validate(task_view(after)).model_dump_json()
    assert "+79161234567" not in shown


async def test_a_contact_that_was_does_not_lie_ahead(bench: Bench) -> None:
    handover = Handover(bench.repository, bench.clock)
    seen, addresses = Seen(bench.repository, Directory()), Addresses(bench.repository, region="RU")
    by_hand = ByHand(bench.repository, seen, handover, addresses, bench.clock, bench.calendars)
    person = ({"address": "anna@example.com"},)
    for wrong in ({"at": NOON + DAY}, {"return_on": NOON - DAY}):
        form = ByHandForm(type="call", subject="x", participants=person, **wrong)
        with pytest.raises(InvalidInput) as refused:
            await by_hand.add(form, actor=OLGA, key=None)
        assert list(refused.value.fields) == list(wrong)
    assert await bench.everything() == []


@pytest.mark.parametrize(
    ("form", "given"),
    [
        (TaskChange, {"due": "0001-01-05T00:00:00Z"}),
        (PlanForm, {"at": "9999-12-31T00:00:00Z"}),
        (ChainChange, {"snooze_until": "9995-01-01T00:00:00Z"}),
        (CardChange, {"custom": {"n": "я" * 2_001}}),
        (CalendarForm, {"time_zone": "UTC", "week": {"1": [["09:00", "09:01"]] * 11}}),
    ],
)
def test_what_would_leave_the_calendar_or_the_record_is_refused(form: Any, given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        form(**given)


async def test_a_merge_that_was_the_other_way_at_this_moment_is_a_conflict(bench: Bench) -> None:
    merges = Merges(bench.repository, bench.clock)
    first, second = await two_chains(bench)
    await merges.merge(first, second, actor=OLGA)
    with pytest.raises(Conflict):
        await merges.merge(second, first, actor=OLGA)
