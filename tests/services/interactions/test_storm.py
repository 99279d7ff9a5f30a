"""Copies that race over the same arrivals, with repeats and crashes, leave one consistent picture."""

import asyncio
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.contracts.interaction import InteractionReceived
from hub.kit.errors import HubError, StoreUnavailable
from hub.store.sqlite import SqliteStore
from hub.testing.builders import NOON, an_arrival, envelopes
from hub.testing.fakes import FakeBus, FakeClock
from services.interactions import service
from services.interactions.repository import Repository
from services.interactions.service import Interactions

ARRIVALS = 60


def arrivals(chance: random.Random) -> list[InteractionReceived]:
    """Of six senders, half of them answering one another, some before what they answer."""
    found = []
    for n in range(ARRIVALS):
        answers = n and chance.random() < 0.5
        refs = (f"email:<{chance.randrange(ARRIVALS)}@example.com>",) if answers else ()
        sender, subject = f"u{chance.randrange(6)}@example.com", chance.choice(["a", "b", "c", "Re: a"])
        found.append(an_arrival(n, sender=sender, subject=subject, refs=refs, at=NOON + timedelta(minutes=n)))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("crashes", [0, 0.05])
@pytest.mark.parametrize("seed", range(6))
async def test_three_copies_with_the_same_arrivals_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, crashes: float
) -> None:
    chance = random.Random(seed)
    store, bus = SqliteStore(tmp_path / "i.sqlite"), FakeBus()
    repository = Repository(store)
    await store.start()
    dying = [crashes]

    def seam(name: str) -> None:
        if chance.random() < dying[0]:
            raise StoreUnavailable(f"killed at {name}")

    monkeypatch.setattr(service, "seam", seam)
    mails = arrivals(chance)
    work = [mail for mail in mails for _ in range(2)]
    chance.shuffle(work)
    batches = [work[i : i + chance.randrange(1, 9)] for i in range(0, len(work), 6)] + [[mail] for mail in mails]
    copies = [Interactions(repository, bus, FakeClock(NOON)) for _ in range(3)]
    await asyncio.gather(*(_consume(copy, batches[n::3]) for n, copy in enumerate(copies)))
    dying[0] = 0
    for copy in copies:
        await _consume(copy, batches)
    await _check(repository, bus)
    await store.stop()


async def test_two_copies_that_open_chains_of_one_client_at_once_leave_him_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, bus = SqliteStore(tmp_path / "i.sqlite"), FakeBus()
    repository = Repository(store)
    await store.start()
    copies = [Interactions(repository, bus, FakeClock(NOON)) for _ in range(2)]
    await copies[0].receive(envelopes(an_arrival(0, subject="Заказ")))
    both_have_read, claim, tries = asyncio.Barrier(2), repository.claim, list[str]()

    async def claim_together(*args: Any) -> Any:
        tries.append("claim")
        if len(tries) <= 2:
            await both_have_read.wait()
        return await claim(*args)

    monkeypatch.setattr(repository, "claim", claim_together)
    letters = [an_arrival(number, subject=f"Дело {number}") for number in (1, 2)]
    await asyncio.gather(*(copy.receive(envelopes(one)) for copy, one in zip(copies, letters, strict=True)))
    (client,) = (await _all(repository.clients)).values()
    assert len(tries) == 3  # one of them lost, and decided anew
    assert {entry["subject_key"] for entry in client["open_chains"]} == {"заказ", "дело 1", "дело 2"}
    await store.stop()


async def _consume(copy: Interactions, batches: list[list[InteractionReceived]]) -> None:
    for batch in batches:
        while True:
            try:
                await copy.receive(envelopes(*batch))
                break
            except HubError:
                await asyncio.sleep(0)


async def _check(repository: Repository, bus: FakeBus) -> None:
    stored = await _all(repository.interactions)
    chains, clients = await _all(repository.chains), await _all(repository.clients)
    assert len(stored) == ARRIVALS
    for interaction in stored.values():
        assert chains[interaction["chain_id"]]["client_id"] == interaction["client_id"]
        assert interaction["client_id"] in clients
        for key in interaction["keys"]:
            claim = await repository.claims.get(key)
            assert claim
            assert claim["interaction_id"] == interaction["_id"]
            assert (claim["chain_id"], claim["client_id"]) == (interaction["chain_id"], interaction["client_id"])
    for address in (await _all(repository.addresses)).values():
        listed = [one["address"] for one in clients[address["client_id"]]["addresses"]]
        assert address["_id"] in listed
    assert {interaction["chain_id"] for interaction in stored.values()} == set(chains)
    # A card without an interaction may be left by a race; it is a client as any other, with his address.
    assert {interaction["client_id"] for interaction in stored.values()} <= set(clients)
    told = {e.interaction.id: e.interaction.chain_id for e in bus.events("interactions")}  # type: ignore[attr-defined]
    assert told == {interaction["_id"]: interaction["chain_id"] for interaction in stored.values()}
    assert {event.chain.id for event in bus.events("chains")} >= set(chains)  # type: ignore[attr-defined]
    assert {event.client.id for event in bus.events("clients")} >= {i["client_id"] for i in stored.values()}  # type: ignore[attr-defined]


async def _all(collection: Any) -> dict[str, dict[str, Any]]:
    return {document["_id"]: document for document in (await collection.find({}, limit=1000)).items}
