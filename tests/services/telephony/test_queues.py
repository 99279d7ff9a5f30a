"""Queues by themselves: whose turn it is, how long it takes, and what each call tells of its wait; on both stores."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hub.kit.clock import iso
from hub.store.base import Store
from hub.store.mongo import MongoStore
from hub.store.sqlite import SqliteStore
from hub.testing.fakes import FakeBus, FakeClock
from hub.testing.servers import mongo
from services.telephony.agents.repository import AgentRepository
from services.telephony.agents.service import Presence
from services.telephony.calls.drafts import interaction_id
from services.telephony.calls.models import Call, Result
from services.telephony.flow.models import Flow, Queue
from services.telephony.flow.service import Reception, Visit
from services.telephony.flow.steps import Wait
from services.telephony.lines.models import OurLine
from services.telephony.queues.repository import QueueRepository
from services.telephony.queues.service import Gone, Overflows, Queues, Rings, Turn, Waits
from tests.services.telephony.test_agents import A_CALL, ANNA, AVAILABLE, LEASE, LUNCH, WORK

MEMBERS = ["anna", "boris"]
RING, REST = 20, 15
FIRST, SECOND, THIRD = Rings("anna", 1), Rings("boris", 1), Waits(3, 5, told=True)


class Talks:
    """Who speaks at the moment, and what is told of those who wait."""

    def __init__(self) -> None:
        self.now: set[str] = set()
        self.joined: list[tuple[str, str, int]] = []

    async def tell_joined(self, interaction_id: str, name: str, position: int) -> None:
        self.joined.append((interaction_id, name, position))

    async def talking(self, logins: Any) -> set[str]:
        return self.now & set(logins)


class Hall:
    """One line with a queue of two members."""

    def __init__(self, store: Store) -> None:
        self.clock, self.talks = FakeClock(), Talks()
        agents = AgentRepository(store)
        agents.on(FakeBus(), self.clock)
        self.presence = Presence(agents, self.clock, lease=LEASE, work=WORK)
        self.kept = QueueRepository(store)
        self.queues = self.again()

    def again(self) -> Queues:
        """As another copy of the hub, which shares nothing but the store."""
        return Queues(self.kept, self.presence, self.talks, self.clock)

    async def look(self, call: str, line: str = "ln_1", members: list[str] | None = None, **over: Any) -> Turn:
        members = MEMBERS if members is None else members
        queue = Queue.model_validate({"members": members, "ring_seconds": RING, **over})
        ours = OurLine(id=line, number="+74950000100", exchange="ex_1", name="Sales", flow=Flow(queue=queue))
        self.line = ours
        return await self.again().look(call, ours, queue, members)

    async def unanswered(self, call: str, ring: int = 1) -> None:
        await self.queues.unanswered(call, self.line, ring)

    def later(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    async def ended(self, call: str, *, wait: float | None, talk: float = 0.0, began: float) -> Call:
        """The exchange's word; `wait` until the answer, none: nobody answered."""
        answered = None if wait is None else began + wait
        over = replace(A_CALL, started_at=began, answered_at=answered, ended_at=self.clock.now().timestamp())
        over = replace(over, result=Result.MISSED if wait is None else Result.ANSWERED, talk=talk, complete=True)
        return (await self.queues.hear([(call, over)]))[0]


@pytest.fixture(params=["sqlite", pytest.param("mongo", marks=pytest.mark.connected)])
async def hall(request: pytest.FixtureRequest, tmp_path: Path, mongo_database: str) -> AsyncIterator[Hall]:
    store: Store = SqliteStore(tmp_path / "telephony.sqlite")
    if request.param == "mongo":
        server: mongo.MongoServer = request.getfixturevalue("mongo_server")
        store = MongoStore(server.url, mongo_database)
    made = Hall(store)
    await store.start()
    yield made
    await store.stop()


async def test_each_free_member_is_rung_for_one_caller_in_their_order(hall: Hall) -> None:
    assert [await hall.look(one) for one in ("c1", "c2", "c3")] == [FIRST, SECOND, THIRD]
    assert [await hall.look(one) for one in ("c1", "c2")] == [FIRST, SECOND]
    assert hall.talks.joined == [("c1", "Sales", 1), ("c2", "Sales", 2), ("c3", "Sales", 3)]


async def test_a_later_caller_leaves_the_free_member_to_the_one_before_him(hall: Hall) -> None:
    hall.talks.now = {"anna", "boris"}
    assert [await hall.look(one) for one in ("c1", "c2")] == [Waits(1, 2, told=True), Waits(2, 3, told=True)]
    hall.talks.now = {"boris"}
    assert await hall.look("c2") == Waits(2, 3, told=False)
    assert await hall.look("c1") == FIRST


