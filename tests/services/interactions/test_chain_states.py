"""Chains put aside, closed and opened again; whose turn it is; queues and their counters."""

from asyncio import gather
from datetime import timedelta
from typing import Any

import pytest

from hub.api.actor import Actor
from hub.contracts.client import ChainChanged
from hub.contracts.interaction import Direction, Role
from hub.contracts.scope import EVERYTHING
from hub.kit.clock import iso
from hub.kit.errors import Conflict, InvalidInput
from hub.store.base import In
from hub.store.due import Due
from hub.testing.builders import NOON, a_participant, an_arrival
from services.interactions.chains.queues import VIEWS, Queues
from services.interactions.chains.state import RETURN, back
from services.interactions.handover import ChainChange, Handover
from services.interactions.inbox.unseen import refuse_unseen
from services.interactions.models import CHAIN_STATES, chain_view
from services.interactions.seen import level_of
from tests.services.interactions.conftest import Bench

DAY = timedelta(days=1)
OLGA = Actor(login="olga", reach=(EVERYTHING,))
ANNA = Actor(login="anna", teams=("sales",), reach=("owner:anna", "team:", "team:sales"))


async def the_chain(bench: Bench) -> dict[str, Any]:
    where = {"state": In(CHAIN_STATES)}
    (chain,) = (await bench.repository.page("chains", where, order="last_at", limit=9)).items
    return chain


@pytest.fixture
async def chain(bench: Bench) -> dict[str, Any]:
    await bench.receive(an_arrival())
    return await the_chain(bench)


async def change(bench: Bench, chain: dict[str, Any], actor: Actor = OLGA, **fields: Any) -> dict[str, Any]:
    return await Handover(bench.repository, bench.clock).chain(chain["_id"], ChainChange(**fields), actor=actor)


def reply(number: int, at: Any, **over: Any) -> Any:
    return an_arrival(number, at=at, refs=("email:<1@example.com>",), **over)


async def test_it_is_our_turn_when_the_client_wrote_and_his_when_we_answered(bench: Bench, chain: Any) -> None:
    assert (chain["awaits"], chain.get("answered_at")) == ("answer", None)
    bench.clock.set(NOON + DAY)
    await bench.answered()
    await bench.follow()
    after = await the_chain(bench)
    assert (after["awaits"], after["answered_at"]) == ("client", iso(NOON + DAY))
    await bench.receive(reply(2, NOON + 2 * DAY))
    assert (await the_chain(bench))["awaits"] == "answer"


async def test_what_one_of_us_sent_with_another_mail_program_is_an_answer_in_the_chain(
    bench: Bench, chain: Any
) -> None:
    ours = a_participant(Role.FROM, "olga@romashka.example", ours=True)
    people = (ours, a_participant(Role.TO, "anna@example.com"))
    await bench.receive(reply(2, NOON + DAY, direction=Direction.OUT, author="anna", participants=people))
    (client,) = await bench.clients()
    after = await the_chain(bench)
    stored = await bench.stored(reply(2, NOON + DAY).id)
    assert (after["awaits"], after["client_id"], stored["chain_id"]) == ("client", client["_id"], chain["_id"])
    assert (stored["direction"], stored["author"], stored["delivery"]) == ("out", "anna", None)
    assert after["answered_at"] == iso(NOON + DAY)
    with pytest.raises(Conflict, match="anna answered meanwhile"):
        await refuse_unseen(bench.repository, chain["_id"], an_arrival().id, by="olga")


async def test_what_a_machine_sends_leaves_the_turn_where_it_was(bench: Bench, chain: Any) -> None:
    await change(bench, chain, awaits="nobody")
    await bench.receive(reply(2, NOON + DAY, auto="auto-reply"))
    assert (await the_chain(bench))["awaits"] == "nobody"


async def test_the_same_letter_again_does_not_ask_for_an_answer_again(bench: Bench, chain: Any) -> None:
    await change(bench, chain, awaits="nobody")
    await bench.receive(an_arrival())
    assert (await the_chain(bench))["awaits"] == "nobody"


