"""The rules by which what an exchange says becomes calls, one at a time."""

import pytest

from hub.testing.asterisk import Exchange
from services.telephony.ami.calls import fold
from services.telephony.ami.events import Event
from services.telephony.ami.listening import Listener
from services.telephony.calls.lines import Lines
from services.telephony.calls.models import Call, Direction, Result


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


def events(exchange: Exchange) -> list[Event]:
    return Listener().hear(exchange.stream, 0.0)


def calls(exchange: Exchange, lines: Lines | None = None) -> list[Call]:
    return fold(events(exchange), lines or Lines())


def only(exchange: Exchange, lines: Lines | None = None) -> Call:
    (call,) = calls(exchange, lines)
    return call


def talking(exchange: Exchange, extension: str = "101") -> tuple[str, str]:
    """A customer, and a colleague who answered after two seconds."""
    customer = exchange.arrives()
    phone = exchange.rings(extension, by=customer)
    exchange.after(2)
    exchange.answers(phone, by=customer)
    return customer, phone


def over(exchange: Exchange, *names: str, after: float = 3) -> None:
    exchange.after(after)
    exchange.hangs_up(names[0])
    for name in names[1:]:
        exchange.ends(name)


def test_the_wait_ends_and_the_talk_begins_when_a_person_hears_the_customer(exchange: Exchange) -> None:
    over(exchange, *talking(exchange))
    call = only(exchange)
    assert (call.direction, call.result, call.answered_by) == (Direction.IN, Result.ANSWERED, "101")
    assert (call.from_, call.to, call.line) == ("+74950002001", "74950000100", "74950000100")
    assert (call.wait, call.talk, call.hold, call.ended_by) == (2, 3, 0, "customer")
    assert call.from_address == "phone:+74950002001"


def test_a_menu_that_answers_is_nobody(exchange: Exchange) -> None:
    customer = exchange.arrives()
    exchange.up(customer)
    exchange.after(4)
    phone = exchange.rings(by=customer)
    exchange.after(1)
    exchange.answers(phone, by=customer)
    over(exchange, customer, phone)
    assert (only(exchange).wait, only(exchange).talk) == (5, 3)


def test_who_leaves_a_menu_without_having_reached_anybody_has_abandoned(exchange: Exchange) -> None:
    customer = exchange.arrives()
    exchange.up(customer)
    over(exchange, customer)
    assert (only(exchange).result, only(exchange).answered_by) == (Result.ABANDONED, None)


def test_who_leaves_the_queue_has_abandoned_and_whom_the_queue_sends_on_was_missed(exchange: Exchange) -> None:
    left, sent_on = exchange.arrives("+74950002001"), exchange.arrives("+74950002002")
    for customer in (left, sent_on):
        exchange.up(customer)
        exchange.of("QueueCallerJoin", customer, Queue="support", Position=1)
    exchange.after(6)
    exchange.of("QueueCallerAbandon", left, Queue="support")
    for customer in (left, sent_on):
        exchange.of("QueueCallerLeave", customer, Queue="support")
    over(exchange, left, after=0)
    exchange.ends(sent_on)
    first, second = calls(exchange)
    assert [first.result, second.result] == [Result.ABANDONED, Result.MISSED]
    assert (first.queue, first.position) == ("support", 1)


def test_a_phone_whose_call_another_took_was_not_missed_by_it(exchange: Exchange) -> None:
    customer = exchange.arrives()
    phones = [exchange.rings(number, by=customer) for number in ("101", "102")]
    exchange.after(2)
    exchange.answers(phones[1], by=customer)
    exchange.refuses(phones[0], by=customer, status="CANCEL", cause=26)
    over(exchange, customer, phones[1])
    assert [(leg.party, leg.outcome) for leg in only(exchange).legs] == [("101", "elsewhere"), ("102", "answered")]