async def test_who_did_not_answer_rests_and_the_caller_has_the_next_member(hall: Hall) -> None:
    await hall.look("c1")
    await hall.unanswered("c1")
    assert await hall.look("c1") == Rings("boris", 2)
    await hall.unanswered("c1", 2)
    assert isinstance(await hall.look("c1"), Waits)
    hall.later(REST)
    assert await hall.look("c1") == Rings("anna", 3)


class NoPhones:
    """Nobody has one."""

    async def of(self, login: str) -> list[Any]:  # noqa: ARG002
        return []


async def test_the_end_of_a_ring_from_before_rings_were_numbered_ends_it_and_not_the_call(hall: Hall) -> None:
    exchange: Any = SimpleNamespace(id="ex_1")
    reception = Reception(
        queues=hall.queues,
        phones=NoPhones(),
        directory=None,
        clock=hall.clock,
        look=LEASE,
        patience=LEASE,  # type: ignore[arg-type]
    )
    call = interaction_id("ex_1", "c1")
    assert await hall.look(call) == FIRST
    await hall.kept.change("ln_1", without_numbers)
    acts = await reception.goes_on(
        Visit(exchange=exchange, call="c1", caller="", line=hall.line, kinds=()), "queue_rung"
    )
    assert [type(one) for one in acts] == [Wait]
    assert await hall.look(call) == SECOND


def without_numbers(queue: dict[str, Any]) -> dict[str, Any]:
    """As an older version kept it."""
    return {**queue, "places": [{k: v for k, v in one.items() if k != "ring"} for one in queue["places"]]}


async def test_the_end_of_a_ring_that_is_told_again_does_not_end_the_next_one(hall: Hall) -> None:
    await hall.presence.declare(AVAILABLE, actor=ANNA)
    assert await hall.look("c1", members=["anna"]) == FIRST
    await hall.unanswered("c1")
    hall.later(REST)
    assert await hall.look("c1", members=["anna"]) == Rings("anna", 2)
    await hall.unanswered("c1")
    assert (await hall.presence.mine(ANNA))["state"] == "on_call"
    assert await hall.look("c1", members=["anna"]) == Rings("anna", 2)


async def test_a_member_of_two_queues_is_rung_for_one_of_them(hall: Hall) -> None:
    assert await hall.look("c1", "ln_1", ["anna"]) == FIRST
    assert await hall.look("c2", "ln_2", ["anna"]) == Waits(1, 3, told=True)


async def test_who_pauses_is_not_rung_and_who_is_rung_is_in_a_call(hall: Hall) -> None:
    await hall.presence.declare(LUNCH, actor=ANNA)
    assert await hall.look("c1", members=["anna"]) == Waits(1, 3, told=True)
    await hall.presence.declare(AVAILABLE, actor=ANNA)
    assert await hall.look("c1", members=["anna"]) == FIRST
    assert (await hall.presence.mine(ANNA))["state"] == "on_call"
    await hall.unanswered("c1")
    assert (await hall.presence.mine(ANNA))["state"] == "available"


async def test_who_hangs_up_while_it_rings_leaves_the_member_free_and_has_abandoned(hall: Hall) -> None:
    await hall.presence.declare(AVAILABLE, actor=ANNA)
    began = hall.clock.now().timestamp()
    await hall.look("c1", members=["anna"])
    hall.later(7)
    call = await hall.ended("c1", wait=None, began=began)
    assert (call.result, call.queue, call.position, call.queue_wait) == (Result.ABANDONED, "Sales", 1, 7.0)
    assert (await hall.presence.mine(ANNA))["state"] == "available"
    hall.later(6)
    assert await hall.look("c2", members=["anna"]) == FIRST


async def test_who_waited_as_long_as_anybody_shall_overflows_once(hall: Hall) -> None:
    hall.talks.now = {"anna", "boris"}
    began = hall.clock.now().timestamp()
    await hall.look("c1", max_wait=60)
    hall.later(60)
    assert await hall.look("c1", max_wait=60) == Overflows()
    hall.later(5)
    call = await hall.ended("c1", wait=None, began=began)
    assert (call.result, call.queue_left, call.queue_wait) == (Result.MISSED, "overflow", 60.0)


async def test_whoever_was_rung_for_a_caller_who_leaves_is_free_again(hall: Hall) -> None:
    await hall.presence.declare(AVAILABLE, actor=ANNA)
    await hall.look("c1", members=["anna"], max_wait=60)
    hall.later(60)
    assert await hall.look("c1", members=["anna"], max_wait=60) == Overflows()
    assert (await hall.presence.mine(ANNA))["state"] != "on_call"


