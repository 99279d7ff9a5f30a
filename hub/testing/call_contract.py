"""The conformance suite that every kind of exchange passes, whatever it calls things: one call, stage by stage.

A kind joins it with a harness that lets a call go through its stages, and a fixture named `exchange`:

    class TestAsterisk(CallContract):
        @pytest.fixture
        async def exchange(self, tmp_path): ...

`hub.testing.channel_contract` has what holds for calls that go out, and for the connection.
"""

import asyncio
from typing import Any, Protocol

from hub.contracts.interaction import CallChanged, InteractionReceived
from hub.contracts.ring import CallRinging
from hub.testing.channel_contract import QUIET
from hub.testing.outages import Switch
from hub.testing.waiting import eventually

CUSTOMER, OTHER = "+79161180118", "+79161180119"


class CallExchange(Protocol):
    """An exchange that is connected to a hub, with one line of ours and a phone of Anna's."""

    bus_switch: Switch
    line_id: str
    exchange_id: str
    api: Any

    async def rings(self, number: str, *, ours: bool = True) -> Any:
        """A customer calls, and Anna's phone rings; the call, as the harness calls it. An empty number is hidden.

        Args:
            ours: He dialled our line, not a number that is none.
        """
        ...

    async def answers(self, call: Any) -> None:
        """Anna does."""
        ...

    async def ends(self, call: Any, *, recorded: bool = False) -> None:
        """The customer hangs up, whether or not anybody answered."""
        ...

    async def tells_again(self) -> None:
        """Whatever this exchange may tell once more, it does."""
        ...

    async def resumes(self) -> None:
        """The hub is stopped and started; returns when it hears the exchange again."""
        ...

    async def events(self, kind: Any) -> list[Any]: ...

    async def calls(self) -> dict[str, Any]:
        """The newest state of each call, by its interaction."""
        ...


async def over(exchange: CallExchange, number: str = CUSTOMER) -> Any:
    """The call of a customer when it is told as over."""
    return await told(exchange, number, lambda call: call.complete)


async def told(exchange: CallExchange, number: str, fits: Any) -> Any:
    async def found() -> Any:
        calls = [one for one in (await exchange.calls()).values() if one and one.caller == number]
        return next((one for one in calls if fits(one)), None)

    return await eventually(found)


