"""Presence: declared by agents, moved by calls, ended by silence; the seconds of its history add up."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.api.actor import Actor
from hub.channels.simulators.asterisk import Phone
from hub.contracts.agent import AgentChanged
from hub.contracts.scope import EVERYTHING
from hub.kit.clock import iso
from hub.kit.errors import InvalidInput, NotFound
from hub.store.base import CollectionSpec, Document, Page
from hub.store.due import Due
from hub.store.sqlite import SqliteStore
from hub.testing.fakes import FakeBus, FakeClock
from hub.testing.waiting import eventually
from services.telephony.agents import rules
from services.telephony.agents.models import PauseReason, Period
from services.telephony.agents.models import Presence as Declared
from services.telephony.agents.repository import SPELLS, AgentRepository
from services.telephony.agents.service import Presence
from services.telephony.calls.models import Call, Direction, Leg
from tests.services.telephony.conftest import AmiHarness

ANNA = Actor(login="anna", teams=("sales",), reach=("owner:anna", "team:sales"))
BORIS = Actor(login="boris", teams=("support",), reach=("owner:boris", "team:support"))
CHIEF = Actor(login="olga", reach=(EVERYTHING,))
AVAILABLE = Declared(state="available")
LUNCH = Declared(state="paused", reason="lunch")
A_CALL = Call(
    id="c1",
    direction=Direction.IN,
    from_="+79160000001",
    from_raw="+79160000001",
    to="+74950000001",
    line="+74950000001",
    answered_by="101",
    result=None,
    wait=1.0,
    talk=0.0,
    hold=0.0,
    started_at=0.0,
    answered_at=1.0,
    ended_at=None,
    complete=False,
)
LEASE, WORK = timedelta(seconds=60), timedelta(seconds=30)


class Room:
    """Agents of one hub; `again` is what a restart finds."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.clock, self.bus = FakeClock(), FakeBus()
        self.kept = AgentRepository(store)
        self.kept.on(self.bus, self.clock)
        self.presence = self.again()
        self.due = Due(self.kept.agents, rules.FIRES, self.clock)

    def again(self) -> Presence:
        return Presence(self.kept, self.clock, lease=LEASE, work=WORK)

    async def state(self, login: str = "anna") -> tuple[str, str]:
        agent = await self.agent(login)
        return agent["state"], agent["reason"]

    async def agent(self, login: str = "anna") -> Document:
        found = await self.kept.agents.get(login)
        assert found is not None
        return found

    async def later(self, seconds: float, *, heard: bool = True) -> None:
        """Time passes; his page renews what it has to."""
        self.clock.advance(timedelta(seconds=seconds))
        if heard:
            await self.presence.renew(actor=ANNA)
        await self.due.look()

    async def history(self, actor: Actor = CHIEF) -> Any:
        now = self.clock.now()
        period = Period(since=now - timedelta(hours=8), until=now + timedelta(hours=1))
        return await self.presence.history("anna", period, actor=actor)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    store = SqliteStore(tmp_path / "telephony.sqlite")
    made = Room(store)
    await store.start()
    yield made
    await store.stop()


async def test_an_agent_says_what_he_does_and_a_pause_has_a_reason_out_of_the_dictionary(room: Room) -> None:
    assert (await room.presence.mine(ANNA))["state"] == (await room.presence.renew(actor=ANNA))["state"] == "away"
    await room.presence.declare(AVAILABLE, actor=ANNA)
    assert await room.state() == ("available", "")
    with pytest.raises(InvalidInput, match="there is no reason tea; it is one of"):
        await room.presence.declare(Declared(state="paused", reason="tea"), actor=ANNA)
    await room.presence.define("tea", PauseReason(title="Чай"))
    await room.presence.declare(Declared(state="paused", reason="tea"), actor=ANNA)
    assert await room.state() == ("paused", "tea")
    with pytest.raises(ValueError, match="a pause has a reason"):
        Declared(state="paused")
    told = [(one.state, one.reason) for one in room.bus.events("agents") if isinstance(one, AgentChanged)]
    assert told == [("available", ""), ("paused", "tea")]


async def test_who_is_not_heard_of_is_away_and_logged_out_also_after_a_restart(room: Room) -> None:
    await room.presence.declare(AVAILABLE, actor=ANNA)
    await room.presence.join("cll_1", work=WORK, actor=ANNA)
    await room.later(50)
    await room.later(59)
    assert await room.state() == ("available", "")
    room.presence = room.again()
    await room.later(61, heard=False)
    assert (await room.state(), (await room.agent())["lists"]) == (("away", "lease"), [])
    await room.presence.renew(actor=ANNA)
    assert await room.state() == ("away", "lease"), "who counts as away has to say that he is there"
    assert await room.presence.take("cll_1", "in_1") is None


