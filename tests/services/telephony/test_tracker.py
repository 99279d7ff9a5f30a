"""Calls of a live connection: told as they change, in any order, in bounded memory."""

import itertools
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.testing.asterisk import Exchange
from services.telephony.ami.calls import fold
from services.telephony.ami.events import Event, in_order
from services.telephony.ami.listening import Listener
from services.telephony.ami.tracker import Calls, Limits
from services.telephony.calls.models import Call

STAGES = ["ringing", "talking", "ended"]


def story() -> Exchange:
    """A call that is held, transferred and answered again, and beside it one that nobody takes."""
    exchange = Exchange()
    customer = exchange.arrives("+74950002001")
    other = exchange.arrives("+74950002002", "74950000101")
    phone = exchange.rings("101", by=customer)
    exchange.after(2)
    exchange.answers(phone, by=customer)
    with exchange.holding(phone):
        exchange.after(4)
        exchange.hangs_up(other)
    who = {"TransfererUniqueid": exchange.uid(phone), "TransfereeUniqueid": exchange.uid(customer)}
    exchange.says("BlindTransfer", Result="Success", Extension="104", **who)
    exchange.leaves(customer)
    exchange.ends(phone)
    one, two = exchange.pair("104", linked_to=customer)
    second = exchange.rings("104", by=two)
    exchange.after(1)
    exchange.answers(second, by=two, bridge="b2")
    exchange.enters(one, "b3")
    exchange.enters(customer, "b3")
    exchange.after(5)
    exchange.hangs_up(customer)
    for name in (one, two, second):
        exchange.ends(name)
    return exchange


EVENTS = Listener().hear(story().stream, 0.0)
WHOLE = fold(EVENTS)
orders = st.permutations(EVENTS)
parts = st.sets(st.integers(0, len(EVENTS) - 1)).map(lambda places: [EVENTS[place] for place in sorted(places)])


def test_the_story_is_two_calls() -> None:
    first, second = WHOLE
    assert (first.answered_by, first.last_party, first.talk, first.hold) == ("101", "104", 10, 4)
    assert (second.from_, second.answered_by) == ("+74950002002", None)


@given(orders)
def test_the_order_in_which_events_come_does_not_matter(events: list[Event]) -> None:
    assert fold(events) == WHOLE


@given(st.lists(st.sampled_from(EVENTS)))
def test_repeats_do_not_matter(again: list[Event]) -> None:
    assert fold([*again, *EVENTS, *again]) == WHOLE


@given(orders, st.lists(st.integers(0, len(EVENTS)), max_size=8))
def test_however_they_come_in_the_tracker_ends_with_the_same_calls(events: list[Event], cuts: list[int]) -> None:
    tracker, known = Calls(), dict[str, Call]()
    ends = [0, *sorted(cuts), len(events)]
    for place, end in enumerate(ends[1:]):
        known.update((call.id, call) for call in tracker.take(events[ends[place] : end]))
    assert {call.id: known[call.id] for call in WHOLE} == {call.id: call for call in WHOLE}


def test_in_the_order_of_time_a_call_never_goes_back() -> None:
    tracker = Calls()
    seen: dict[str, list[Call]] = defaultdict(list)
    for event in in_order(EVENTS):
        for call in tracker.take([event]):
            seen[call.id].append(call)
    assert sorted(seen) == sorted(call.id for call in WHOLE)
    for versions in seen.values():
        for before, after in itertools.pairwise(versions):
            assert STAGES.index(before.stage) <= STAGES.index(after.stage)
            assert (before.talk, before.hold, len(before.legs)) <= (after.talk, after.hold, len(after.legs))
            assert before.answered_by in (None, after.answered_by)
            assert before.direction is after.direction


@given(orders)
@settings(max_examples=30)
def test_what_is_over_stays_over_in_whatever_order_the_rest_comes(events: list[Event]) -> None:
    over: set[str] = set()
    for place in range(1, len(events) + 1):
        calls = fold(events[:place])
        ended = {call.id for call in calls if call.complete}
        assert over <= ended
        over = ended


@given(parts)
def test_a_part_of_the_events_gives_calls_that_make_sense(events: list[Event]) -> None:
    for call in fold(events):
        assert 0 <= call.hold <= call.talk + 1e-6
        assert call.wait >= 0
        assert (call.answered_at is None) == (call.answered_by is None)
        assert call.complete == (call.ended_at is not None)
        assert call.ended_at is None or call.ended_at >= call.started_at
        assert all(leg.rang >= 0 and leg.connected >= 0 for leg in call.legs)


def test_only_what_changed_is_told() -> None:
    tracker = Calls()
    assert len(tracker.take(EVENTS)) == 2
    assert tracker.take(EVENTS) == []


def test_finished_calls_are_let_go_after_a_while_and_their_stragglers_make_no_new_ones() -> None:
    tracker = Calls(limits=Limits(grace=30))
    tracker.take(EVENTS)
    end = max(event.moment for event in EVENTS)
    assert tracker.tick(end + 20) == []
    assert tracker.held == len(set(EVENTS))
    assert tracker.tick(end + 31) == []
    assert (tracker.open, tracker.held) == (0, 0)
    assert tracker.take(EVENTS[3:6]) == []
    assert tracker.open == 0


