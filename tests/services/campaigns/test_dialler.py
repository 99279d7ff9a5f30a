"""Lists that dial by themselves: as many as pacing says, none twice, all accounted, whoever is killed."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from hub.contracts.scope import EVERYTHING
from hub.kit.errors import Conflict, TransientError
from hub.store.base import Document
from hub.store.leases import LEASES, Leases
from services.campaigns.calllists.dialler import Dialler, dialler_of
from services.campaigns.calllists.models import Disposition
from services.campaigns.calllists.repository import CallRepository
from services.campaigns.calllists.ringing import Ringing
from tests.services.campaigns.conftest import Desk
from tests.services.campaigns.test_calllists import ANNA, MARKETER, POLICY, Room, people

CAP = 0.03


class Floor:
    """The service of calls: agents, and what becomes of each call, as the test says."""

    def __init__(self) -> None:
        self.free = 0
        self.agents: list[str] = []
        self.ends: dict[str, Document] = {}
        self.down = False
        self.asked = 0
        self.shared: dict[str, int] = {}

    def ended(self, interaction: str, end: str, agent: str | None = None) -> None:
        self.ends[interaction] = {
            "id": interaction,
            "state": "over",
            "end": end,
            "agent": agent,
            "talked": bool(agent),
        }

    async def dials(self, list_id: str, ids: Sequence[str]) -> Document:
        self.asked += 1
        if self.down:
            raise TransientError("the service telephony does not answer")
        ends = Counter(one["end"] for one in self.ends.values())
        answered = ends["talked"] + ends["dropped"]
        counts = {"dialled": len(self.ends), "answered": answered, "dropped": ends["dropped"], "over": len(self.ends)}
        shared, others = self.shared.get(list_id, 0), [one for one in self.shared if one != list_id]
        now = {
            "available": self.free,
            "shared": shared,
            "others": others,
            "busy": 0,
            "waiting": 0,
            "ring": 10.0,
            "talk": 60.0,
        }
        return {**now, **counts, "dials": [self.ends[one] for one in ids if one in self.ends]}


class Hall:
    """A list that dials, in a room of agents; `again` is what a restart, or another copy, finds."""

    def __init__(self, room: Room, store: Any) -> None:
        self.room, self.store, self.floor = room, store, Floor()
        self.leases = store.collection(LEASES)
        self.dialler = self.again("one")

    def again(self, owner: str) -> Dialler:
        ringing = Ringing(self.room.kept, self.room.stops, self.room.phones, self.room.desk.clock, POLICY.caps)
        leases = Leases(self.leases, self.room.desk.clock, owner, timedelta(seconds=30))
        return Dialler(self.room.kept, self.room.again(), ringing, self.floor, leases, self.room.desk.clock)

    async def list(self, count: int, **over: Any) -> str:
        await people(self.room, count)
        return await self.room.list(**{"mode": "predictive", "most_lines": 20, **over})

    async def look(self) -> None:
        await self.dialler.look()
        self.room.desk.clock.advance(timedelta(seconds=1))

    async def ringing(self, made: str) -> dict[str, Document]:
        """Those that the dialler holds, by interaction."""
        held = await self.room.kept.held_by(dialler_of(made).login)
        return {one["attempt"]["interaction"]: one for one in held}

    async def outcomes(self, made: str) -> Counter[str]:
        page = await self.room.kept.attempts.find({"list": made}, order="at", limit=500)
        return Counter(one["disposition"] for one in page.items)


@pytest.fixture
async def kept(store: Any) -> CallRepository:
    store.collection(LEASES)
    return CallRepository(store)


@pytest.fixture
async def hall(kept: CallRepository, desk: Desk, store: Any) -> Hall:
    return Hall(Room(desk, kept), store)


async def test_progressive_dials_one_number_for_each_free_agent_and_no_more_while_they_ring(hall: Hall) -> None:
    made = await hall.list(10, mode="progressive")
    await hall.look()
    assert hall.room.phones.rung == {}, "nobody is free"
    hall.floor.free = 3
    for _ in range(3):
        await hall.look()
    assert len(hall.room.phones.rung) == 3
    assert len(await hall.ringing(made)) == 3


async def test_never_more_lines_ring_than_the_list_has(hall: Hall) -> None:
    made = await hall.list(30, most_lines=4, pacing={"lines": 10, "limit": "average", "cap": 0.2})
    hall.floor.free = 12
    for _ in range(5):
        await hall.look()
    assert len(await hall.ringing(made)) == len(hall.room.phones.rung) == 4


async def test_what_the_exchange_says_becomes_the_outcome_and_who_talks_is_his_agents(hall: Hall) -> None:
    made = await hall.list(5, mode="progressive")
    hall.floor.free = 5
    await hall.look()
    names = list(await hall.ringing(made))
    for name, end in zip(names, ("busy", "no_answer", "machine", "dropped", "talked"), strict=True):
        hall.floor.ended(name, end, "anna" if end == "talked" else None)
    hall.floor.free = 0
    await hall.look()
    assert await hall.ringing(made) == {}
    assert await hall.outcomes(made) == {"busy": 1, "no_answer": 1, "answering_machine": 1, "dropped": 1}
    (mine,) = await hall.room.work.mine(ANNA)
    assert mine["attempt"]["interaction"] == names[4]
    assert (await hall.room.came(mine, "sale", ANNA))["state"] == "done"


async def test_the_cap_on_drops_is_kept_from_what_is_recorded_also_by_a_dialler_that_begins_anew(hall: Hall) -> None:
    made = await hall.list(20, pacing={"cap": CAP, "limit": "hard", "lines": 5})
    for number in range(100):
        hall.floor.ended(f"in_old{number}", "dropped" if number < 3 else "talked", "boris" if number >= 3 else None)
    hall.floor.free = 2
    hall.dialler = hall.again("two")
    await hall.look()
    assert len(await hall.ringing(made)) == 2, "three of a hundred were dropped: one line for each who is free"


async def test_two_copies_dial_no_number_twice_and_one_that_is_gone_is_followed_by_the_other(hall: Hall) -> None:
    made = await hall.list(12, mode="progressive")
    other, hall.floor.free = hall.again("two"), 4
    await hall.look()
    await other.look()
    assert len(hall.room.phones.rung) == 4
    hall.room.desk.clock.advance(timedelta(seconds=31))
    for name in await hall.ringing(made):
        hall.floor.ended(name, "no_answer")
    await other.look()
    assert len(hall.room.phones.rung) == 8
    assert max(Counter(hall.room.phones.rung.values()).values()) == 1
    assert await hall.outcomes(made) == {"no_answer": 4}


async def test_while_the_service_of_calls_is_away_nobody_is_dialled_and_afterwards_nobody_is_forgotten(
    hall: Hall,
) -> None:
    made = await hall.list(6, mode="progressive")
    hall.floor.free = 2
    await hall.look()
    hall.floor.down = True
    for _ in range(3):
        await hall.look()
    names = list(await hall.ringing(made))
    hall.floor.down = False
    for name in names:
        hall.floor.ended(name, "busy")
    await hall.look()
    assert await hall.outcomes(made) == {"busy": 2}
    assert len(hall.room.phones.rung) == 4


async def test_a_call_of_which_nobody_ever_heard_is_given_up_and_its_number_is_free(hall: Hall) -> None:
    made = await hall.list(1, mode="progressive")
    hall.floor.free = 1
    await hall.look()
    hall.room.desk.clock.advance(timedelta(minutes=6))
    await hall.look()
    assert (await hall.ringing(made), await hall.outcomes(made)) == ({}, {"failed": 1})


async def test_a_list_that_rests_dials_nobody_and_settles_whom_it_dialled(hall: Hall) -> None:
    made = await hall.list(5, mode="progressive")
    hall.floor.free = 1
    await hall.look()
    await hall.room.lists.turn(made, "paused", actor=MARKETER)
    (name,) = await hall.ringing(made)
    hall.floor.ended(name, "no_answer")
    await hall.look()
    assert (await hall.outcomes(made), len(hall.room.phones.rung)) == ({"no_answer": 1}, 1)


async def test_a_number_that_was_stopped_meanwhile_is_not_dialled(hall: Hall) -> None:
    made = await hall.list(3, mode="progressive")
    await hall.room.stops.stop("phone:+79160000002", "*", why="просил", by="anna")
    hall.floor.free = 3
    for _ in range(3):
        await hall.look()
    assert sorted(hall.room.phones.rung.values()) == ["phone:+79160000001", "phone:+79160000003"]
    assert len(await hall.ringing(made)) == 2


async def test_nobody_takes_somebody_by_hand_of_a_list_that_dials_by_itself(hall: Hall) -> None:
    made = await hall.list(1)
    with pytest.raises(Conflict, match="dials by itself"):
        await hall.room.work.next(made, actor=ANNA)
    assert dialler_of(made).reach == (EVERYTHING,)


async def test_what_a_machine_says_is_settled_also_where_that_means_a_call_back_that_nobody_promised(
    hall: Hall,
) -> None:
    made = await hall.list(2, mode="progressive")
    meaning = Disposition.model_validate({"title": "Занято", "flags": ["callback"], "again": ["PT15M"]})
    await hall.room.lists.define("busy", meaning)
    hall.floor.free = 2
    await hall.look()
    first, second = await hall.ringing(made)
    hall.floor.ended(first, "busy")
    hall.floor.ended(second, "no_answer")
    hall.floor.free = 0
    await hall.look()
    assert await hall.outcomes(made) == {"busy": 1, "no_answer": 1}


async def test_a_list_that_rests_and_has_nobody_who_was_dialled_costs_no_question(hall: Hall) -> None:
    made = await hall.list(2, mode="progressive")
    await hall.room.lists.turn(made, "paused", actor=MARKETER)
    await hall.look()
    assert hall.floor.asked == 0


async def test_an_agent_of_two_lists_is_dialled_for_once(hall: Hall) -> None:
    first = await hall.list(4, mode="progressive")
    second = await hall.room.list(mode="progressive", most_lines=20)
    hall.floor.shared = {first: 1, second: 1}
    hall.floor.free = 1
    for _ in range(3):
        await hall.look()
    assert len(hall.room.phones.rung) == 1