@pytest.mark.parametrize(
    ("status", "cause", "outcome", "result"),
    [
        ("BUSY", 17, "busy", Result.BUSY),
        ("NOANSWER", 21, "declined", Result.MISSED),
        ("NOANSWER", 0, "no answer", Result.MISSED),
        ("CANCEL", 127, "no answer", Result.MISSED),
    ],
)
def test_the_cause_tells_why_nobody_answered(
    exchange: Exchange, status: str, cause: int, outcome: str, result: Result
) -> None:
    customer = exchange.arrives()
    phone = exchange.rings(by=customer)
    exchange.after(4)
    exchange.refuses(phone, by=customer, status=status, cause=cause)
    exchange.ends(customer, cause=cause)
    assert [leg.outcome for leg in only(exchange).legs] == [outcome]
    assert only(exchange).result is result


@pytest.mark.parametrize(
    ("cause", "result"),
    [(1, Result.FAILED), (3, Result.MISSED), (17, Result.BUSY), (20, Result.MISSED), (34, Result.FAILED)],
)
def test_where_no_phone_could_be_rung_the_cause_of_the_line_decides(
    exchange: Exchange, cause: int, result: Result
) -> None:
    exchange.ends(exchange.arrives(), cause=cause)
    assert only(exchange).result is result


def test_a_message_left_is_a_voicemail_and_a_greeting_heard_is_a_missed_call(exchange: Exchange) -> None:
    for number, left in (("+74950002001", True), ("+74950002002", False)):
        customer = exchange.arrives(number)
        phone = exchange.rings(by=customer)
        exchange.after(4)
        exchange.refuses(phone, by=customer)
        exchange.of("Newexten", customer, Application="VoiceMail")
        exchange.up(customer)
        exchange.after(5)
        if left:
            exchange.of("MessageWaiting", customer, Mailbox="101@default", Waiting=1)
        exchange.hangs_up(customer)
    assert [(call.result, call.voicemail, call.wait) for call in calls(exchange)] == [
        (Result.VOICEMAIL, "101@default", 9),
        (Result.MISSED, None, 9),
    ]


def test_hold_is_what_we_let_the_customer_wait(exchange: Exchange) -> None:
    customer, phone = talking(exchange)
    exchange.after(1)
    with exchange.holding(phone):
        exchange.after(4)
    over(exchange, customer, phone)
    assert (only(exchange).talk, only(exchange).hold) == (8, 4)


def test_a_customer_who_hangs_up_on_hold_was_held_until_then(exchange: Exchange) -> None:
    customer, phone = talking(exchange)
    exchange.of("Hold", phone)
    over(exchange, customer, phone)
    assert (only(exchange).talk, only(exchange).hold) == (3, 3)


def test_an_unhold_without_its_hold_changes_nothing(exchange: Exchange) -> None:
    customer, phone = talking(exchange)
    exchange.of("Unhold", phone)
    over(exchange, customer, phone)
    assert only(exchange).hold == 0


def test_hold_that_the_customer_presses_is_not_ours(exchange: Exchange) -> None:
    customer, phone = talking(exchange)
    with exchange.holding(customer):
        exchange.after(4)
    over(exchange, customer, phone)
    assert (only(exchange).talk, only(exchange).hold) == (7, 0)


def test_a_blind_transfer_goes_on_with_the_same_call_and_its_ringing_is_no_hold(exchange: Exchange) -> None:
    customer, phone = talking(exchange)
    exchange.after(3)
    blind(exchange, phone, customer, "104")
    exchange.ends(phone)
    second = exchange.rings("104", by=customer)
    exchange.after(2)
    exchange.answers(second, by=customer, bridge="b2")
    over(exchange, customer, second)
    call = only(exchange)
    assert (call.answered_by, call.last_party, call.talk, call.hold) == ("101", "104", 8, 0)
    assert [(one.kind, one.by, one.to, one.completed) for one in call.transfers] == [("blind", "101", "104", True)]


def blind(exchange: Exchange, by: str, moved: str, to: str) -> None:
    who = {"TransfererUniqueid": exchange.uid(by), "TransfereeUniqueid": exchange.uid(moved)}
    exchange.says("BlindTransfer", Result="Success", Extension=to, **who)
    exchange.leaves(moved)


