"""An Asterisk listened to through its manager interface: every call once, through cuts, kills and restarts."""

import pytest

from hub.channels.simulators.asterisk import Phone
from hub.channels.simulators.exchange import Exchange
from hub.contracts.interaction import InteractionReceived
from hub.testing.waiting import eventually
from services.telephony.ami.poller import AmiPoller
from services.telephony.errors import Overtaken
from services.telephony.intake.journal import Journal
from tests.services.telephony.conftest import OUR_LINE, AmiHarness


async def test_a_call_is_one_interaction_with_line_operator_and_times(ami: AmiHarness) -> None:
    await ami.pbx.customer_calls(ami.number_of("hello"))
    call = await ami.call_of("hello")
    assert (call.result, call.answered_by, call.answered_login) == ("answered", "101", "anna")
    assert (call.line.number, call.line.reach_by) == (OUR_LINE, ("call", "sms"))
    assert [(leg.party, leg.login, leg.answered) for leg in call.legs] == [("101", "anna", True)]
    (received,) = await ami.events(InteractionReceived)
    assert (received.account, received.direction, received.participants[0].address) == (
        ami.line_id,
        "in",
        f"phone:{ami.number_of('hello')}",
    )


async def test_a_call_that_nobody_takes_is_missed(ami: AmiHarness) -> None:
    ami.pbx.phones["101"] = Phone(answers=False)
    await ami.pbx.customer_calls(ami.number_of("nobody there"))
    assert (await ami.call_of("nobody there")).result == "missed"


async def test_a_call_within_the_house_is_nobodys_contact(ami: AmiHarness) -> None:
    exchange = ami.pbx.exchange
    phone = exchange.dials("101", "104")
    other = exchange.rings("104", by=phone)
    exchange.answers(other, by=phone)
    exchange.hangs_up(other)
    exchange.ends(phone)
    await ami.pbx.customer_calls(ami.number_of("afterwards"))
    await ami.call_of("afterwards")
    assert len(await ami.calls()) == 1


async def test_a_cut_in_the_middle_of_calls_loses_and_doubles_none(ami: AmiHarness) -> None:
    exchange = ami.pbx.exchange
    customers = {f"customer {n}": exchange.arrives(ami.number_of(f"customer {n}")) for n in range(10)}
    legs = {text: exchange.rings("101", by=name) for text, name in customers.items()}
    await ami.arrivals(10)
    ami.pbx.cut()
    before = ami.pbx.logins
    for text in list(customers)[:5]:
        exchange.answers(legs[text], by=customers[text], bridge=f"b-{text[-1]}")
    await eventually(lambda: ami.pbx.logins > before)
    await ami.until_healthy("green")
    for text, name in customers.items():
        exchange.hangs_up(name)
        exchange.ends(legs[text])
    calls = [await ami.call_of(text) for text in customers]
    assert [call.complete for call in calls] == [True] * 10
    assert len(await ami.events(InteractionReceived)) == 10


async def test_what_went_on_when_the_exchange_restarted_is_closed_and_marked(ami: AmiHarness) -> None:
    ami.pbx.exchange.arrives(ami.number_of("cut off"))
    await ami.arrivals(1)
    ami.pbx.restart()
    call = await ami.call_of("cut off")
    assert (call.complete, call.closed_by_limit) == (True, True)


async def test_a_hub_that_was_away_goes_on_with_the_calls_it_knew(ami: AmiHarness) -> None:
    exchange = ami.pbx.exchange
    name = exchange.arrives(ami.number_of("patient"))
    leg = exchange.rings("101", by=name)
    await ami.arrivals(1)
    before = ami.pbx.logins
    await ami.stop()
    await ami.start()
    await eventually(lambda: ami.pbx.logins > before)
    exchange.answers(leg, by=name)
    exchange.hangs_up(name)
    exchange.ends(leg)
    call = await ami.call_of("patient")
    assert (call.result, call.unsure) == ("answered", ())
    assert len(await ami.events(InteractionReceived)) == 1


async def test_of_two_copies_of_the_hub_one_listens_and_the_other_goes_on_where_it_stops(ami: AmiHarness) -> None:
    other = ami.build(ami.footing())
    await other.start()
    exchange = ami.pbx.exchange
    name = exchange.arrives(ami.number_of("handed over"))
    leg = exchange.rings("101", by=name)
    await ami.arrivals(1)
    before = ami.pbx.logins
    await ami.stop()
    await eventually(lambda: ami.pbx.logins > before)
    exchange.answers(leg, by=name)
    exchange.hangs_up(name)
    exchange.ends(leg)
    call = await ami.call_of("handed over")
    await other.stop()
    assert (call.result, call.answered_login) == ("answered", "anna")
    assert len(await ami.events(InteractionReceived)) == 1


async def test_a_copy_that_was_overtaken_without_knowing_doubles_nothing(ami: AmiHarness) -> None:
    """It goes on listening beside the one that has taken over, for as long as it does not know."""
    poller = next(iter(_pollers(ami).values()))
    known = poller._journal

    async def opened() -> Journal | None:
        """None: the other has just written what is taken in here."""
        zombie = Journal(ami.exchange_id, store=known._store, blobs=known._blobs, clock=known._clock)
        try:
            await zombie.open()
        except Overtaken:
            return None
        return zombie

    zombie = await eventually(opened)
    assert zombie
    await ami.pbx.customer_calls(ami.number_of("once"))
    await ami.call_of("once")
    with pytest.raises(Overtaken):
        await zombie.add(b"Event: Hangup\r\n\r\n", 0.0)
    assert len(await ami.calls()) == 1


async def test_a_flood_of_events_is_taken_over_whole_and_in_bounded_memory(ami: AmiHarness) -> None:
    story = Exchange()
    for number in range(600):
        customer = story.arrives(f"+7916{number:07}")
        phone = story.rings("101", by=customer)
        story.answers(phone, by=customer, bridge=f"b{number}")
        story.hangs_up(customer)
        story.ends(phone)
    noise = b"Event: VarSet\r\nVariable: X\r\nValue: y\r\n\r\n" * 2_000
    for start in range(0, len(story.said), 500):
        ami.pbx.replay(b"".join(story.said[start : start + 500]) + noise)

    async def results() -> list[str]:
        return [call.result for call in (await ami.calls()).values() if call.complete]

    assert set(await eventually(results, lambda found: len(found) == 600)) == {"answered"}
    poller = next(iter(_pollers(ami).values()))
    assert poller._memory.open <= 600


def _pollers(ami: AmiHarness) -> dict[str, AmiPoller]:
    assert ami.service is not None
    found: dict[str, AmiPoller] = ami.service.__dict__["hiring"].pollers
    return found
