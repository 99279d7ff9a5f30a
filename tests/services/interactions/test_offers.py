"""A chain or a task that is offered to a colleague: seen by both, his once he accepts."""

from typing import Any

import pytest

from hub.api.actor import Actor
from hub.contracts.notice import NoticeGiven
from hub.kit.errors import Conflict, Forbidden, NotFound
from hub.testing.builders import an_arrival
from services.interactions.chains.merges import Merges
from services.interactions.handover import ChainChange, Handover
from services.interactions.offers.forms import DeclineForm, OfferForm
from services.interactions.offers.service import OfChains, Offers, OfTasks
from services.interactions.seen import Seen, level_of
from services.interactions.tasks.forms import NewTask, TaskChange
from services.interactions.tasks.service import Tasks
from tests.services.interactions.conftest import Bench, Directory


def somebody(login: str) -> Actor:
    return Actor(login=login, reach=(f"owner:{login}",), reads=(f"owner:{login}",))


ANNA, BORIS, VERA = map(somebody, ("anna", "boris", "vera"))
TO_BORIS = OfferForm(to="boris", comment="Он знает этот завод")


async def annas(bench: Bench) -> tuple[Offers, str]:
    """Offers of chains, and a private chain of hers."""
    await bench.receive(an_arrival(team="legal"))
    (chain,) = await bench.chains()
    seen, handover = Seen(bench.repository, Directory()), Handover(bench.repository, bench.clock)
    everybody = Actor(login="anna", reach=("*",), reads=("*",))
    await handover.chain(chain["_id"], ChainChange(owner="anna", private=True), actor=everybody)
    return Offers(OfChains(handover, seen), bench.clock), chain["_id"]


def told(bench: Bench) -> list[tuple[str, tuple[str, ...], str]]:
    return [(one.by, one.to, one.words) for one in bench.bus.events("notices") if isinstance(one, NoticeGiven)]


async def chain_of(bench: Bench) -> dict[str, Any]:
    (chain,) = await bench.chains()
    return chain


async def test_a_chain_stays_its_owners_and_is_seen_by_both_until_the_other_accepts(bench: Bench) -> None:
    offers, chain_id = await annas(bench)
    assert level_of(BORIS, await chain_of(bench)) == "nothing"
    await offers.offer(chain_id, TO_BORIS, actor=ANNA)
    offered = await chain_of(bench)
    assert (offered["owner"], level_of(ANNA, offered), level_of(BORIS, offered)) == ("anna", "full", "full")
    accepted = await offers.accept(chain_id, actor=BORIS)
    assert (accepted["owner"], accepted["offered"], level_of(ANNA, accepted)) == ("boris", None, "nothing")
    assert told(bench) == [("anna", ("boris",), TO_BORIS.comment), ("boris", ("anna",), "")]
    *_, offering, ending = accepted["history"]
    assert (offering["by"], offering["fields"][0]["name"]) == ("anna", "offered")
    assert {field["name"]: field["after"] for field in ending["fields"]} == {
        "owner": "boris",
        "offered": {"ended": "accepted"},
    }
    assert [event.chain.owner for event in bench.bus.events("chains")][-2:] == ["anna", "boris"]  # type: ignore[attr-defined]


async def test_what_is_declined_or_withdrawn_is_as_it_was_and_says_why(bench: Bench) -> None:
    offers, chain_id = await annas(bench)
    await offers.offer(chain_id, TO_BORIS, actor=ANNA)
    for to in ("vera", "anna"):
        with pytest.raises(Conflict):
            await offers.offer(chain_id, OfferForm(to=to), actor=ANNA)
    declined = await offers.decline(chain_id, DeclineForm(reason="В отпуске"), actor=BORIS)
    assert (declined["owner"], declined["offered"], level_of(BORIS, declined)) == ("anna", None, "nothing")
    assert declined["history"][-1]["fields"][0]["after"] == {"ended": "declined", "reason": "В отпуске"}
    assert told(bench)[-1] == ("boris", ("anna",), "В отпуске")
    await offers.offer(chain_id, OfferForm(to="vera"), actor=ANNA)
    withdrawn = await offers.withdraw(chain_id, actor=ANNA)
    assert (withdrawn["offered"], level_of(VERA, withdrawn)) == (None, "nothing")
    with pytest.raises(NotFound):
        await offers.accept(chain_id, actor=VERA)
    with pytest.raises(Conflict):
        await offers.decline(chain_id, DeclineForm(reason="x"), actor=ANNA)


