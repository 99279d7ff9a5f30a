"""A day of a list is recorded as it was: who was there when, who was dialled, and what came of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hub.api.actor import Actor
from hub.channels.simulators.asterisk import Phone
from hub.kit.clock import iso
from services.telephony.agents.counting import presence_of
from services.telephony.agents.models import Period, Presence
from services.telephony.dials.day import events_of
from tests.services.telephony.conftest import AmiHarness
from tests.services.telephony.test_agents import ANNA, AVAILABLE, CHIEF, LUNCH, WORK, Room
from tests.services.telephony.test_agents import room as room
from tests.services.telephony.test_dials import LIST, Floor
from tests.services.telephony.test_dials import floor as floor

DAY = datetime(2026, 3, 2, tzinfo=UTC)
SPAN = (DAY, DAY + timedelta(days=1))


def at(seconds: float) -> str:
    return iso(DAY + timedelta(seconds=seconds))


def spell(state: str, since: float, until: float | None, *lists: str, call: str | None = None) -> dict[str, Any]:
    ends = None if until is None else at(until)
    return {"state": state, "reason": "", "since": at(since), "until": ends, "lists": list(lists), "call": call}


def dial(name: str, rung: float, end: str, over: float, **times: Any) -> dict[str, Any]:
    agent = times.pop("agent", None)
    said = {one: None if one not in times else at(times[one]) for one in ("up_at", "talk_at")}
    return {"_id": name, "at": at(rung), "end": end, "over_at": at(over), "agent": agent, **said}


def test_a_day_is_told_as_the_dialler_is_told_of_it() -> None:
    spells = {
        "anna": [
            spell("available", 0, 5),
            spell("available", 5, 20, "cll_1"),
            spell("on_call", 20, 60, "cll_1", call="in_1"),
            spell("after_call", 60, 70, "cll_1", call="in_1"),
            spell("paused", 70, 100, "cll_1"),
            spell("available", 100, None, "cll_1"),
        ],
    }
    dials = [
        dial("in_2", 12, "no_answer", 40),
        dial("in_1", 10, "talked", 60, up_at=18, talk_at=20, agent="anna"),
        dial("in_3", 13, "dropped", 24, up_at=22),
        dial("in_4", 14, "machine", 30, up_at=25),
    ]
    assert events_of("cll_1", dials, spells, SPAN) == [
        [5.0, "on", "", "agent1"],
        [10.0, "dialled", "c1", ""],
        [12.0, "dialled", "c2", ""],
        [13.0, "dialled", "c3", ""],
        [14.0, "dialled", "c4", ""],
        [18.0, "answered", "c1", ""],
        [20.0, "connected", "c1", "agent1"],
        [22.0, "answered", "c3", ""],
        [24.0, "dropped", "c3", ""],
        [30.0, "failed", "c4", ""],
        [40.0, "failed", "c2", ""],
        [70.0, "free", "c1", "agent1"],
        [70.0, "off", "", "agent1"],
        [100.0, "on", "", "agent1"],
    ]


def test_who_was_there_before_the_day_and_after_it_was_there_all_day() -> None:
    spells = {"anna": [spell("available", -100, 200_000, "cll_1")]}
    assert events_of("cll_1", [], spells, SPAN) == [[0.0, "on", "", "agent1"], [86_400.0, "off", "", "agent1"]]


async def test_lists_are_in_the_history_and_change_nothing_of_what_is_shown_of_it(room: Room) -> None:
    begun = room.clock.now()
    await room.presence.declare(AVAILABLE, actor=ANNA)
    for seconds, joins in ((10, True), (20, False)):
        await room.later(seconds)
        if joins:
            await room.presence.join("cll_1", work=WORK, actor=ANNA)
        else:
            await room.presence.leave("cll_1", actor=ANNA)
    await room.later(5)
    spells = (await room.presence.of_day("cll_1", begun, begun + timedelta(hours=1)))["anna"]
    lasted = [(one["state"], one["lists"]) for one in spells if one["since"] != one["until"]]
    assert lasted == [("available", []), ("available", ["cll_1"]), ("available", [])]
    assert [(one.state, one.seconds) for one in (await room.history()).items][-1] == ("available", 35.0)
    assert (await room.agent())["since"] == iso(begun), "who is free for longest is as before"
    assert await room.presence.of_day("cll_2", begun, begun + timedelta(hours=1)) == {}


async def test_who_is_logged_out_by_silence_left_his_lists_then(room: Room) -> None:
    begun = room.clock.now()
    await room.presence.declare(AVAILABLE, actor=ANNA)
    await room.presence.join("cll_1", work=WORK, actor=ANNA)
    await room.later(61, heard=False)
    spells = (await room.presence.of_day("cll_1", begun, begun + timedelta(hours=1)))["anna"]
    assert [(one["state"], one["lists"]) for one in spells][-2:] == [("available", ["cll_1"]), ("away", [])]


async def test_presence_is_counted_by_agent_and_reason_for_those_whom_one_sees(room: Room) -> None:
    period = Period(since=room.clock.now(), until=room.clock.now() + timedelta(hours=1))
    await room.later(5)
    for given, seconds in (
        (AVAILABLE, 50),
        (LUNCH, 30),
        (AVAILABLE, 10),
        (LUNCH, 20),
        (Presence(state="away"), 15),
        (AVAILABLE, 61),
    ):
        await room.presence.declare(given, actor=ANNA)
        await room.later(seconds, heard=seconds != 61)
    await room.later(1)
    items, following = await room.presence.statistics(period, actor=CHIEF, limit=20, after=None)
    found = presence_of(items[0])
    assert following is None
    assert (found.login, found.by_reason, found.pauses) == ("anna", {"lunch": 50.0}, {"lunch": 2})
    assert (found.came, found.away, found.billable) == (1, {"": 1, "lease": 1}, 121.0)
    assert sum(found.by_state.values()) == found.seconds
    stranger = Actor(login="boris", reach=("team:support",))
    assert (await room.presence.statistics(period, actor=stranger, limit=20, after=None))[0] == []


async def test_what_agents_did_is_forgotten_after_its_time(room: Room) -> None:
    await room.presence.declare(AVAILABLE, actor=ANNA)
    for number in range(25):
        await room.later(30)
        await room.presence.declare(LUNCH if number % 2 else AVAILABLE, actor=ANNA)
    before = len((await room.history()).items)
    await room.later(3_600 * 24, heard=False)
    await room.presence.forget(room.clock.now() - timedelta(hours=1))
    now = room.clock.now()
    kept = await room.presence.of_day("", now - timedelta(days=2), now)
    assert before > 20
    assert kept == {}
    left = await room.presence.history("anna", Period(since=now - timedelta(days=2), until=now), actor=CHIEF)
    assert len(left.items) <= 21, "those that his own document has, and what he does now"


async def test_a_list_that_dials_tells_of_its_day(floor: Floor, ami: AmiHarness) -> None:
    await floor.begins("anna")
    await floor.dial("buys", Phone())
    assert await floor.ends("buys") == {"buys": "talked"}
    now = datetime.now(UTC)
    asked = {"since": iso(now - timedelta(hours=1)), "until": iso(now + timedelta(hours=1))}
    told = (await ami.api.post(f"/call-lists/{LIST}/day", json=asked)).json()
    whats = [event[1] for event in told["events"]]
    assert told["complete"]
    assert [one for one in whats if one not in ("on", "off")] == ["dialled", "answered", "connected", "free"]
    assert whats.index("on") < whats.index("dialled")