def test_a_blind_transfer_that_nobody_takes_is_not_completed(exchange: Exchange) -> None:
    customer, phone = talking(exchange)
    blind(exchange, phone, customer, "104")
    exchange.ends(phone)
    exchange.refuses(exchange.rings("104", by=customer), by=customer)
    over(exchange, customer)
    (transfer,) = only(exchange).transfers
    assert (transfer.to, transfer.completed) == ("104", False)


def test_the_end_of_the_customer_is_the_end_of_his_call_though_colleagues_go_on(exchange: Exchange) -> None:
    customer, phone = talking(exchange)
    exchange.after(3)
    blind(exchange, customer, phone, "104")
    exchange.ends(customer)
    second = exchange.rings("104", by=phone)
    exchange.after(1)
    exchange.answers(second, by=phone, bridge="b2")
    over(exchange, second, phone, after=5)
    call = only(exchange)
    assert (call.talk, call.last_party, call.ended_by) == (3, "101", "pbx")
    assert [(one.by, one.to, one.completed) for one in call.transfers] == [("+74950002001", "104", True)]


def consult(exchange: Exchange, phone: str, number: str = "103") -> tuple[str, str, str]:
    """As a feature code does it: through a Local pair in a second bridge."""
    one, two = exchange.pair(number, linked_to=phone)
    exchange.enters(one, "b2")
    exchange.enters(phone, "b2")
    other = exchange.rings(number, by=two)
    exchange.after(1)
    exchange.answers(other, by=two, bridge="b3")
    exchange.after(2)
    return one, two, other


def test_a_consultation_is_hold_and_its_cancelling_an_attended_transfer_not_completed(exchange: Exchange) -> None:
    customer, phone = talking(exchange)
    one, two, other = consult(exchange, phone)
    exchange.enters(phone, "b1")
    for name in (one, two, other):
        exchange.ends(name)
    over(exchange, customer, phone)
    call = only(exchange)
    assert (call.talk, call.hold) == (6, 3)
    assert [(x.kind, x.by, x.to, x.completed) for x in call.transfers] == [("attended", "101", "103", False)]


def test_an_attended_transfer_is_completed_when_the_customer_hears_the_other(exchange: Exchange) -> None:
    customer, phone = talking(exchange)
    one, two, other = consult(exchange, phone)
    exchange.leaves(phone)
    exchange.enters(one, "b1")
    transferer = {"OrigTransfererUniqueid": exchange.uid(phone), "SecondTransfererUniqueid": exchange.uid(phone)}
    exchange.says("AttendedTransfer", Result="Success", TransfereeUniqueid=exchange.uid(customer), **transferer)
    exchange.hangs_up(phone)
    over(exchange, customer, one, two, other)
    call = only(exchange)
    assert (call.talk, call.hold, call.last_party) == (6, 3, "103")
    assert [(x.kind, x.by, x.to, x.completed) for x in call.transfers] == [("attended", "101", "103", True)]


def test_two_calls_of_a_phone_that_it_joins_are_one_call_of_the_customer(exchange: Exchange) -> None:
    customer, phone = talking(exchange)
    exchange.of("Hold", phone)
    second = exchange.dials("101", "103")
    other = exchange.rings("103", by=second)
    exchange.after(1)
    exchange.answers(other, by=second, bridge="b2")
    exchange.after(2)
    transferer = {"OrigTransfererUniqueid": exchange.uid(phone), "SecondTransfererUniqueid": exchange.uid(second)}
    exchange.says("AttendedTransfer", Result="Success", TransfereeUniqueid=exchange.uid(customer), **transferer)
    exchange.enters(other, "b1")
    exchange.ends(phone)
    exchange.ends(second)
    over(exchange, customer, other)
    call = only(exchange)
    assert [(x.kind, x.by, x.to, x.completed) for x in call.transfers] == [("attended", "101", "103", True)]
    assert ([leg.party for leg in call.legs], call.hold, call.talk) == (["101", "103"], 3, 6)


