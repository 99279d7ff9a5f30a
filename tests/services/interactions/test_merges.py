"""Chains merged, parted, split and moved: parting leaves all as if nothing had been done."""

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.api.actor import Actor
from hub.contracts.interaction import Link
from hub.contracts.scope import EVERYTHING
from hub.kit.errors import Conflict, InvalidInput
from hub.store.base import In
from hub.store.sqlite import SqliteStore
from hub.testing.builders import NOON, a_participant, an_arrival
from services.interactions.chains.merges import Merges
from services.interactions.chains.moved import moved
from services.interactions.chains.moves import Moves
from services.interactions.chains.queues import Queues
from services.interactions.handover import ChainChange, Handover
from services.interactions.models import CHAIN_STATES
from tests.services.interactions.conftest import Bench

OLGA = Actor(login="olga", reach=(EVERYTHING,))
MINUTE = timedelta(minutes=1)


async def two_chains(bench: Bench, **second: Any) -> tuple[str, str]:
    letters = an_arrival(1), an_arrival(2, **{"subject": "Другое"} | second)
    await bench.receive(*letters)
    first, other = [(await bench.stored(letter.id))["chain_id"] for letter in letters]
    return first, other


async def chain_of(bench: Bench, chain_id: str) -> dict[str, Any]:
    return await bench.repository.chains.get(chain_id) or {}


async def held(bench: Bench, chain_id: str) -> list[str]:
    """Ids of what is read with a chain, newest first."""
    return [part["_id"] for part in await bench.repository.newest_of_chain(chain_id, limit=500)]


@pytest.fixture
def merges(bench: Bench) -> Merges:
    return Merges(bench.repository, bench.clock)


@pytest.fixture
def moves(bench: Bench) -> Moves:
    return Moves(bench.repository, bench.clock)


def later(number: int, refers_to: int, **over: Any) -> Any:
    at = NOON + number * MINUTE
    return an_arrival(number, at=at, refs=(f"email:<{refers_to}@example.com>",), **over)


async def test_of_two_chains_all_is_read_in_one_and_replies_to_the_absorbed_come_there(
    bench: Bench, merges: Merges
) -> None:
    first, second = await two_chains(bench)
    await merges.merge(second, first, actor=OLGA)
    await bench.receive(later(3, 2), later(4, 2, subject="Re: Другое"))
    assert set(await held(bench, first)) == {an_arrival(1).id, an_arrival(2).id, later(3, 2).id, later(4, 2).id}
    survivor = await chain_of(bench, first)
    assert (survivor["last_id"], survivor["awaits"]) == (later(4, 2).id, "answer")


async def test_an_absorbed_chain_is_in_no_list_and_no_queue(bench: Bench, merges: Merges) -> None:
    first, second = await two_chains(bench)
    await merges.merge(second, first, actor=OLGA)
    await bench.receive(later(3, 2))
    where = {"state": In(CHAIN_STATES)}
    page = await bench.repository.page("chains", where, order="last_at", limit=9)
    assert [chain["_id"] for chain in page.items] == [first]
    assert [await Queues(bench.repository.chains).count(OLGA, view) for view in ("all", "unassigned")] == [1, 1]


async def test_an_answer_in_either_goes_to_the_newest_message_of_both(bench: Bench, merges: Merges) -> None:
    first, second = await two_chains(bench, at=NOON + MINUTE)
    await merges.merge(second, first, actor=OLGA)
    for chain_id in (first, second):
        written = await bench.wrote_in(chain_id, "Да")
        assert (written["chain_id"], written["cause_id"]) == (first, an_arrival(2, at=NOON + MINUTE).id)


async def test_what_has_no_subject_joins_the_merged_chain_as_the_only_open_one(bench: Bench, merges: Merges) -> None:
    first, second = await two_chains(bench)
    await merges.merge(second, first, actor=OLGA)
    await bench.receive(an_arrival(3, subject="", at=NOON + MINUTE))
    assert an_arrival(3, at=NOON + MINUTE).id in await held(bench, first)
    assert await bench.opened() == (1, 1, 3)


async def test_a_reply_to_the_absorbed_opens_the_survivor_again(bench: Bench, merges: Merges) -> None:
    first, second = await two_chains(bench)
    await merges.merge(second, first, actor=OLGA)
    await Handover(bench.repository, bench.clock).chain(first, ChainChange(state="closed"), actor=OLGA)
    await bench.receive(later(3, 2))
    assert (await chain_of(bench, first))["state"] == "open"


