"""The stored call never goes backwards, whatever order its states come in and however often."""

from functools import reduce
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.telephony.ami.calls import fold
from services.telephony.ami.events import in_order
from services.telephony.calls.drafts import Setting, draft, is_contact, newer
from services.telephony.calls.models import Call
from services.telephony.lines.models import OurLine
from tests.services.telephony.test_tracker import EVENTS, WHOLE

LINE = OurLine(id="ln_1", number="+74950000100", exchange="ex_1", name="Sales", level=20.0)
SETTING = Setting(
    exchange="ex_1",
    line=LINE,
    logins={"101": "anna", "104": "boris"},
    is_ours=lambda address: address == "phone:+74950000100",
    received_at="2026-03-02T12:00:00.000000Z",
)
ORDERED = in_order(EVENTS)
STATES = [
    draft(call, SETTING, asked=None)
    for seen in range(1, len(ORDERED) + 1)
    for call in fold(ORDERED[:seen])
    if call.id == WHOLE[0].id
]
LAST = STATES[-1]


@given(st.lists(st.sampled_from(STATES), max_size=30), st.lists(st.sampled_from(STATES), max_size=10))
def test_whatever_states_come_before_and_after_the_end_the_end_is_kept(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    whole = reduce(newer, [*before, LAST, *after])
    assert whole["state"] == LAST["state"]
    assert {one["login"] for one in whole["participants"]} == {None, "anna", "boris"}


@given(st.lists(st.sampled_from(STATES), min_size=2, max_size=30))
def test_a_call_that_was_answered_or_over_is_never_told_to_be_less(states: list[dict[str, Any]]) -> None:
    stages = []
    document = states[0]
    for state in states:
        document = newer(document, state)
        stages.append((document["state"]["complete"], document["state"]["answered_at"] is not None))
    assert stages == sorted(stages)


def test_our_own_line_and_calls_within_the_house_are_nobodys_contact() -> None:
    call: Call = WHOLE[0]
    ours = Setting(exchange="ex_1", line=LINE, logins={}, is_ours=lambda _: True, received_at="")
    assert (is_contact(call, SETTING), is_contact(call, ours)) == (True, False)
