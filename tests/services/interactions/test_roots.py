"""Identity by pointer: what was merged is read through its root, and parting it leaves everything as it was."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import pytest

from hub.contracts.interaction import InteractionChanged
from hub.testing.builders import NOON, an_arrival
from services.interactions.roots import members, roots
from tests.services.interactions.conftest import Bench


def into(root: str | None) -> Any:
    def change(document: dict[str, Any]) -> dict[str, Any]:
        bare = {name: value for name, value in document.items() if name != "into"}
        return {**bare, "into": root} if root else bare

    return change


async def merge(bench: Bench, client_id: str, root: str | None) -> None:
    """What a merge does to a client, or its undoing."""
    after = await bench.repository.clients.amend(client_id, into(root))
    assert after
    await bench.repository.clients.tell(after)


async def of_client(bench: Bench, client_id: str) -> set[str]:
    return {document["_id"] for document in await bench.repository.newest_of_client(client_id)}


async def two_clients(bench: Bench) -> tuple[str, str]:
    await bench.hear(an_arrival(1), an_arrival(2, sender="anna@home.example", subject="Другое"))
    anna, home = [(await bench.stored(an_arrival(n).id))["client_id"] for n in (1, 2)]
    return anna, home


async def test_a_merged_client_is_read_with_the_one_he_was_merged_into(bench: Bench) -> None:
    anna, home = await two_clients(bench)
    await merge(bench, home, anna)
    assert await of_client(bench, anna) == {an_arrival(1).id, an_arrival(2).id}
    changed = [event for event in bench.bus.events("clients") if event.TYPE == "client.changed.v1"]
    assert [event.client.into for event in changed] == [anna]  # type: ignore[attr-defined]
    assert [event.key() for event in changed] == [home]


async def test_after_a_merge_chains_of_both_are_found_by_letters_from_either_address(bench: Bench) -> None:
    anna, home = await two_clients(bench)
    await merge(bench, home, anna)
    later = NOON + timedelta(hours=1)
    await bench.hear(
        an_arrival(3, sender="anna@home.example", subject="Re: Где мой заказ?", at=later),
        an_arrival(4, subject="Re: Другое", at=later),
    )
    chains = [(await bench.stored(an_arrival(n).id))["chain_id"] for n in (1, 2)]
    third, fourth = await bench.stored(an_arrival(3, at=later).id), await bench.stored(an_arrival(4, at=later).id)
    assert (third["chain_id"], third["client_id"]) == (chains[0], home)
    assert (fourth["chain_id"], fourth["client_id"]) == (chains[1], anna)


async def test_parting_splits_what_came_meanwhile_by_the_address_it_used(bench: Bench) -> None:
    """Both timelines equal those of clients who were never merged."""
    anna, home = await two_clients(bench)
    await merge(bench, home, anna)
    chance = random.Random(7)
    sent: dict[str, set[str]] = {anna: {an_arrival(1).id}, home: {an_arrival(2).id}}
    for n in range(10, 60):
        sender, owner = chance.choice([("anna@example.com", anna), ("anna@home.example", home)])
        arrival = an_arrival(n, sender=sender, subject=f"Дело {n}", at=NOON + timedelta(minutes=n))
        sent[owner].add(arrival.id)
        await bench.hear(arrival)
    assert await of_client(bench, anna) == sent[anna] | sent[home]
    await merge(bench, home, None)
    assert await of_client(bench, anna) == sent[anna]
    assert await of_client(bench, home) == sent[home]


async def test_what_refers_to_a_merged_chain_is_linked_as_before_and_read_with_the_one_it_was_merged_into(
    bench: Bench,
) -> None:
    await bench.hear(an_arrival(1), an_arrival(2, subject="Другое"))
    first, second = [(await bench.stored(an_arrival(n).id))["chain_id"] for n in (1, 2)]
    await bench.repository.chains.amend(second, into(first))
    await bench.hear(an_arrival(3, refs=an_arrival(2).keys, subject="Re: Другое"))
    assert (await bench.stored(an_arrival(3).id))["chain_id"] == second
    found = {document["_id"] for document in await bench.repository.newest_of_chain(first)}
    assert found == {an_arrival(n).id for n in (1, 2, 3)}


async def test_roots_and_members_go_over_others_and_a_ring_ends(bench: Bench) -> None:
    clients = bench.repository.clients
    for n in range(5):
        document = {"_id": f"cl_{n}", "name": "?", "addresses": [], "open_chains": [], "opened_by": "in"}
        await clients.insert({**document, "opened_at": "2026-03-02T09:00:00Z"})
    for n in range(1, 5):
        await clients.amend(f"cl_{n}", into(f"cl_{n - 1}"))
    found = await roots(clients, ["cl_4", "cl_0", "cl_9"])
    assert {doc_id: root["_id"] for doc_id, root in found.items()} == {"cl_4": "cl_0", "cl_0": "cl_0"}
    assert set(await members(clients, ["cl_0"])) == {"cl_1", "cl_2", "cl_3", "cl_4"}
    await clients.amend("cl_0", into("cl_4"))
    async with asyncio.timeout(30):
        assert set(await roots(clients, ["cl_2"])) == {"cl_2"}
        assert set(await members(clients, ["cl_2"])) == {"cl_0", "cl_1", "cl_3", "cl_4"}


async def test_a_message_that_is_taken_out_keeps_the_key_of_its_birth_and_where_it_was(bench: Bench) -> None:
    await bench.hear(an_arrival(1), an_arrival(2, refs=an_arrival(1).keys))
    (chain,) = await bench.chains()
    stored = await bench.stored(an_arrival(2).id)
    asks = {**stored["link"], "asks": True}
    await bench.repository.interactions.amend(stored["_id"], lambda now: {**now, "link": asks})
    after = await bench.splits.split(stored["_id"], by="olga")
    told = bench.bus.events("interactions")[-1]
    assert isinstance(told, InteractionChanged)
    assert told.key() == stored["client_id"]
    assert [(move.chain_id, move.by) for move in told.interaction.moves] == [(chain["_id"], "olga")]
    assert after["chain_id"] != chain["_id"]


@pytest.mark.parametrize("kill", range(3))
async def test_a_split_pressed_again_after_a_crash_comes_to_its_end(bench: Bench, kill: int) -> None:
    await bench.hear(an_arrival(1), an_arrival(2, refs=an_arrival(1).keys))
    stored = await bench.stored(an_arrival(2).id)
    asks = {**stored["link"], "asks": True}
    await bench.repository.interactions.amend(stored["_id"], lambda now: {**now, "link": asks})
    bench.bus.failures = kill
    after = await bench.splits.split(stored["_id"])
    bench.bus.failures = 0
    assert (await bench.splits.split(stored["_id"]))["chain_id"] == after["chain_id"]
    opened = {event.chain.id for event in bench.bus.events("chains") if event.TYPE == "chain.opened.v1"}  # type: ignore[attr-defined]
    assert after["chain_id"] in opened