async def test_a_call_makes_him_busy_then_there_is_work_after_it_which_has_an_end(room: Room) -> None:
    await room.presence.declare(AVAILABLE, actor=ANNA)
    await room.presence.join("cll_1", work=timedelta(seconds=20), actor=ANNA)
    assert await room.presence.take("cll_1", "in_1") == "anna"
    assert await room.presence.take("cll_1", "in_2") is None
    await room.later(40)
    await room.presence.over("anna", "in_1")
    assert (await room.state(), (await room.agent())["call"]) == (("after_call", ""), "in_1")
    await room.later(19)
    assert await room.state() == ("after_call", "")
    await room.later(2)
    assert await room.state() == ("available", "")


async def test_what_he_says_during_a_call_counts_from_its_end_on(room: Room) -> None:
    await room.presence.declare(AVAILABLE, actor=ANNA)
    await room.presence.join("cll_1", work=WORK, actor=ANNA)
    await room.presence.take("cll_1", "in_1")
    await room.presence.declare(LUNCH, actor=ANNA)
    assert await room.state() == ("on_call", "")
    await room.presence.over("anna", "in_1")
    assert await room.state() == ("paused", "lunch")


async def test_a_call_that_he_does_not_take_shows_that_he_is_not_there(room: Room) -> None:
    await room.presence.declare(AVAILABLE, actor=ANNA)
    await room.presence.join("cll_1", work=WORK, actor=ANNA)
    await room.presence.take("cll_1", "in_1")
    await room.presence.over("anna", "in_1", unanswered=True)
    assert await room.state() == ("away", "unanswered")


async def test_who_was_given_a_call_just_before_a_crash_is_free_when_it_is_over(room: Room) -> None:
    await room.presence.declare(AVAILABLE, actor=ANNA)
    await room.presence.join("cll_1", work=timedelta(0), actor=ANNA)
    await room.presence.take("cll_1", "in_1")
    room.presence = room.again()
    assert await room.presence.take("cll_1", "in_1") == "anna", "he has it already"
    await room.presence.leave("cll_1", actor=ANNA)
    await room.presence.release("in_1")
    assert await room.state() == ("available", "")


async def test_a_call_goes_to_whoever_is_free_for_longest_and_to_nobody_of_another_list(room: Room) -> None:
    for actor, call_list in ((BORIS, "cll_1"), (ANNA, "cll_1"), (CHIEF, "cll_2")):
        await room.presence.declare(AVAILABLE, actor=actor)
        await room.presence.join(call_list, work=WORK, actor=actor)
        room.clock.advance(timedelta(seconds=1))
    assert [await room.presence.take("cll_1", f"in_{n}") for n in range(3)] == ["boris", "anna", None]


async def test_the_seconds_of_a_history_add_up_and_no_state_is_lost_when_its_row_was_not_written(room: Room) -> None:
    began = room.clock.now()
    await room.presence.declare(AVAILABLE, actor=ANNA)
    await room.presence.join("cll_1", work=WORK, actor=ANNA)
    for number in range(30):
        await room.later(7)
        await room.presence.take("cll_1", f"in_{number}")
        await room.later(11)
        await room.presence.over("anna", f"in_{number}")
        await room.later(31)
    await room.presence.declare(LUNCH, actor=ANNA)
    await room.later(50)
    found = await room.history()
    assert found.seconds == (room.clock.now() - began).total_seconds()
    assert found.by_state == {"available": 30 * 7, "on_call": 330, "after_call": 30 * 31, "paused": 50, "away": 0}
    assert (found.by_reason, found.billable) == ({"lunch": 50}, found.seconds - 50)
    assert all(one.until == other.since for one, other in zip(found.items, found.items[1:], strict=False))


async def test_who_does_not_see_an_agent_hears_nothing_of_him(room: Room) -> None:
    await room.presence.declare(AVAILABLE, actor=ANNA)
    assert (await room.presence.page(BORIS, limit=10, after=None)).items == []
    assert len((await room.presence.page(ANNA, limit=10, after=None)).items) == 1
    with pytest.raises(NotFound):
        await room.history(BORIS)
    with pytest.raises(NotFound):
        await room.presence.turn("anna", LUNCH, actor=BORIS)
    assert (await room.presence.turn("anna", LUNCH, actor=CHIEF))["state"] == "paused"