def arriving(number: int) -> list[Event]:
    exchange = Exchange(start=1_795_775_000.0 + number)
    exchange.arrives(f"+7495000{number:04}")
    return Listener().hear(exchange.stream.replace(b".0\r", f".{number}\r".encode()), 0.0)


def test_too_many_calls_at_once_close_those_heard_of_least_recently() -> None:
    tracker = Calls(limits=Limits(calls=10))
    told = [call for number in range(15) for call in tracker.take(arriving(number))]
    closed = [call for call in told if call.closed_by_limit]
    assert [call.from_ for call in closed] == [f"+7495000{number:04}" for number in range(5)]
    assert tracker.open == 10


def test_a_call_of_which_nothing_is_heard_any_more_is_closed_and_marked() -> None:
    tracker = Calls(limits=Limits(silence=3600))
    (call,) = tracker.take(arriving(1))
    (closed,) = tracker.tick(call.started_at + 3601)
    assert (closed.id, closed.complete, closed.closed_by_limit, closed.unsure) == (call.id, True, True, ("ended_at",))
    assert tracker.open == 0


def test_a_call_without_end_keeps_no_more_events_than_the_limit() -> None:
    tracker = Calls(limits=Limits(events=50))
    exchange = Exchange()
    customer = exchange.arrives()
    for _ in range(60):
        exchange.after(1)
        exchange.of("Hold", customer)
    told = [call for event in Listener().hear(exchange.stream, 0.0) for call in tracker.take([event])]
    assert told[-1].closed_by_limit
    assert tracker.held <= 50


@pytest.mark.parametrize("listed", [True, False])
def test_a_listing_after_a_cut_closes_the_calls_that_are_gone(listed: bool) -> None:
    exchange = Exchange()
    customer = exchange.arrives()
    tracker, listener = Calls(), Listener()
    assert len(tracker.take(listener.hear(exchange.stream, exchange.now))) == 1
    listener.connected()
    exchange.said.clear()
    exchange.after(60)
    if listed:
        exchange.of("CoreShowChannel", customer, ActionID="1", Duration="00:01:00")
    exchange.says("CoreShowChannelsComplete", ActionID="1", ListItems=int(listed))
    told = tracker.take(listener.hear(b"Asterisk Call Manager/11.0.0\r\n" + exchange.stream, exchange.now))
    assert [(one.complete, one.closed_by_limit) for one in told] == [(not listed, not listed)]


def test_a_clock_of_the_exchange_that_is_days_off_is_not_believed() -> None:
    exchange = Exchange(start=1_795_775_000.0 + 3 * 86_400)
    exchange.arrives()
    (event,) = Listener().hear(exchange.stream, 1_795_775_000.0)
    assert event.moment == 1_795_775_000.0


def test_who_dials_to_take_a_ringing_caller_turns_out_to_be_part_of_his_call() -> None:
    exchange = Exchange()
    customer = exchange.arrives()
    phone = exchange.rings("101", by=customer)
    exchange.after(2)
    taker = exchange.dials("104", "**101")
    exchange.up(taker)
    tracker, listener = Calls(), Listener()
    before = tracker.take(listener.hear(exchange.stream, exchange.now))
    exchange.said.clear()
    exchange.of("Pickup", taker, TargetUniqueid=exchange.uid(phone), TargetLinkedid=exchange.uid(customer))
    after = {call.id: call for call in tracker.take(listener.hear(exchange.stream, exchange.now))}
    assert sorted(call.from_ for call in before) == ["+74950002001", "104"]
    absorbed = after[exchange.uid(taker)]
    assert (absorbed.part_of, absorbed.complete) == (exchange.uid(customer), True)


@given(orders)
@settings(max_examples=30)
def test_what_was_told_to_be_over_is_never_told_to_go_on(events: list[Event]) -> None:
    tracker, over = Calls(), set[str]()
    for event in events:
        for call in tracker.take([event]):
            assert call.complete or call.id not in over
            over |= {call.id} if call.complete else set()


def test_a_clock_that_was_ahead_once_closes_no_call_that_comes_after_it() -> None:
    calls = Calls()
    calls.tick(EVENTS[0].moment + 13 * 3600)
    (begun,) = calls.take(EVENTS[:1])
    assert not calls.tick(EVENTS[0].moment + 1)
    assert (calls.open, begun.complete) == (1, False)


def test_a_call_of_thousands_of_events_is_not_looked_at_anew_for_each_of_them() -> None:
    """A conference: an event costs about as much as the first ones did, not as much as all before it."""
    exchange = Exchange()
    customer = exchange.arrives()
    for number in range(400):
        exchange.refuses(exchange.rings(str(101 + number % 50), by=customer), by=customer)
    events, calls, looked_at = Listener().hear(exchange.stream, 0.0), Calls(), 0
    for event in events:
        calls.take([event])
        (group,) = calls._groups
        looked_at += group.folded if group.folded == len(group.events) else 0
    assert len(events) > 1_500
    assert looked_at < 60 * len(events)
    calls.tick(events[-1].moment + 1)
    assert [len(call.legs) for call in calls.known()] == [400]