def test_parking_is_hold_and_no_transfer(exchange: Exchange) -> None:
    customer, phone = talking(exchange)
    blind(exchange, phone, customer, "700")
    exchange.says(
        "ParkedCall", ParkeeUniqueid=exchange.uid(customer), ParkingSpace="701", ParkerDialString="PJSIP/101"
    )
    exchange.enters(customer, "p", "parking")
    exchange.ends(phone)
    exchange.after(5)
    taker = exchange.dials("104", "701")
    exchange.up(taker)
    exchange.says("UnParkedCall", ParkeeUniqueid=exchange.uid(customer), RetrieverUniqueid=exchange.uid(taker))
    exchange.enters(customer, "b2")
    exchange.enters(taker, "b2")
    over(exchange, customer, taker)
    call = only(exchange)
    assert (call.hold, call.talk, call.transfers) == (5, 8, ())
    assert call.parked
    assert (call.parked.slot, call.parked.by, call.parked.retrieved_by, call.parked.seconds) == (
        "701",
        "101",
        "104",
        5,
    )


def test_two_who_are_parked_at_once_are_two_calls(exchange: Exchange) -> None:
    customers = [exchange.arrives(number) for number in ("+74950002001", "+74950002002")]
    for customer in customers:
        exchange.up(customer)
        exchange.enters(customer, "p", "parking")
    exchange.after(5)
    for customer in customers:
        exchange.hangs_up(customer)
    assert [call.answered_by for call in calls(exchange)] == [None, None]


def test_who_takes_the_ringing_of_a_colleague_has_answered(exchange: Exchange) -> None:
    customer = exchange.arrives()
    phone = exchange.rings("101", by=customer)
    exchange.after(2)
    taker = exchange.dials("104", "**101")
    exchange.up(taker)
    exchange.of("Pickup", taker, TargetUniqueid=exchange.uid(phone), TargetLinkedid=exchange.uid(customer))
    exchange.ends(phone, cause=26)
    exchange.enters(taker, "b1")
    exchange.enters(customer, "b1")
    over(exchange, customer, taker)
    call = only(exchange)
    assert (call.answered_by, [(leg.party, leg.answered) for leg in call.legs]) == (
        "104",
        [("101", False), ("104", True)],
    )


def test_a_conference_joins_whom_no_linked_id_joins(exchange: Exchange) -> None:
    customer, phone = talking(exchange)
    for name in (customer, phone):
        exchange.enters(name, "c", "base")
    third = exchange.rings("104")
    exchange.up(third)
    exchange.enters(third, "c", "base")
    over(exchange, customer, phone, third)
    assert [leg.party for leg in only(exchange).legs] == ["101", "104"]


def test_two_customers_in_one_conference_are_two_calls(exchange: Exchange) -> None:
    host = exchange.dials("101", "800")
    customers = [exchange.arrives(number) for number in ("+74950002001", "+74950002002")]
    for name in (host, *customers):
        exchange.up(name)
        exchange.enters(name, "c", "base")
    over(exchange, *customers, host)
    assert [(call.from_, call.answered_by) for call in calls(exchange)] == [
        ("+74950002001", "101"),
        ("+74950002002", "101"),
    ]


def test_a_local_channel_between_is_nobody_and_its_end_no_end(exchange: Exchange) -> None:
    customer = exchange.arrives()
    one, two = exchange.pair("101", linked_to=customer)
    phone = exchange.rings("101", by=two)
    exchange.after(2)
    exchange.answers(phone, by=two, bridge="b2")
    exchange.up(customer)
    exchange.enters(one, "b1")
    exchange.enters(customer, "b1")
    exchange.enters(customer, "b2")
    exchange.ends(one)
    exchange.ends(two)
    over(exchange, customer, phone)
    call = only(exchange)
    assert (call.answered_by, call.wait, call.talk, call.hold) == ("101", 2, 3, 0)
    assert [leg.party for leg in call.legs] == ["101"]


