"""Calls that an operator asked for: his phone rings, then the client's; what may have happened is not repeated."""

from datetime import UTC, datetime, timedelta

from hub.channels.simulators.asterisk import AsteriskFault, Phone
from hub.contracts.call import CallRequest
from hub.contracts.interaction import CallChanged, DeliveryRecorded, DeliveryState, InteractionReceived
from hub.testing.waiting import eventually
from tests.services.telephony.conftest import AmiHarness


async def changed(ami: AmiHarness, interaction_id: str) -> CallChanged:
    """How the call of an interaction ended."""

    async def over() -> CallChanged | None:
        found = [e for e in await ami.events(CallChanged) if e.interaction_id == interaction_id and e.call.complete]
        return found[-1] if found else None

    result: CallChanged = await eventually(over)
    return result


async def test_the_operators_phone_rings_then_the_clients_and_it_is_the_interaction_that_was_planned(
    ami: AmiHarness,
) -> None:
    message = ami.message("call me")
    await ami.give(message)
    await ami.delivery(message, DeliveryState.SENT)
    told = await changed(ami, message.id)
    assert (told.call.result, told.account, told.other_side) == ("answered", ami.line_id, message.to[0].address)
    assert [(one.role, one.login) for one in told.participants] == [("to", None), ("from", "anna")]
    assert ami.pbx.asked[0]["Channel"] == "PJSIP/101"
    assert await ami.events(InteractionReceived) == []


async def test_a_client_who_does_not_answer_is_missed_and_one_of_ours_who_declines_is_failed(ami: AmiHarness) -> None:
    away, declines = ami.message("away"), ami.message("never rung", call=CallRequest(operator="boris"))
    ami.pbx.phones[ami.number_of("away")] = Phone(answers=False)
    ami.pbx.phones["103"] = Phone(answers=False)
    await ami.give(away, declines)
    assert (await changed(ami, away.id)).call.result == "missed"
    assert (await changed(ami, declines.id)).call.result == "failed"
    assert ami.customer_got() == ["away"]


async def test_whoever_has_no_phone_at_the_exchange_is_told_so(ami: AmiHarness) -> None:
    message = ami.message("no phone", call=CallRequest(operator="vera"))
    await ami.give(message)
    assert "vera has no phone" in await ami.reason_of(message, "phone")


async def test_an_originate_that_may_have_happened_is_known_by_what_the_exchange_tells_and_not_repeated(
    ami: AmiHarness,
) -> None:
    ami.pbx.phones["101"] = Phone(after=1.0)
    ami.pbx.faults.append(AsteriskFault(cut=True, accepted=True))
    message = ami.message("cut")
    await ami.give(message)
    await ami.delivery(message, DeliveryState.UNKNOWN)
    await ami.delivery(message, DeliveryState.SENT)
    await changed(ami, message.id)
    assert len(ami.pbx.asked) == 1


async def test_an_originate_of_which_nothing_is_seen_stays_unknown(ami: AmiHarness) -> None:
    ami.pbx.faults.append(AsteriskFault(cut=True))
    message = ami.message("lost")
    await ami.give(message)
    await ami.delivery(message, DeliveryState.UNKNOWN)
    before = ami.pbx.logins
    await ami.stop()
    await ami.start()
    await eventually(lambda: ami.pbx.logins > before)
    states = [e.state for e in await ami.events(DeliveryRecorded) if e.interaction_id == message.id]
    assert (states[-1], ami.pbx.asked) == (DeliveryState.UNKNOWN, [])


async def test_nobodys_phone_rings_for_a_call_that_was_asked_for_long_ago(ami: AmiHarness) -> None:
    await ami.restart(OMNIHUB_TELEPHONY__GIVE_UP="0.2")
    ami.pbx.revoked = True
    ami.pbx.cut()
    await ami.until_healthy("red")
    message = ami.message("too late")
    await ami.give(message)
    await ami.delivery(message, DeliveryState.FAILED)
    ami.pbx.revoked = False
    await ami.until_healthy("green")
    assert ami.pbx.asked == []


async def test_a_request_that_is_not_ours_is_a_call_of_its_own(ami: AmiHarness) -> None:
    """A dialplan may say what it wants of whose request a call is."""
    exchange = ami.pbx.exchange
    name = exchange.arrives(ami.number_of("pretender"))
    exchange.of("VarSet", name, Variable="HUB_REQUEST", Value="in_00000000000000000000000000000000")
    exchange.hangs_up(name)
    await ami.call_of("pretender")
    (received,) = await ami.arrivals(1)
    assert received.id != "in_00000000000000000000000000000000"
    assert datetime.now(UTC) - received.at < timedelta(minutes=5)