async def test_a_snoozed_chain_comes_back_at_its_time_once(bench: Bench, chain: Any) -> None:
    await change(bench, chain, snooze_until=NOON + DAY)
    copies = [Due(bench.repository.chains, {RETURN: back}, bench.clock) for _ in range(2)]
    assert chain_view(await the_chain(bench))["snoozed_until"] == iso(NOON + DAY)
    bench.clock.set(NOON + DAY - timedelta(seconds=1))
    assert [await due.look() for due in copies] == [0, 0]
    bench.clock.set(NOON + DAY + timedelta(seconds=1))
    assert sum([await due.look() for due in (*copies, *copies)]) == 1
    after = await the_chain(bench)
    assert (after["state"], after["snoozed_until"], after["returned_at"]) == ("open", None, iso(bench.clock.now()))


async def test_a_snoozed_chain_comes_back_when_the_client_writes_and_not_again_at_its_time(
    bench: Bench, chain: Any
) -> None:
    await change(bench, chain, snooze_until=NOON + 3 * DAY)
    await bench.receive(reply(2, NOON + DAY))
    after = await the_chain(bench)
    assert (after["state"], after["snoozed_until"]) == ("open", None)
    bench.clock.set(NOON + 4 * DAY)
    assert await Due(bench.repository.chains, {RETURN: back}, bench.clock).look() == 0


