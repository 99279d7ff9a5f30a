"""Calls: one interaction each, with what is known of it newest; who was called is the client."""

from datetime import timedelta
from typing import Any

from hub.contracts.call import CallLine, CallResult, CallState
from hub.contracts.interaction import (
    CallChanged,
    Direction,
    InteractionChanged,
    InteractionLinked,
    InteractionReceived,
    Participant,
    Role,
)
from hub.contracts.shown import InteractionView
from hub.testing.builders import NOON, an_arrival
from services.interactions.models import interaction_view
from tests.services.interactions.conftest import Bench

ANNA = "phone:+79161234567"
LINE = CallLine(id="ln_1", number="+74951234567", name="Продажи", team="t_sales", reach_by=("call", "sms"))
CALLER = Participant(role=Role.FROM, address=ANNA, raw="+79161234567", name="Анна")
OPERATOR = Participant(role=Role.TO, address="extension:ex_1/101", raw="101", ours=True, login="anna")


def a_state(revision: int = 1, **over: Any) -> CallState:
    fields: dict[str, Any] = {"caller": "+79161234567", "dialled": "+74951234567", "line": LINE, "started_at": NOON}
    return CallState(**{"revision": revision, **fields, **over})


def a_call(number: int = 1, call: CallState | None = None, **over: Any) -> InteractionReceived:
    """Anna calls our line; what is known when it rings."""
    fields: dict[str, Any] = {
        "channel": "call",
        "type": "call",
        "account": "ln_1",
        "participants": (CALLER,),
        "subject": "",
        "text": "",
        "keys": (f"call:ex_1/{number}",),
        "call": call or a_state(),
    }
    return an_arrival(f"call{number}", **{**fields, **over})


def news(revision: int, number: int = 1, **over: Any) -> CallChanged:
    people = over.pop("participants", (CALLER, OPERATOR))
    call = a_state(revision, **over)
    return CallChanged(
        interaction_id=a_call(number).id, account="ln_1", other_side=ANNA, participants=people, call=call
    )


async def test_a_call_goes_on_and_is_one_interaction(bench: Bench) -> None:
    await bench.receive(a_call())
    await bench.hear(
        news(2, answered_by="101"), news(3, answered_by="101", result=CallResult.ANSWERED, complete=True)
    )
    stored = await bench.stored(a_call().id)
    assert (stored["call"]["result"], stored["call"]["revision"], await bench.opened()) == ("answered", 3, (1, 1, 1))
    told = [event for event in bench.bus.events() if isinstance(event, InteractionChanged)]
    assert [event.interaction.call and event.interaction.call.revision for event in told] == [2, 3]


async def test_what_is_older_or_told_twice_changes_nothing_of_a_call(bench: Bench) -> None:
    await bench.receive(a_call())
    await bench.hear(news(5, result=CallResult.MISSED, complete=True))
    before = await bench.stored(a_call().id)
    await bench.hear(news(4), news(5))
    await bench.receive(a_call())
    assert await bench.stored(a_call().id) == before


async def test_news_of_a_call_that_is_not_there_yet_waits_for_it(bench: Bench) -> None:
    await bench.hear(news(3, result=CallResult.MISSED, complete=True), news(2))
    await bench.receive(a_call())
    assert (await bench.stored(a_call().id))["call"]["revision"] == 3


async def test_whoever_of_ours_spoke_takes_part_and_the_caller_stays_the_client(bench: Bench) -> None:
    await bench.receive(a_call())
    second = OPERATOR.model_copy(update={"address": "extension:ex_1/103", "raw": "103", "login": "boris"})
    await bench.hear(news(2, participants=(CALLER, OPERATOR, second)))
    stored = await bench.stored(a_call().id)
    people = [(one["address"], one["login"], one["client_id"]) for one in stored["participants"]]
    client = stored["client_id"]
    assert people == [(ANNA, None, client), (OPERATOR.address, "anna", None), (second.address, "boris", None)]


async def test_a_call_that_one_of_ours_made_is_out_and_its_client_is_whom_he_called(bench: Bench) -> None:
    people = (
        OPERATOR.model_copy(update={"role": Role.FROM}),
        CALLER.model_copy(update={"role": Role.TO}),
    )
    await bench.receive(a_call(direction=Direction.OUT, participants=people))
    stored = await bench.stored(a_call().id)
    (client,) = await bench.clients()
    assert (stored["direction"], stored["delivery"], client["addresses"][0]["address"]) == ("out", None, ANNA)
    assert [type(event) for event in bench.bus.events() if event.TOPIC == "interactions"] == [InteractionLinked]


async def test_a_client_who_calls_again_within_the_day_goes_on_with_his_chain_on_any_line(bench: Bench) -> None:
    await bench.receive(a_call())
    await bench.receive(a_call(2, account="ln_2", at=NOON + timedelta(hours=1)))
    assert await bench.opened() == (1, 1, 2)


async def test_a_hidden_number_is_a_client_of_its_own_each_time_named_as_it_is_shown(bench: Bench) -> None:
    hidden = (Participant(role=Role.FROM, address="", raw="hidden"),)
    await bench.receive(a_call(1, participants=hidden), a_call(2, participants=hidden))
    assert [client["name"] for client in await bench.clients()] == ["hidden", "hidden"]
    assert [client["addresses"] for client in await bench.clients()] == [[], []]


async def test_a_call_is_shown_and_of_a_confidential_one_only_that_it_was(bench: Bench) -> None:
    await bench.receive(a_call())
    await bench.hear(news(2, result=CallResult.MISSED, complete=True))
    view = InteractionView.model_validate(interaction_view(await bench.stored(a_call().id)))
    assert view.call
    assert (view.call.result, view.call.line and view.call.line.name) == ("missed", "Продажи")
    assert (view.narrowed("subject").call, view.narrowed("metadata").call) == (None, None)
