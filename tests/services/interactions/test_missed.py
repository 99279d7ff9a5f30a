"""A missed call is owned work: one task for each caller, closed when he was reached since."""

import random
from asyncio import gather
from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.contracts.call import CallQueue, CallResult
from hub.contracts.interaction import CallChanged, DeliveryState, InteractionReceived
from hub.kit.clock import iso
from hub.testing.builders import NOON, a_delivery, an_arrival, envelopes
from services.interactions.handover import Handover
from services.interactions.writing import Answer
from tests.services.interactions.conftest import Bench
from tests.services.interactions.test_calls import ANNA, CALLER, LINE, a_call, a_state

MINUTE = timedelta(minutes=1)


def missed(number: int = 1, at: datetime = NOON, **over: Any) -> InteractionReceived:
    """A call that rang out a minute after it began."""
    told = {"result": CallResult.MISSED, "complete": True, "started_at": at, "ended_at": at + MINUTE}
    return a_call(number, a_state(3, **{**told, **over}), at=at)


def answered(number: int, at: datetime, **over: Any) -> InteractionReceived:
    told = {"result": CallResult.ANSWERED, "started_at": at, "answered_at": at, "ended_at": at + MINUTE}
    return a_call(number, a_state(3, **told, complete=True, **over), at=at)


async def tasks(bench: Bench) -> list[dict[str, Any]]:
    return (await bench.tasks.tasks.find({}, order="turn", limit=50)).items


async def test_a_missed_call_opens_one_task_for_the_queue_of_its_line(bench: Bench) -> None:
    for _ in range(2):
        await bench.receive(missed())
    (task,) = await tasks(bench)
    assert (task["rule"], task["state"], task["title"]) == ("missed_call", "open", "Перезвонить: +79161234567")
    assert (task["assignee"], task["team"], task["seen_by"]) == (None, "t_sales", ["team:t_sales"])
    assert (task["causes"], task["due"]) == ([missed().id], iso(NOON + MINUTE + timedelta(hours=2)))


async def test_it_is_the_task_of_the_employee_who_looks_after_the_client(bench: Bench) -> None:
    await bench.receive(answered(1, NOON))
    (client,) = await bench.clients()
    await Handover(bench.repository).client(client["_id"], {"owner": "olga"})
    await bench.receive(missed(2, NOON + MINUTE))
    (task,) = await tasks(bench)
    assert (task["assignee"], task["client_id"]) == ("olga", client["_id"])


@pytest.mark.parametrize("result", ["answered", "failed"])
async def test_a_call_that_was_answered_or_could_not_come_in_is_nobodys_task(bench: Bench, result: str) -> None:
    await bench.receive(missed(result=CallResult(result)))
    assert await tasks(bench) == []


@pytest.mark.parametrize("result", ["missed", "abandoned", "busy", "voicemail"])
async def test_whoever_did_not_get_through_is_called_back(bench: Bench, result: str) -> None:
    await bench.receive(missed(result=CallResult(result)))
    assert len(await tasks(bench)) == 1


async def test_a_call_that_still_rings_or_belongs_to_another_is_no_missed_one(bench: Bench) -> None:
    await bench.receive(missed(1, complete=False), missed(2, part_of="in_other"))
    assert await tasks(bench) == []


async def test_a_second_missed_call_adds_to_the_task(bench: Bench) -> None:
    await bench.receive(missed(1))
    await bench.receive(missed(2, NOON + 5 * MINUTE))
    (task,) = await tasks(bench)
    assert (task["causes"], task["caused"]) == ([missed(1).id, missed(2, NOON + 5 * MINUTE).id], 2)


async def test_the_task_closes_itself_when_anybody_speaks_with_the_client(bench: Bench) -> None:
    await bench.receive(missed())
    await bench.receive(answered(2, NOON + 10 * MINUTE))
    (task,) = await tasks(bench)
    assert (task["state"], task["closed_by"], task["result_id"]) == (
        "done",
        "rule:missed_call",
        answered(2, NOON + 10 * MINUTE).id,
    )
    assert task["reason"] == "reached by call at 2026-03-02 12:10 UTC"


async def test_only_the_channels_that_the_line_names_count(bench: Bench) -> None:
    await bench.receive(an_arrival(participants=(CALLER.model_copy(), *an_arrival().participants[1:])))
    await bench.receive(missed(1, line=LINE.model_copy(update={"reach_by": ("call", "sms")})))
    (chain, *_) = await bench.chains()
    bench.clock.set(NOON + 10 * MINUTE)
    written = await bench.answers.plan(chain["_id"], Answer(text="Да"), author="olga", idempotency_key=None)
    await bench.service.record_deliveries(envelopes(a_delivery(written["_id"], at=NOON + 11 * MINUTE)))
    await bench.follow()
    assert [task["state"] for task in await tasks(bench)] == ["open"]


