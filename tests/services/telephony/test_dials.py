"""Calls that a list begins: the customer is rung first, then a free agent's phone; who waits in vain is dropped."""

from typing import Any

import pytest

from hub.channels.simulators.asterisk import Phone
from hub.contracts.call import CallRequest
from hub.contracts.interaction import CallChanged, DeliveryState, SendMessage
from hub.testing.waiting import eventually
from tests.services.telephony.conftest import AmiHarness

LIST = "cll_1"


class Floor:
    """Agents of one list, and those whom it dials."""

    def __init__(self, ami: AmiHarness) -> None:
        self.ami = ami
        self.asked: dict[str, SendMessage] = {}

    async def begins(self, login: str) -> None:
        joining = {"login": login, "joins": True, "after_call": 0}
        assert (await self.ami.api.post(f"/call-lists/{LIST}/agents", json=joining)).is_success
        assert (await self.ami.api.put(f"/agents/{login}", json={"state": "available"})).is_success

    async def dial(self, name: str, phone: Phone, **over: Any) -> None:
        self.ami.pbx.phones[self.ami.number_of(name)] = phone
        request = CallRequest(operator="", call_list=LIST, **over)
        self.asked[name] = self.ami.message(name, call=request)
        await self.ami.give(self.asked[name])

    async def told(self) -> Any:
        ids = [one.id for one in self.asked.values()]
        return (await self.ami.api.post(f"/call-lists/{LIST}/dials", json={"ids": ids})).json()

    async def ends(self, *names: str) -> dict[str, str]:
        """How those ended, once they have."""

        async def over() -> dict[str, str]:
            names_of = {one.id: name for name, one in self.asked.items()}
            return {names_of[one["id"]]: one["end"] for one in (await self.told())["dials"] if one["end"]}

        found: dict[str, str] = await eventually(over, lambda found: found.keys() >= set(names))
        return found

    async def call(self, name: str) -> CallChanged:
        async def over() -> CallChanged | None:
            found = [e for e in await self.ami.events(CallChanged) if e.interaction_id == self.asked[name].id]
            return next((e for e in found if e.call.complete), None)

        result: CallChanged = await eventually(over)
        return result

    async def agent(self, login: str) -> tuple[str, str]:
        items = (await self.ami.api.get("/agents")).json()["items"]
        return next((one["state"], one["reason"]) for one in items if one["login"] == login)


@pytest.fixture
async def floor(ami: AmiHarness) -> Floor:
    change = {"connection": {"outside": "PJSIP/{number}@trunk"}}
    assert (await ami.api.patch(f"/exchanges/{ami.exchange_id}", json=change)).is_success
    await ami.until_healthy("green")
    return Floor(ami)


async def test_who_answers_is_put_through_to_a_free_agent_and_it_is_the_call_that_was_planned(floor: Floor) -> None:
    await floor.begins("anna")
    await floor.dial("buys", Phone())
    assert await floor.ends("buys") == {"buys": "talked"}
    told = await floor.call("buys")
    assert (told.call.result, told.account, told.call.answered_login) == ("answered", floor.ami.line_id, "anna")
    assert [(one.role, one.login) for one in told.participants] == [("to", None), ("from", "anna")]
    assert told.other_side == floor.asked["buys"].to[0].address
    assert await floor.agent("anna") == ("available", "")


async def test_who_does_not_answer_or_is_busy_or_a_machine_costs_no_agent_and_counts_as_no_drop(floor: Floor) -> None:
    await floor.dial("away", Phone(answers=False))
    await floor.dial("speaks", Phone(answers=False, status="BUSY"))
    await floor.dial("machine", Phone(machine=True))
    ends = await floor.ends("away", "speaks", "machine")
    assert ends == {"away": "no_answer", "speaks": "busy", "machine": "machine"}
    assert [(await floor.call(name)).call.result for name in ("away", "speaks")] == ["missed", "busy"]
    told = await floor.told()
    assert (told["dialled"], told["over"], told["answered"], told["dropped"]) == (3, 3, 0, 0)