async def test_a_full_queue_takes_nobody_until_somebody_leaves(hall: Hall) -> None:
    hall.talks.now = {"anna", "boris"}
    await hall.look("c1", max_length=1)
    assert await hall.look("c2", max_length=1) == Overflows()
    await hall.queues.leave("c1", hall.line, "call_back")
    assert await hall.look("c1", max_length=1) == Gone()
    assert isinstance(await hall.look("c3", max_length=1), Waits)


async def test_whom_nobody_asked_about_is_gone_and_has_his_place_again_if_he_is_there(hall: Hall) -> None:
    hall.talks.now = {"anna", "boris"}
    await hall.look("c1")
    hall.later(50)
    assert await hall.look("c2") == Waits(2, 3, told=True)
    hall.later(30)
    assert await hall.look("c2") == Waits(1, 2, told=False)
    assert await hall.look("c1") == Waits(1, 2, told=True)
    assert await hall.look("c2") == Waits(2, 3, told=False)


async def test_how_long_it_takes_follows_from_the_last_conversations(hall: Hall) -> None:
    began = hall.clock.now().timestamp()
    await hall.look("c1")
    await hall.ended("c1", wait=4.0, talk=600.0, began=began)
    hall.talks.now = {"anna", "boris"}
    hall.later(10)
    assert await hall.look("c2") == Waits(1, 5, told=True)
    hall.later(44)
    assert await hall.look("c2") == Waits(1, 5, told=False)
    hall.later(1)
    assert await hall.look("c2") == Waits(1, 5, told=True)


async def test_an_answered_call_tells_its_wait_in_the_queue_however_often_it_is_told(hall: Hall) -> None:
    began = hall.clock.now().timestamp() - 3
    await hall.look("c1")
    hall.later(30)
    told = [await hall.ended("c1", wait=12.0, talk=20.0, began=began) for _ in range(2)]
    assert [(one.queue, one.position, one.queue_wait, one.queue_left) for one in told] == [("Sales", 1, 9.0, "")] * 2
    assert (await hall.kept.queue("ln_1"))["talks"] == [20.0]


async def test_old_visits_are_forgotten(hall: Hall) -> None:
    await hall.look("c1")
    hall.later(4 * 86_400)
    await hall.look("c2")
    await hall.queues.forget_old()
    assert set(await hall.kept.visits(["c1", "c2"])) == {"c2"}
    assert (await hall.kept.visits(["c2"]))["c2"]["joined_at"] == iso(hall.clock.now())


@pytest.mark.parametrize(
    ("flow", "word"),
    [
        ({"queue": {"members": []}}, "members"),
        ({"queue": {"members": ["anna"], "overflow": "voicemail"}}, "queue.overflow"),
        ({"queue": {"members": ["anna"], "overflow": "call_back"}}, "call_back"),
        ({"queue": {"members": ["anna"], "announcement": "{who}"}}, "{position}"),
        ({"queue": {"members": ["anna"], "call_back": {"key": "12"}}}, "key"),
        ({"queue": {"members": ["anna"], "max_wait": 5}}, "max_wait"),
        ({"ring": ["anna"], "sounds": {"welcome": "custom/hello"}}, "sounds"),
        ({"ring": ["anna"], "sounds": {"greeting": "hello world"}}, "sounds"),
    ],
)
def test_a_queue_that_cannot_be_is_refused_and_the_field_is_named(flow: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Flow.model_validate(flow)


@pytest.mark.parametrize("step", ["visit", "seats", "give"])
async def test_who_hangs_up_while_somebody_is_looked_for_leaves_every_member_free(hall: Hall, step: str) -> None:
    await hall.presence.declare(AVAILABLE, actor=ANNA)
    began = hall.clock.now().timestamp()
    hall.talks.now = {"anna"}
    assert isinstance(await hall.look("c1", members=["anna"]), Waits)
    hall.talks.now = set()
    hangs_up = partial(hall.ended, "c1", wait=None, began=began)
    owner: Any = hall.presence if step == "give" else hall.kept
    asked = getattr(owner, step)

    async def meanwhile(*given: Any, **over: Any) -> Any:
        setattr(owner, step, asked)
        answer = await asked(*given, **over)
        await hangs_up()
        return answer

    setattr(owner, step, meanwhile)
    await hall.look("c1", members=["anna"])
    assert (await hall.presence.mine(ANNA))["state"] == "available"
    assert (await hall.kept.queue("ln_1"))["places"] == []
    hall.later(REST)
    assert await hall.look("c2", members=["anna"]) == FIRST