async def test_a_letter_that_left_closes_it_where_the_line_says_that_letters_count(bench: Bench) -> None:
    await bench.receive(an_arrival(participants=(CALLER.model_copy(), *an_arrival().participants[1:])))
    await bench.receive(missed(1, line=LINE.model_copy(update={"reach_by": ("email",)})))
    (chain,) = [each for each in await bench.chains() if each["subject"]]
    bench.clock.set(NOON + 10 * MINUTE)
    written = await bench.answers.plan(chain["_id"], Answer(text="Да"), author="olga", idempotency_key=None)
    await bench.follow()
    assert [task["state"] for task in await tasks(bench)] == ["open"]  # it is on its way
    failed = a_delivery(written["_id"], DeliveryState.SENT, at=NOON + 11 * MINUTE)
    await bench.service.record_deliveries(envelopes(failed))
    await bench.follow()
    assert [(task["state"], task["result_id"]) for task in await tasks(bench)] == [("done", written["_id"])]


async def test_who_was_reached_before_we_heard_that_he_was_missed_is_not_called_back(bench: Bench) -> None:
    await bench.receive(a_call(1))
    await bench.receive(answered(2, NOON + 10 * MINUTE))
    await bench.hear(
        CallChanged(
            interaction_id=a_call(1).id,
            account="ln_1",
            other_side=ANNA,
            participants=(CALLER,),
            call=missed(1).call,
        )
    )
    assert await tasks(bench) == []


async def test_who_is_missed_again_after_he_was_reached_is_a_new_task(bench: Bench) -> None:
    await bench.receive(missed(1))
    await bench.receive(answered(2, NOON + 10 * MINUTE))
    await bench.receive(missed(3, NOON + 20 * MINUTE))
    assert sorted((task["state"], task["causes"][0]) for task in await tasks(bench)) == [
        ("done", missed(1).id),
        ("open", missed(3, NOON + 20 * MINUTE).id),
    ]


async def test_callers_without_a_number_are_one_task_of_their_line(bench: Bench) -> None:
    for number in (1, 2):
        await bench.receive(missed(number, caller="hidden").model_copy(update={"participants": ()}))
    (task,) = await tasks(bench)
    assert (task["title"], task["caused"]) == ("Перезвонить: номер скрыт", 2)


@pytest.mark.parametrize("seed", range(12))
async def test_any_order_and_any_repeats_give_the_same_tasks(bench: Bench, seed: int) -> None:
    """Three calls in; after the second one somebody calls back."""
    chance = random.Random(seed)
    told: list[Any] = [missed(1), missed(2, NOON + 5 * MINUTE), answered(3, NOON + 10 * MINUTE)]
    told += [chance.choice(told) for _ in range(4)]
    chance.shuffle(told)
    for each in told:
        await bench.receive(each)
    await bench.receive(missed(4, NOON + 30 * MINUTE))
    found = await tasks(bench)
    assert [task["causes"] for task in found if task["state"] == "open"] == [[missed(4, NOON + 30 * MINUTE).id]]
    assert all(task["result_id"] == answered(3, NOON + 10 * MINUTE).id for task in found if task["state"] == "done")


async def test_two_copies_that_hear_of_two_calls_at_once_open_one_task(bench: Bench) -> None:
    await gather(bench.receive(missed(1)), bench.receive(missed(2, NOON + MINUTE)))
    (task,) = await tasks(bench)
    assert sorted(task["causes"]) == sorted([missed(1).id, missed(2, NOON + MINUTE).id])


def asked_back(number: int = 1, at: datetime = NOON) -> InteractionReceived:
    """Who waited in a queue left his place to be called back."""
    return missed(number, at, queue=CallQueue(name="Sales", position=2, wait=40.0, left="call_back"))


async def test_who_gave_his_place_in_a_queue_away_is_the_queues_work_now_and_once(bench: Bench) -> None:
    await bench.receive(answered(1, NOON - MINUTE))
    (client,) = await bench.clients()
    await Handover(bench.repository).client(client["_id"], {"owner": "olga"})
    for _ in range(2):
        await bench.receive(asked_back(2))
    (task,) = await tasks(bench)
    assert (task["assignee"], task["team"], task["due"]) == (None, "t_sales", iso(NOON + MINUTE))


async def test_who_asks_to_be_called_back_after_a_missed_call_has_that_task_due_now(bench: Bench) -> None:
    await bench.receive(missed(1, NOON - MINUTE))
    await bench.receive(asked_back(2))
    (task,) = await tasks(bench)
    assert (task["causes"], task["due"], task["turn"]) == (
        [missed(1, NOON - MINUTE).id, asked_back(2).id],
        iso(NOON + MINUTE),
        iso(NOON + MINUTE),
    )


async def test_who_was_called_back_is_not_called_twice(bench: Bench) -> None:
    await bench.receive(asked_back(1))
    await bench.receive(answered(2, NOON + 2 * MINUTE))
    await bench.receive(asked_back(1))
    assert [task["state"] for task in await tasks(bench)] == ["done"]