async def test_who_answers_and_waits_in_vain_is_dropped_and_counted_and_hears_the_message_where_there_is_one(
    floor: Floor,
) -> None:
    floor.ami.pbx.messages.add("700")
    await floor.dial("hung up", Phone())
    await floor.dial("played to", Phone(), dropped_to="700")
    assert await floor.ends("hung up", "played to") == {"hung up": "dropped", "played to": "dropped"}
    told = await floor.told()
    assert (told["answered"], told["dropped"], told["waiting"]) == (2, 2, 0)
    await eventually(lambda: floor.ami.pbx.played)
    assert floor.ami.pbx.played == [floor.ami.number_of("played to").lstrip("+")]
    assert (await floor.call("hung up")).call.result == "abandoned"


async def test_an_agent_whose_phone_does_not_answer_is_given_nobody_else(floor: Floor) -> None:
    await floor.begins("anna")
    floor.ami.pbx.phones["101"] = Phone(answers=False)
    await floor.dial("waits", Phone())
    assert await floor.ends("waits") == {"waits": "dropped"}
    assert await eventually(lambda: floor.agent("anna"), lambda found: found[0] == "away") == ("away", "unanswered")


async def test_who_hangs_up_while_an_agents_phone_rings_leaves_the_agent_available(floor: Floor) -> None:
    await floor.begins("anna")
    floor.ami.pbx.phones["101"] = Phone(after=10)
    await floor.dial("impatient", Phone())
    await eventually(lambda: floor.agent("anna"), lambda found: found[0] == "on_call")
    exchange = floor.ami.pbx.exchange
    name = exchange.named(floor.asked["impatient"].id)
    assert name is not None
    exchange.hangs_up(name)
    assert await floor.ends("impatient") == {"impatient": "dropped"}
    assert await eventually(lambda: floor.agent("anna"), lambda found: found[0] != "on_call") == ("available", "")


async def test_an_agent_without_a_phone_at_an_exchange_is_nobody_to_dial_for(floor: Floor) -> None:
    await floor.begins("nina")
    assert (await floor.told())["available"] == 0
    await floor.begins("anna")
    assert (await floor.told())["available"] == 1


async def test_two_who_answer_at_once_get_two_agents_and_a_third_none(floor: Floor) -> None:
    await floor.begins("anna")
    await floor.begins("boris")
    floor.ami.pbx.phones["101"] = floor.ami.pbx.phones["103"] = Phone(talks=4)
    for name in ("one", "two", "three"):
        await floor.dial(name, Phone())
    ends = await floor.ends("one", "two", "three")
    assert sorted(ends.values()) == ["dropped", "talked", "talked"]


async def test_a_restart_while_somebody_talks_and_somebody_waits_leaves_nobody_uncounted(floor: Floor) -> None:
    await floor.begins("anna")
    floor.ami.pbx.phones["101"] = Phone(talks=6)
    await floor.dial("talks", Phone())
    await eventually(lambda: floor.agent("anna"), lambda found: found[0] == "on_call")
    await floor.dial("waits", Phone())
    await floor.ami.delivery(floor.asked["waits"], DeliveryState.SENT)
    await floor.ami.stop()
    await floor.ami.start()
    assert await floor.ends("talks", "waits") == {"talks": "talked", "waits": "dropped"}
    told = await floor.told()
    assert (told["dialled"], told["answered"], told["dropped"], told["over"]) == (2, 2, 1, 2)
    assert len(floor.ami.pbx.asked) == 2


async def test_an_exchange_that_was_not_told_how_to_dial_by_itself_says_so(ami: AmiHarness) -> None:
    message = ami.message("by itself", call=CallRequest(operator="", call_list=LIST))
    await ami.give(message)
    assert "set `outside` of its connection" in await ami.reason_of(message, "outside")