async def test_who_is_turned_available_by_somebody_else_is_away_too_when_nothing_is_heard_of_him(room: Room) -> None:
    await room.presence.declare(AVAILABLE, actor=ANNA)
    await room.later(61, heard=False)
    await room.presence.turn("anna", AVAILABLE, actor=CHIEF)
    await room.later(61, heard=False)
    assert await room.state() == ("away", "lease")


async def test_who_is_turned_away_by_somebody_else_is_logged_out_of_call_lists_as_by_himself(room: Room) -> None:
    await room.presence.declare(AVAILABLE, actor=ANNA)
    await room.presence.join("cll_1", work=WORK, actor=ANNA)
    await room.presence.turn("anna", Declared(state="away"), actor=CHIEF)
    assert ((await room.state())[0], (await room.agent())["lists"]) == ("away", [])


async def test_who_leaves_a_list_and_never_was_an_agent_is_none_afterwards(room: Room) -> None:
    assert (await room.presence.leave("cll_1", actor=ANNA))["lists"] == []
    assert (await room.presence.page(CHIEF, limit=10, after=None)).items == []


async def test_a_call_that_is_over_frees_its_operator_whoever_has_his_phone_by_then(room: Room) -> None:
    leg = Leg(party="101", role="operator", rang=1.0, answered=True, connected=0.0, outcome="answered")
    call = replace(A_CALL, legs=(leg,))
    await room.presence.declare(AVAILABLE, actor=ANNA)
    await room.presence.hear(call, "in_1", {"101": "anna"})
    assert (await room.state())[0] == "on_call"
    await room.presence.hear(replace(call, complete=True, legs=(replace(leg, over=True),)), "in_1", {"101": "boris"})
    assert (await room.state())[0] != "on_call"


async def test_a_call_at_the_exchange_makes_its_operator_busy_for_as_long_as_he_is_in_it(ami: AmiHarness) -> None:
    joining = {"login": "anna", "joins": True, "after_call": 0}
    assert (await ami.api.post("/call-lists/cll_1/agents", json=joining)).status_code == 200
    assert (await ami.api.put("/agents/anna", json={"state": "available"})).json()["state"] == "available"
    ami.pbx.phones["101"] = Phone(talks=0.1)
    await ami.pbx.customer_calls(ami.number_of("talks"))
    call = await ami.call_of("talks")

    async def states() -> list[str] | None:
        now = datetime.now(UTC)
        period = {"since": (now - timedelta(hours=1)).isoformat(), "until": (now + timedelta(hours=1)).isoformat()}
        items = (await ami.api.get("/agents/anna/history", params=period)).json()["items"]
        return [one["state"] for one in items]

    assert call.answered_login == "anna"
    assert (await eventually(states, lambda found: len(found) == 4))[1:] == ["available", "on_call", "available"]


class Counted:
    """A store that tells how many documents were read of a collection."""

    def __init__(self, inner: SqliteStore) -> None:
        self._inner = inner
        self.read = 0

    def collection(self, spec: CollectionSpec) -> Any:
        found = self._inner.collection(spec)
        return _CountedRows(self, found) if spec.name == "agent_spells" else found


class _CountedRows:
    def __init__(self, counted: Counted, inner: Any) -> None:
        self._counted = counted
        self.put_many, self._find = inner.put_many, inner.find

    async def find(self, *asked: Any, **over: Any) -> Page:
        page: Page = await self._find(*asked, **over)
        self._counted.read += len(page.items)
        return page


async def test_of_a_long_history_no_more_is_read_than_a_page_behind_what_was_asked_for(room: Room) -> None:
    day = room.clock.now()
    rows = [
        {
            "login": "anna",
            "state": "paused",
            "reason": str(n),
            "call": None,
            "lists": [],
            "since": since,
            "until": until,
        }
        for n in range(1_200)
        for since, until in [(iso(day + timedelta(minutes=n)), iso(day + timedelta(minutes=n + 1)))]
    ]
    counted = Counted(room.store)
    kept = AgentRepository(counted)  # type: ignore[arg-type]
    await room.store.collection(SPELLS).put_many([{"_id": f"sp_{n}", **row} for n, row in enumerate(rows)])
    found = await kept.spells("anna", day + timedelta(minutes=1), day + timedelta(minutes=3))
    assert [one["reason"] for one in found] == ["1", "2"]
    assert counted.read == 500