def test_a_call_out_is_answered_by_the_number_and_shows_our_line(exchange: Exchange) -> None:
    phone = exchange.dials("101", "84950003001")
    customer = exchange.rings_outside("84950003001", by=phone)
    exchange.after(2)
    exchange.answers(customer, by=phone)
    over(exchange, phone, customer)
    call = only(exchange)
    assert (call.direction, call.from_, call.to, call.answered_by) == (
        Direction.OUT,
        "101",
        "84950003001",
        "+74950003001",
    )
    assert (call.line, call.to_address, call.wait, call.talk) == ("74950000100", "phone:+74950003001", 2, 3)
    assert [(leg.party, leg.role) for leg in call.legs] == [("+74950003001", "customer")]


def test_of_two_lines_tried_the_last_tells(exchange: Exchange) -> None:
    phone = exchange.dials()
    exchange.refuses(exchange.rings_outside(by=phone, trunk="trunk1"), by=phone, status="CONGESTION", cause=34)
    exchange.after(1)
    exchange.refuses(exchange.rings_outside(by=phone, trunk="trunk2"), by=phone, status="BUSY", cause=17)
    exchange.ends(phone, cause=17)
    assert only(exchange).result is Result.BUSY


def test_a_call_that_we_connect_waits_from_our_operators_answer(exchange: Exchange) -> None:
    phone = exchange.rings("101", uid="hub-req-1")
    exchange.after(3)
    exchange.up(phone)
    asked = {"ActionID": "req-1", "Uniqueid": "hub-req-1", "Channel": phone, "Exten": "74950003001"}
    exchange.says("OriginateResponse", Response="Success", Reason=4, **asked)
    customer = exchange.rings_outside(by=phone)
    exchange.after(2)
    exchange.answers(customer, by=phone)
    # The same request once more while it lives is refused, with the id of the call that lives.
    again = {**asked, "ActionID": "req-1-again", "Channel": "PJSIP/101"}
    exchange.says("OriginateResponse", Response="Failure", Reason=0, **again)
    over(exchange, customer, phone)
    call = only(exchange)
    assert (call.direction, call.result, call.to, call.request) == (
        Direction.OUT,
        Result.ANSWERED,
        "74950003001",
        "req-1",
    )
    assert (call.wait, call.talk, call.operator) == (2, 3, "101")


def test_a_request_for_which_no_phone_was_reached_is_a_failed_call(exchange: Exchange) -> None:
    asked = {"ActionID": "req-1", "Uniqueid": "hub-req-1", "Channel": "PJSIP/101", "Exten": "74950003001"}
    exchange.says("OriginateResponse", Response="Failure", Reason=0, **asked)
    call = only(exchange)
    assert (call.direction, call.from_, call.to, call.result) == (Direction.OUT, "101", "74950003001", Result.FAILED)


def test_an_id_that_is_used_again_after_its_call_is_another_call(exchange: Exchange) -> None:
    for _ in range(2):
        phone = exchange.rings("101", uid="hub-req-1")
        exchange.after(1)
        exchange.up(phone)
        customer = exchange.rings_outside(by=phone)
        exchange.after(1)
        exchange.answers(customer, by=phone)
        over(exchange, customer, phone)
        exchange.after(60)
    assert [(call.id, call.talk, len(call.legs)) for call in calls(exchange)] == [
        ("hub-req-1", 3, 2),
        ("hub-req-1~1", 3, 2),
    ]


def test_colleagues_are_within_the_house(exchange: Exchange) -> None:
    phone = exchange.dials("101", "104")
    other = exchange.rings("104", by=phone)
    exchange.after(1)
    exchange.answers(other, by=phone)
    over(exchange, other, phone)
    call = only(exchange)
    assert (call.direction, call.from_, call.to, call.line) == (Direction.INTERNAL, "101", "104", None)
    assert (call.answered_by, call.wait, call.talk, call.ended_by) == ("104", 1, 3, "called")


def test_a_line_that_is_forwarded_to_a_mobile_is_answered_by_its_number(exchange: Exchange) -> None:
    customer = exchange.arrives()
    mobile = exchange.rings_outside("89261234567", by=customer)
    exchange.after(1)
    exchange.answers(mobile, by=customer)
    over(exchange, customer, mobile)
    call = only(exchange)
    assert (call.direction, call.answered_by, call.operator) == (Direction.IN, "+79261234567", None)