class CallContract:
    """What calls are to the hub, whoever carries them."""

    async def test_a_call_that_somebody_answers_is_one_interaction_that_says_who(
        self, exchange: CallExchange
    ) -> None:
        call = await exchange.rings(CUSTOMER)
        await exchange.answers(call)
        await exchange.ends(call)
        seen = await over(exchange)
        assert (seen.result, seen.answered_login, seen.line.id) == ("answered", "anna", exchange.line_id)
        assert [(leg.login, leg.outcome) for leg in seen.legs] == [("anna", "answered")]
        (received,) = await exchange.events(InteractionReceived)
        assert (received.account, received.direction) == (exchange.line_id, "in")
        assert received.participants[0].address == f"phone:{CUSTOMER}"

    async def test_a_call_that_nobody_answers_is_missed_and_nobodys_talk(self, exchange: CallExchange) -> None:
        await exchange.ends(await exchange.rings(CUSTOMER))
        seen = await over(exchange)
        assert (seen.result, seen.answered_login, seen.answered_at, seen.talk) == ("missed", None, None, 0.0)
        assert [leg.login for leg in seen.legs] == ["anna"]

    async def test_it_is_told_at_each_stage_and_never_goes_back(self, exchange: CallExchange) -> None:
        call = await exchange.rings(CUSTOMER)
        await told(exchange, CUSTOMER, lambda one: not one.complete and one.answered_at is None)
        await exchange.answers(call)
        await told(exchange, CUSTOMER, lambda one: not one.complete and one.answered_at is not None)
        await exchange.ends(call)
        await over(exchange)
        states = [one.call for one in await exchange.events(CallChanged)]
        assert [one.revision for one in states] == sorted({one.revision for one in states})
        stages = [2 if one.complete else 1 if one.answered_at else 0 for one in states]
        assert stages == sorted(stages)

    async def test_two_customers_at_once_are_two_calls(self, exchange: CallExchange) -> None:
        calls = [await exchange.rings(number) for number in (CUSTOMER, OTHER)]
        await exchange.answers(calls[1])
        for call in calls:
            await exchange.ends(call)
        results = [(await over(exchange, number)).result for number in (CUSTOMER, OTHER)]
        assert (results, len(await exchange.events(InteractionReceived))) == (["missed", "answered"], 2)

    async def test_what_is_told_again_changes_nothing(self, exchange: CallExchange) -> None:
        call = await exchange.rings(CUSTOMER)
        await exchange.answers(call)
        await exchange.ends(call)
        before = await over(exchange)
        await exchange.tells_again()
        await asyncio.sleep(QUIET)
        assert list((await exchange.calls()).values()) == [before]

    async def test_a_call_that_a_restart_of_the_hub_falls_into_is_one_call(self, exchange: CallExchange) -> None:
        call = await exchange.rings(CUSTOMER)
        await exchange.answers(call)
        await told(exchange, CUSTOMER, lambda one: one.answered_at is not None)
        await exchange.resumes()
        await exchange.ends(call)
        seen = await over(exchange)
        assert (seen.result, seen.answered_login, len(await exchange.calls())) == ("answered", "anna", 1)

    async def test_what_the_bus_does_not_take_is_told_when_it_does(self, exchange: CallExchange) -> None:
        exchange.bus_switch.up = False
        call = await exchange.rings(CUSTOMER)
        await exchange.answers(call)
        await exchange.ends(call)
        await asyncio.sleep(QUIET)
        assert await exchange.calls() == {}
        exchange.bus_switch.up = True
        assert ((await over(exchange)).result, len(await exchange.calls())) == ("answered", 1)

    async def test_a_phone_that_rings_is_told_to_its_owner_until_it_does_no_more(
        self, exchange: CallExchange
    ) -> None:
        call = await exchange.rings(CUSTOMER)

        async def rings(count: int) -> Any:
            found = await exchange.events(CallRinging)
            return found if len(found) >= count else None

        (ring,) = await eventually(lambda: rings(1))
        assert (ring.login, ring.state, ring.caller, ring.line.id) == ("anna", "ringing", CUSTOMER, exchange.line_id)
        await exchange.ends(call)
        assert [one.state for one in await eventually(lambda: rings(2))] == ["ringing", "over"]

    async def test_a_hidden_number_is_a_call_of_nobody_known(self, exchange: CallExchange) -> None:
        await exchange.ends(await exchange.rings(""))
        seen = await over(exchange, "hidden")
        (received,) = await exchange.events(InteractionReceived)
        assert (seen.result, received.participants[0].address) == ("missed", "")

    async def test_a_call_to_a_number_that_is_no_line_is_its_exchanges(self, exchange: CallExchange) -> None:
        await exchange.ends(await exchange.rings(CUSTOMER, ours=False))
        seen = await over(exchange)
        (received,) = await exchange.events(InteractionReceived)
        assert (seen.line, received.account) == (None, exchange.exchange_id)

    async def test_what_was_recorded_is_told_with_the_call(self, exchange: CallExchange) -> None:
        call = await exchange.rings(CUSTOMER)
        await exchange.answers(call)
        await exchange.ends(call, recorded=True)
        seen = await told(exchange, CUSTOMER, lambda one: one.complete and one.recordings)
        assert [one.kind for one in seen.recordings] == ["call"]

    async def test_whoever_speaks_is_in_a_call_until_it_is_over(self, exchange: CallExchange) -> None:
        call = await exchange.rings(CUSTOMER)
        await exchange.answers(call)
        await told(exchange, CUSTOMER, lambda one: one.answered_at is not None)
        assert await busy(exchange) == ["anna"]
        await exchange.ends(call)
        await over(exchange)
        assert await busy(exchange) == []


async def busy(exchange: CallExchange) -> list[str]:
    """Whose phones are in a call."""
    phones = (await exchange.api.get("/phones")).json()["items"]
    return [one["login"] for one in phones if one["busy"]]