async def test_whoever_saw_one_sees_the_merged_chain_and_after_parting_what_he_saw_before(
    bench: Bench, merges: Merges
) -> None:
    first, second = await two_chains(bench, team="legal", others="subject")
    await Handover(bench.repository, bench.clock).chain(second, ChainChange(tags=("спор",)), actor=OLGA)
    before = await chain_of(bench, first)
    await merges.merge(second, first, actor=OLGA)
    merged = await chain_of(bench, first)
    assert (merged["seen_by"], merged["others"], merged["tags"]) == (["team:", "team:legal"], "subject", ["спор"])
    await merges.part(second, actor=OLGA)
    after = await chain_of(bench, first)
    for name in ("seen_by", "others", "last_id", "last_at", "awaits", "state"):
        assert after[name] == before[name], name
    assert after["tags"] == []


async def test_merging_and_parting_again_after_a_crash_come_to_their_end(bench: Bench, merges: Merges) -> None:
    first, second = await two_chains(bench)
    for failures in (0, 1, 2):
        bench.bus.failures = failures
        await merges.merge(second, first, actor=OLGA)
    assert len((await chain_of(bench, first))["absorbed"]) == 1
    assert [each["name"] for each in (await chain_of(bench, second))["history"][-1]["fields"]] == ["into"]


async def test_what_cannot_be_one_is_refused(bench: Bench, merges: Merges) -> None:
    first, second = await two_chains(bench)
    await bench.receive(an_arrival(3, sender="boris@example.com"))
    third = (await bench.stored(an_arrival(3).id))["chain_id"]
    handover = Handover(bench.repository, bench.clock)
    with pytest.raises(Conflict, match="two clients"):
        await merges.merge(third, first, actor=OLGA)
    with pytest.raises(Conflict, match="one already"):
        await merges.merge(first, first, actor=OLGA)
    with pytest.raises(Conflict, match="not merged"):
        await merges.part(first, actor=OLGA)
    await handover.chain(second, ChainChange(private=True), actor=OLGA)
    with pytest.raises(Conflict, match="private"):
        await merges.merge(second, first, actor=OLGA)
    await handover.chain(second, ChainChange(private=False), actor=OLGA)
    await merges.merge(second, first, actor=OLGA)
    with pytest.raises(Conflict, match="merged into"):
        await handover.chain(second, ChainChange(state="closed"), actor=OLGA)


async def test_interactions_are_taken_out_into_a_chain_that_continues_and_what_answers_them_follows(
    bench: Bench, moves: Moves
) -> None:
    await bench.receive(an_arrival(1))
    await bench.receive(later(2, 1))
    await bench.receive(later(3, 2))
    chain_id = (await bench.stored(an_arrival(1).id))["chain_id"]
    new = await moves.split(chain_id, [later(2, 1).id, later(3, 2).id], actor=OLGA)
    again = await moves.split(chain_id, [later(2, 1).id, later(3, 2).id], actor=OLGA)
    assert (new["continues"], new["_id"]) == (chain_id, again["_id"])
    await bench.receive(later(4, 3))
    assert await held(bench, new["_id"]) == [later(4, 3).id, later(3, 2).id, later(2, 1).id]
    assert (await chain_of(bench, chain_id))["last_id"] == an_arrival(1).id
    moved = await bench.stored(later(2, 1).id)
    assert [(move["chain_id"], move["by"]) for move in moved["moves"]] == [(chain_id, "olga")]


async def test_something_stays_in_a_chain_that_is_split_and_only_its_own_is_taken(bench: Bench, moves: Moves) -> None:
    first, _ = await two_chains(bench)
    with pytest.raises(InvalidInput):
        await moves.split(first, [an_arrival(1).id], actor=OLGA)
    with pytest.raises(InvalidInput):
        await moves.split(first, [an_arrival(2).id], actor=OLGA)


async def test_a_message_given_to_another_client_is_answered_there_and_comes_back(bench: Bench, moves: Moves) -> None:
    await bench.receive(an_arrival(1))
    await bench.receive(later(2, 1))
    await bench.receive(an_arrival(9, sender="boris@example.com"))
    boris = (await bench.stored(an_arrival(9).id))["client_id"]
    before = await bench.stored(later(2, 1).id)
    moved = await moves.to_client(later(2, 1).id, boris, actor=OLGA)
    assert (moved["client_id"], moved["born_client_id"]) == (boris, before["client_id"])
    await bench.receive(later(3, 2))
    assert later(3, 2).id in await held(bench, moved["chain_id"])
    back = await moves.back(later(2, 1).id, actor=OLGA)
    assert (back["chain_id"], back["client_id"], back["link"]) == (
        before["chain_id"],
        before["client_id"],
        before["link"],
    )
    assert [move["by"] for move in back["moves"]] == ["olga", "olga"]
    with pytest.raises(Conflict):
        await moves.back(an_arrival(1).id, actor=OLGA)