@pytest.mark.parametrize(
    ("sent", "said", "address"),
    [
        ("anonymous", "hidden", ""),
        ("<unknown>", "unknown", ""),
        ("84950002001", "+74950002001", "phone:+74950002001"),
        ("4950002001", "+74950002001", "phone:+74950002001"),
        ("+74950002001", "+74950002001", "phone:+74950002001"),
    ],
)
def test_a_caller_is_said_as_a_person_would_say_him(exchange: Exchange, sent: str, said: str, address: str) -> None:
    exchange.ends(exchange.arrives(sent))
    assert (only(exchange).from_, only(exchange).from_address) == (said, address)


def test_what_is_a_line_can_be_configured(exchange: Exchange) -> None:
    customer = exchange.arrives("205", trunk="207")
    exchange.ends(customer)
    assert only(exchange, Lines(trunks=("PJSIP/207",))).direction is Direction.IN


def test_a_call_that_goes_on_is_not_complete_and_tells_what_is_known(exchange: Exchange) -> None:
    customer = exchange.arrives()
    phone = exchange.rings(by=customer)
    exchange.after(2)
    ringing = only(exchange)
    exchange.answers(phone, by=customer)
    assert (ringing.complete, ringing.result, ringing.stage) == (False, None, "ringing")
    assert (only(exchange).complete, only(exchange).result, only(exchange).stage) == (
        False,
        Result.ANSWERED,
        "talking",
    )


def test_a_restart_ends_the_calls_that_were_going_on(exchange: Exchange) -> None:
    talking(exchange)
    exchange.after(30)
    exchange.says("FullyBooted", Uptime=3)
    call = only(exchange)
    assert (call.complete, call.closed_by_limit, call.result) == (True, True, Result.ANSWERED)
    assert "ended_at" in call.unsure


def test_a_listing_ends_who_is_not_in_it_and_finds_who_came_meanwhile(exchange: Exchange) -> None:
    talking(exchange)
    exchange.after(30)
    found = {"Uniqueid": "9.1", "Linkedid": "9.1", "Channel": "PJSIP/trunk-000000f1", "ChannelState": 6}
    found |= {"Context": "from-trunk", "Exten": "74950000100", "CallerIDNum": "+74950002002", "Duration": "00:00:10"}
    exchange.says("CoreShowChannel", ActionID="list", BridgeId="b7", **found)
    exchange.says("CoreShowChannelsComplete", ActionID="list", ListItems=1)
    gone, there = calls(exchange)
    assert (gone.complete, gone.closed_by_limit) == (True, True)
    assert (there.complete, there.from_, "started_at" in there.unsure) == (False, "+74950002002", True)


def test_a_listing_of_which_a_part_is_missing_proves_nothing(exchange: Exchange) -> None:
    talking(exchange)
    exchange.after(30)
    exchange.says("CoreShowChannelsComplete", ActionID="list", ListItems=2)
    assert not only(exchange).complete


def test_without_bridges_a_phone_that_took_the_ringing_answered_if_the_line_was_opened_with_it(
    exchange: Exchange,
) -> None:
    over(exchange, *talking(exchange))
    (call,) = fold([one for one in events(exchange) if not one.kind.startswith("Bridge")])
    assert (call.result, call.answered_by, call.wait, call.talk) == (Result.ANSWERED, "101", 2, 3)


def test_a_phone_that_took_the_ringing_and_did_not_confirm_has_not_answered(exchange: Exchange) -> None:
    customer = exchange.arrives()
    mobile = exchange.rings_outside("89261234567", by=customer)
    exchange.after(2)
    exchange.up(mobile)
    exchange.refuses(mobile, by=customer, status="ANSWER", cause=16)
    over(exchange, customer)
    assert (only(exchange).result, only(exchange).answered_by) == (Result.MISSED, None)