async def test_nobody_else_decides_and_who_hands_it_over_otherwise_ends_the_offer(bench: Bench) -> None:
    offers, chain_id = await annas(bench)
    await offers.offer(chain_id, TO_BORIS, actor=ANNA)
    with pytest.raises(Forbidden):
        await offers.accept(chain_id, actor=ANNA)
    with pytest.raises(NotFound):
        await offers.withdraw(chain_id, actor=VERA)
    handover = Handover(bench.repository, bench.clock)
    after = await handover.chain(chain_id, ChainChange(owner="vera"), actor=ANNA)
    assert (after["offered"], level_of(BORIS, after)) == (None, "nothing")


async def test_a_task_is_offered_accepted_and_declined_in_the_same_way(bench: Bench) -> None:
    tasks = Tasks(bench.tasks, Seen(bench.repository, Directory()), bench.clock, bench.calendars)
    offers = Offers(OfTasks(tasks), bench.clock)
    task = await tasks.open(NewTask(title="Счёт", assignee="anna"), actor=ANNA, key=None)
    with pytest.raises(NotFound):
        await tasks.get(BORIS, task["_id"])
    await offers.offer(task["_id"], TO_BORIS, actor=ANNA)
    assert (await tasks.get(BORIS, task["_id"]))["assignee"] == "anna"
    await offers.decline(task["_id"], DeclineForm(reason="Не мой завод"), actor=BORIS)
    with pytest.raises(NotFound):
        await tasks.get(BORIS, task["_id"])
    await offers.offer(task["_id"], TO_BORIS, actor=ANNA)
    accepted = await offers.accept(task["_id"], actor=BORIS)
    assert (accepted["assignee"], accepted["offered"]) == ("boris", None)
    await offers.offer(task["_id"], OfferForm(to="vera"), actor=BORIS)
    assert (await tasks.change(task["_id"], TaskChange(assignee="anna"), actor=BORIS))["offered"] is None
    with pytest.raises(NotFound):
        await tasks.get(VERA, task["_id"])


async def test_closing_a_task_ends_its_offer_and_a_closed_one_is_offered_to_nobody(bench: Bench) -> None:
    tasks = Tasks(bench.tasks, Seen(bench.repository, Directory()), bench.clock, bench.calendars)
    offers = Offers(OfTasks(tasks), bench.clock)
    task = await tasks.open(NewTask(title="Счёт", assignee="anna"), actor=ANNA, key=None)
    await offers.offer(task["_id"], TO_BORIS, actor=ANNA)
    closed = await tasks.change(task["_id"], TaskChange(state="done"), actor=ANNA)
    assert closed["offered"] is None
    with pytest.raises(NotFound):
        await offers.accept(task["_id"], actor=BORIS)
    with pytest.raises(Conflict, match="this task is done; open it again first"):
        await offers.offer(task["_id"], TO_BORIS, actor=ANNA)


async def test_a_chain_that_is_offered_is_not_merged_and_a_merged_one_is_not_offered(bench: Bench) -> None:
    everybody = Actor(login="anna", reach=("*",), reads=("*",))
    await bench.receive(an_arrival(1), an_arrival(2, subject="Другое"))
    first, other = [(await bench.stored(an_arrival(number).id))["chain_id"] for number in (1, 2)]
    offers = Offers(OfChains(Handover(bench.repository), Seen(bench.repository, Directory())), bench.clock)
    merges = Merges(bench.repository, bench.clock)
    await offers.offer(first, TO_BORIS, actor=everybody)
    with pytest.raises(Conflict, match="this chain is offered to boris; withdraw that first"):
        await merges.merge(first, other, actor=everybody)
    assert "owner:boris" not in (await bench.repository.chains.get(other) or {})["seen_by"]
    await offers.withdraw(first, actor=everybody)
    await merges.merge(first, other, actor=everybody)
    with pytest.raises(Conflict, match=f"this chain was merged into {other}"):
        await offers.offer(first, TO_BORIS, actor=everybody)
