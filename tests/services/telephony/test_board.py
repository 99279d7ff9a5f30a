"""The board: the same numbers as the lists that it is made of, for those who see them, told once a second at most."""

from datetime import timedelta
from typing import Any

from hub.api.actor import Actor, Seal
from hub.api.asking import AsService
from hub.channels.simulators.asterisk import Phone
from hub.contracts.agent import BoardMoved
from hub.testing.fakes import FakeBus, FakeClock
from hub.testing.waiting import eventually
from services.telephony.board.service import Pulse
from tests.services.telephony.conftest import AmiHarness
from tests.services.telephony.test_dials import LIST, Floor, floor

__all__ = ["floor"]


class Signed(AsService):
    """Asks as an employee."""

    def __init__(self, seal: Seal, actor: Actor) -> None:
        super().__init__(seal, "")
        self._actor = actor


async def board(ami: AmiHarness) -> Any:
    return (await ami.api.get("/call-board")).json()


async def test_the_board_agrees_with_the_agents_the_calls_and_the_lists(floor: Floor) -> None:
    await floor.begins("anna")
    await floor.begins("boris")
    floor.ami.pbx.phones["101"] = floor.ami.pbx.phones["103"] = Phone(talks=3)
    await floor.dial("talks", Phone())

    async def talking() -> Any:
        found = await board(floor.ami)
        return found if any(one["state"] == "talking" for one in found["calls"]) else None

    found = await eventually(talking)
    agents = (await floor.ami.api.get("/agents")).json()["items"]
    assert {one["login"]: one["state"] for one in found["agents"]} == {one["login"]: one["state"] for one in agents}
    assert found["by_state"] == {"available": 1, "on_call": 1, "after_call": 0, "paused": 0, "away": 0}
    (call,) = found["calls"]
    assert (call["id"], call["direction"], call["login"]) == (floor.asked["talks"].id, "out", "anna")
    await floor.ends("talks")
    told = await floor.told()
    (row,) = (await board(floor.ami))["lists"]
    assert row == {
        "call_list": LIST,
        "ringing": 0,
        "waiting": 0,
        "talking": 0,
        "answered": told["answered"],
        "dropped": told["dropped"],
        "drop_rate": 0.0,
    }


async def test_the_board_counts_the_service_level_of_calls_that_came_in(ami: AmiHarness) -> None:
    ami.pbx.phones["101"] = Phone(talks=0.1)
    await ami.pbx.customer_calls(ami.number_of("answered"))
    ami.pbx.phones["101"] = Phone(answers=False)
    await ami.pbx.customer_calls(ami.number_of("missed"))
    await ami.call_of("missed")
    level = await eventually(lambda: board(ami), lambda found: found["level"]["calls"] == 2)
    assert (level["level"]["answered"], level["level"]["service_level"]) == (1, 1.0)


async def test_who_sees_neither_agents_nor_lines_has_an_empty_board(floor: Floor) -> None:
    await floor.begins("anna")
    await floor.dial("talks", Phone())
    await floor.ends("talks")
    nobody = Signed(floor.ami.footing().seal, Actor(login="petr", reach=()))
    found = (await floor.ami.api.get("/call-board", auth=nobody)).json()
    assert (found["agents"], found["calls"], found["lists"], found["level"]["calls"]) == ([], [], [], 0)
    assert sum(found["by_state"].values()) == 0


async def test_however_much_happens_the_stream_is_told_once_a_second_and_not_where_nothing_does() -> None:
    bus, clock = FakeBus(), FakeClock()
    pulse = Pulse(bus, clock)
    for _ in range(3):
        for _ in range(1_000):
            pulse.beat()
        await pulse.look()
        clock.advance(timedelta(seconds=1))
        await pulse.look()
    assert len([one for one in bus.events("agents") if isinstance(one, BoardMoved)]) == 3
