"""An answer under another subject: kept, asked about, or a chain that continues the old one."""

import pytest

from hub.api.actor import Actor
from hub.contracts.interaction import InteractionReceived
from hub.kit.errors import Conflict, NotFound
from hub.testing.builders import an_arrival
from services.interactions.handover import ChainChange, Handover
from services.interactions.linking import Rules, SubjectChange, new_chain_id
from services.interactions.service import Interactions
from tests.services.interactions.conftest import Bench

OTHER = "Теперь о другом: договор"


def answer(number: int = 2, subject: str = OTHER, **over: object) -> InteractionReceived:
    return an_arrival(number, subject=subject, refs=an_arrival().keys, **over)


async def linked(bench: Bench, policy: SubjectChange, *arrivals: InteractionReceived) -> list[dict[str, object]]:
    """What is stored of the arrivals, under a policy, after a first mail."""
    bench.service = Interactions(bench.repository, bench.bus, bench.clock, rules=Rules(subject_change=policy))
    await bench.receive(an_arrival())
    await bench.receive(*arrivals)
    return [await bench.stored(arrival.id) for arrival in arrivals]


async def test_by_default_an_answer_stays_whatever_its_subject(bench: Bench) -> None:
    (stored,) = await linked(bench, "keep", answer())
    assert (stored["chain_id"], stored["link"]) == (
        new_chain_id(an_arrival().id),
        {
            "rule": "reference",
            "evidence": "email:<1@example.com>",
            "parent": None,
            "continues": None,
            "asks": False,
        },
    )


async def test_another_subject_may_open_a_chain_that_continues_the_old_one(bench: Bench) -> None:
    (stored,) = await linked(bench, "new_chain", answer())
    chain = await bench.repository.chains.get(str(stored["chain_id"])) or {}
    assert (chain["continues"], chain["subject"]) == (new_chain_id(an_arrival().id), OTHER)
    assert chain["client_id"] == (await bench.stored(an_arrival().id))["client_id"]
    await bench.receive(an_arrival(3, subject=f"Re: {OTHER}", refs=answer().keys))
    assert (await bench.stored(an_arrival(3).id))["chain_id"] == stored["chain_id"]


@pytest.mark.parametrize("policy", ["ask", "new_chain"])
async def test_what_goes_on_from_a_private_chain_is_private_too(bench: Bench, policy: SubjectChange) -> None:
    await linked(bench, policy)
    private, olga = ChainChange(private=True), Actor(login="olga", reach=("*",))
    await Handover(bench.repository).chain(new_chain_id(an_arrival().id), private, actor=olga)
    await bench.receive(answer())
    if policy == "ask":
        await bench.splits.split(answer().id, by="olga")
    chain = await bench.repository.chains.get((await bench.stored(answer().id))["chain_id"]) or {}
    assert (chain["continues"], chain["owner"]) == (new_chain_id(an_arrival().id), "olga")
    assert (chain["private"], chain["seen_by"]) == (True, ["owner:olga", "team:"])


@pytest.mark.parametrize("policy", ["ask", "new_chain"])
@pytest.mark.parametrize("subject", ["Re: Где мой заказ?", "FWD: Отв: где  мой ЗАКАЗ?", "", "Re:"])
async def test_the_same_subject_and_none_at_all_are_no_other(
    bench: Bench, policy: SubjectChange, subject: str
) -> None:
    (stored,) = await linked(bench, policy, answer(subject=subject))
    assert (stored["chain_id"], stored["link"]["asks"]) == (new_chain_id(an_arrival().id), False)  # type: ignore[index]


@pytest.mark.parametrize("policy", ["ask", "new_chain"])
async def test_a_machines_subject_tells_nothing(bench: Bench, policy: SubjectChange) -> None:
    (stored,) = await linked(bench, policy, answer(subject="Out of office", auto="auto-reply"))
    assert stored["chain_id"] == new_chain_id(an_arrival().id)


async def test_an_employee_who_is_asked_takes_the_message_out(bench: Bench) -> None:
    (asked,) = await linked(bench, "ask", answer())
    assert asked["link"]["asks"]  # type: ignore[index]
    split = await bench.splits.split(answer().id)
    again = await bench.splits.split(answer().id)
    assert split["chain_id"] == again["chain_id"] == new_chain_id(answer().id)
    assert (await bench.repository.chains.get(split["chain_id"]) or {})["continues"] == asked["chain_id"]
    await bench.receive(an_arrival(3, subject=f"Re: {OTHER}", refs=answer().keys))
    assert (await bench.stored(an_arrival(3).id))["chain_id"] == split["chain_id"]
    old = await bench.repository.chains.get(str(asked["chain_id"])) or {}
    assert old["last_id"] == an_arrival().id


async def test_an_employee_who_is_asked_leaves_the_message_where_it_is(bench: Bench) -> None:
    (asked,) = await linked(bench, "ask", answer())
    kept = await bench.splits.keep(answer().id)
    assert (kept["chain_id"], kept["link"]["asks"]) == (asked["chain_id"], False)
    for decide in (bench.splits.keep, bench.splits.split):
        with pytest.raises(Conflict, match="nothing is asked"):
            await decide(answer().id)
    with pytest.raises(NotFound):
        await bench.splits.keep("in_none")
