"""Who may be calling from a number, with what is open."""

from hub.contracts.interaction import Contact
from services.interactions.callers import Callers
from services.interactions.tasks.repository import TaskRepository
from tests.services.interactions.conftest import Bench
from tests.services.interactions.test_calls import ANNA, a_call
from tests.services.interactions.test_news import a_text


def callers(bench: Bench) -> Callers:
    store = bench.store
    return Callers(bench.repository, TaskRepository(store, bench.bus, bench.clock))


async def test_the_client_whose_number_it_is_comes_with_his_open_chains(bench: Bench) -> None:
    await bench.receive(a_call())
    (found,) = await callers(bench).of(ANNA)
    (chain,) = await bench.chains()
    assert (found.sure, [one.id for one in found.chains], found.tasks) == (True, [chain["_id"]], ())


async def test_nobody_is_found_for_a_number_that_nobody_has(bench: Bench) -> None:
    assert await callers(bench).of("phone:+79990000000") == []


async def test_another_who_gave_the_number_is_listed_too_and_marked(bench: Bench) -> None:
    await bench.receive(a_call())
    await bench.receive(a_text(contacts=(Contact(address=ANNA, raw="+79161234567", verified=True),)))
    found = await callers(bench).of(ANNA)
    assert [one.sure for one in found] == [True, False]


async def test_of_a_private_chain_nothing_is_said_to_whoever_picks_up(bench: Bench) -> None:
    await bench.receive(a_call())
    (chain,) = await bench.chains()
    await bench.repository.chains.amend(chain["_id"], lambda now: {**now, "private": True, "owner": "olga"})
    (found,) = await callers(bench).of(ANNA)
    assert found.chains == ()