@pytest.mark.parametrize("until", [NOON, NOON - DAY, NOON + 6 * 366 * DAY])
async def test_a_chain_is_snoozed_until_a_moment_that_lies_ahead(bench: Bench, chain: Any, until: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        await change(bench, chain, snooze_until=until)
    assert list(refused.value.fields) == ["snooze_until"]


async def test_an_answer_within_a_week_opens_a_closed_chain_again_and_its_first_closing_stays_known(
    bench: Bench, chain: Any
) -> None:
    await change(bench, chain, state="closed")
    await bench.receive(reply(2, NOON + 6 * DAY))
    after = await the_chain(bench)
    assert (after["state"], after["closed_at"], after["reopened"]) == ("open", None, 1)
    assert after["first_closed_at"] == iso(NOON)


async def test_a_later_answer_opens_a_chain_that_continues_it_and_so_do_those_that_follow(
    bench: Bench, chain: Any
) -> None:
    await change(bench, chain, state="closed")
    await bench.receive(reply(2, NOON + 8 * DAY), reply(3, NOON + 9 * DAY))
    await bench.receive(reply(4, NOON + 10 * DAY))
    (newer,) = await bench.chains()
    assert (newer["continues"], newer["client_id"]) == (chain["_id"], chain["client_id"])
    letters = (await bench.repository.page("interactions", {"chain_id": newer["_id"]}, order="at", limit=9)).items
    assert [(each["link"]["rule"], each["cause_id"]) for each in letters] == [("after_closing", chain["last_id"])] * 3
    assert ((await bench.repository.chains.get(chain["_id"])) or {})["state"] == "closed"


async def test_a_machines_late_answer_stays_in_the_closed_chain_and_leaves_it_closed(
    bench: Bench, chain: Any
) -> None:
    await change(bench, chain, state="closed")
    await bench.receive(reply(2, NOON + 30 * DAY, auto="auto-reply"))
    assert (await the_chain(bench))["state"] == "closed"


async def test_a_letter_of_the_same_subject_opens_it_again_within_the_week_and_no_later(
    bench: Bench, chain: Any
) -> None:
    await change(bench, chain, state="closed")
    await bench.receive(an_arrival(2, at=NOON + 2 * DAY))
    assert ((await the_chain(bench))["state"], await bench.opened()) == ("open", (1, 1, 2))
    bench.clock.set(NOON + 3 * DAY)
    await change(bench, chain, state="closed")
    await bench.receive(an_arrival(3, at=NOON + 20 * DAY))
    assert await bench.opened() == (1, 1, 3)  # of the open ones
    (newer,) = await bench.chains()
    assert newer["_id"] != chain["_id"]


async def test_a_closed_chain_is_none_of_the_clients_open_ones_and_takes_no_place_from_them(
    bench: Bench, chain: Any
) -> None:
    await change(bench, chain, state="closed")
    (client,) = await bench.clients()
    assert [entry["closed_at"] for entry in client["open_chains"]] == [iso(NOON)]
    await change(bench, chain, state="open")
    (client,) = await bench.clients()
    assert [entry["closed_at"] for entry in client["open_chains"]] == [None]


async def test_the_same_old_letter_told_again_does_not_open_a_closed_chain(bench: Bench, chain: Any) -> None:
    bench.clock.set(NOON + DAY)
    await change(bench, chain, state="closed")
    await bench.receive(an_arrival())
    assert (await the_chain(bench))["state"] == "closed"


async def test_tags_are_given_added_and_taken_away_and_history_says_by_whom(bench: Bench, chain: Any) -> None:
    await change(bench, chain, tags=("кухня", "vip"))
    await change(bench, chain, ANNA, add_tags=("срочно", "vip"), remove_tags=("кухня", "нет такой"))
    after = await the_chain(bench)
    assert after["tags"] == ["vip", "срочно"]
    assert after["history"][-1]["by"] == "anna"
    assert after["history"][-1]["fields"] == [
        {"name": "tags", "before": ["кухня", "vip"], "after": ["vip", "срочно"]}
    ]
    told = [event for event in bench.bus.events("chains") if isinstance(event, ChainChanged)]
    assert told[-1].chain.tags == ("vip", "срочно")


async def test_a_chain_has_at_most_fifty_tags(bench: Bench, chain: Any) -> None:
    await change(bench, chain, tags=tuple(f"t{n}" for n in range(50)))
    with pytest.raises(InvalidInput):
        await change(bench, chain, add_tags=("t50",))


async def test_a_closed_chain_is_not_snoozed(bench: Bench, chain: Any) -> None:
    await change(bench, chain, state="closed")
    with pytest.raises(Conflict):
        await change(bench, chain, snooze_until=NOON + DAY)


async def test_what_many_chains_were_changed_by_is_taken_back_where_nobody_went_on(bench: Bench, chain: Any) -> None:
    handover = Handover(bench.repository, bench.clock)
    await change(bench, chain, tags=("vip",), snooze_until=NOON + DAY)
    before = await the_chain(bench)
    given = {"state": "closed", "add_tags": ["a"], "remove_tags": ["vip"], "awaits": "nobody"}
    await change(bench, chain, **given)
    await change(bench, chain, add_tags=("b",), awaits="client")
    after = await handover.back(chain["_id"], given, before, by="olga")
    assert (after["state"], after["snoozed_until"], after["tags"], after["awaits"]) == (
        "snoozed",
        iso(NOON + DAY),
        ["b", "vip"],
        "client",
    )


async def test_counters_are_as_long_as_their_lists_whatever_is_done_to_the_chains(bench: Bench) -> None:
    teams = [None, "sales", "legal"]
    await bench.receive(
        *(
            an_arrival(n, sender=f"c{n}@example.com", team=teams[n % 3], others=("full", "nothing")[n % 5 == 0])
            for n in range(30)
        )
    )
    chains = await bench.chains()
    for n, chain in enumerate(chains):
        wanted: list[dict[str, Any]] = [
            {"owner": "anna"},
            {"snooze_until": NOON + DAY},
            {"state": "closed"},
            {"owner": "boris", "private": None},
            {"team": "sales"},
            {"add_tags": ("x",)},
        ]
        await change(bench, chain, **{k: v for k, v in wanted[n % 6].items() if v is not None})
    await bench.receive(*(an_arrival(100 + n, sender=f"c{n}@example.com", at=NOON + DAY) for n in range(9)))
    queues = Queues(bench.repository.chains)
    people = [
        OLGA,
        ANNA,
        Actor(login="boris", reach=("owner:boris",)),
        Actor(login="vera", teams=("legal",), reach=(EVERYTHING,)),
        Actor(login="nobody"),
        Actor(
            login="lead", teams=("sales",), reach=("owner:anna", "owner:boris", "owner:lead", "team:", "team:sales")
        ),
    ]
    for actor in people:
        for view in VIEWS:
            page = await queues.page(actor, view, limit=500, after=None)
            listed = [each for each in page.items if level_of(actor, each) != "nothing"]
            assert await queues.count(actor, view) == len(listed), (actor.login, view)


async def test_of_two_who_take_a_chain_at_once_one_has_it(bench: Bench, chain: Any) -> None:
    handover, queues = Handover(bench.repository, bench.clock), Queues(bench.repository.chains)
    assert [await queues.count(ANNA, view) for view in ("mine", "unassigned")] == [0, 1]
    taken = [handover.take(chain["_id"], actor=actor) for actor in (ANNA, OLGA)]
    found = await gather(*taken, return_exceptions=True)
    assert sorted(type(each).__name__ for each in found) == ["Conflict", "dict"]
    owner = (await the_chain(bench))["owner"]
    assert owner in ("anna", "olga")
    again = await handover.take(chain["_id"], actor=ANNA if owner == "anna" else OLGA)
    assert again["owner"] == owner
    assert await queues.count(ANNA, "unassigned") == 0