def letters(chance: random.Random, senders: list[str]) -> list[Any]:
    """Fifty more, of the matters that there are: answers, letters of a subject, over several accounts."""
    found = []
    for n in range(10, 60):
        matter = chance.choice([1, 2])
        sender = chance.choice(senders)
        place: dict[str, Any] = chance.choice(
            [
                {"refs": (f"email:<{matter}@example.com>",)},
                {"subject": ("", "Re: Где мой заказ?", "Re: Другое")[matter], "refs": ()},
                {"refs": (f"email:<{chance.randrange(10, max(n, 11))}@example.com>",), "subject": f"Дело {n}"},
            ]
        )
        people = (a_participant(address=sender), a_participant(address="support@romashka.example", ours=True))
        found.append(an_arrival(n, at=NOON + n * MINUTE, participants=people, **place))
    return found


async def state_of(bench: Bench) -> dict[str, Any]:
    """What a person would see of all chains, whatever was done to them."""
    parts = await bench.everything()
    chains = {part["chain_id"] for part in parts}
    found = await bench.repository.chains.get_many(chains)
    names = ("subject", "state", "last_id", "last_at", "awaits", "seen_by", "queue", "owner", "others")
    return {
        chain_id: {
            "parts": sorted(part["_id"] for part in parts if part["chain_id"] == chain_id),
            **{name: found[chain_id].get(name) for name in names},
        }
        for chain_id in chains
    }


@pytest.mark.parametrize("seed", range(6))
async def test_parting_leaves_everything_as_in_a_world_where_nothing_was_merged(tmp_path: Path, seed: int) -> None:
    worlds = []
    for name in ("merged", "control"):
        store = SqliteStore(tmp_path / f"{name}.sqlite")
        bench = Bench(store)
        await store.start()
        chance = random.Random(seed)
        first, second = await two_chains(bench)
        merges = Merges(bench.repository, bench.clock)
        pair = (first, second) if seed % 2 else (second, first)
        if name == "merged":
            await merges.merge(*pair, actor=OLGA)
        for letter in letters(chance, ["anna@example.com"]):
            await bench.receive(letter)
        if name == "merged":
            await merges.part(pair[0], actor=OLGA)
        worlds.append(await state_of(bench))
        await store.stop()
    assert worlds[0] == worlds[1]


async def test_what_is_left_of_a_chain_is_its_end_and_tells_whose_turn_it_is(bench: Bench, moves: Moves) -> None:
    await bench.receive(an_arrival(1))
    bench.clock.advance(MINUTE)
    await bench.answered("Уже везут")
    await bench.receive(later(3, 1))
    (chain,) = await bench.chains()
    assert chain["awaits"] == "answer"
    await moves.split(chain["_id"], [later(3, 1).id], actor=OLGA)
    left = await chain_of(bench, chain["_id"])
    assert left["awaits"] == "client"
    assert left["last_id"] != later(3, 1).id


async def test_a_message_that_came_while_another_was_taken_out_stays_the_end(bench: Bench, moves: Moves) -> None:
    await bench.receive(an_arrival(1), later(2, 1), later(3, 1))
    (chain,) = await bench.chains()
    await moves.split(chain["_id"], [later(2, 1).id], actor=OLGA)
    left = await chain_of(bench, chain["_id"])
    assert (left["last_id"], left["last_at"]) == (later(3, 1).id, chain["last_at"])


async def test_a_move_that_a_crash_cut_short_sets_the_end_when_it_is_asked_again(bench: Bench, moves: Moves) -> None:
    first, second = await two_chains(bench)
    await bench.receive(later(3, 1))
    part = await bench.stored(later(3, 1).id)
    link = Link(rule="moved", evidence="moved by olga")
    client = (await chain_of(bench, second))["client_id"]
    await bench.repository.interactions.amend(
        part["_id"], lambda now: moved(now, (second, client), link, "olga", now["at"])
    )
    await moves.to_chain(part["_id"], second, actor=OLGA)
    assert (await chain_of(bench, first))["last_id"] == an_arrival(1).id


async def test_of_merged_chains_each_ends_with_its_own_when_something_is_taken_out(
    bench: Bench, merges: Merges, moves: Moves
) -> None:
    first, second = await two_chains(bench)
    await bench.receive(later(3, 2, subject="Re: Другое"))
    await merges.merge(second, first, actor=OLGA)
    await moves.split(first, [later(3, 2).id], actor=OLGA)
    assert (await chain_of(bench, second))["last_id"] == an_arrival(2).id
    assert (await chain_of(bench, first))["last_id"] in {an_arrival(1).id, an_arrival(2).id}
