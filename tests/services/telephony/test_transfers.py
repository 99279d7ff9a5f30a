"""A call that is handed on: the card and the note move, both take part; and how calls are counted."""

from typing import Any

import pytest

from hub.channels.simulators.asterisk import Phone
from hub.contracts.interaction import CallChanged
from hub.contracts.ring import CallRinging
from hub.testing.waiting import eventually
from tests.services.telephony.conftest import AmiHarness
from tests.services.telephony.test_rings import RingHarness, office

__all__ = ["office"]


async def in_call(ami: AmiHarness, text: str) -> tuple[str, str, str]:
    """A call that anna has taken: the customer's channel, hers, and the interaction."""
    exchange = ami.pbx.exchange
    customer = exchange.arrives(ami.number_of(text))
    phone = exchange.rings("101", by=customer)
    exchange.answers(phone, by=customer)

    async def talking() -> str | None:
        calls = await ami.calls()
        return next((interaction for interaction, call in calls.items() if call.answered_login == "anna"), None)

    return customer, phone, await eventually(talking)


async def test_a_call_is_handed_on_with_the_note_and_both_operators_take_part(office: RingHarness) -> None:
    office.pbx.phones["103"] = Phone(after=0.3, talks=0.3)
    _, _, interaction = await in_call(office, "to boris")
    given = {"to": "boris", "kind": "blind", "note": "Заказ 118, ждёт третий день"}
    answer = await office.api.post(f"/calls/{interaction}/transfer", json=given)
    assert (answer.status_code, answer.json()["answer"]) == (200, "Transfer succeeded")
    rings = await office.told(CallRinging, lambda found: any(one.login == "boris" for one in found))
    handed = next(one for one in rings if one.login == "boris")
    assert (handed.note, handed.state, [one.client_id for one in handed.clients]) == (
        "Заказ 118, ждёт третий день",
        "ringing",
        ["cl_1"],
    )
    call = await office.call_of("to boris")
    assert [(one.kind, one.to, one.completed) for one in call.transfers] == [("blind", "103", True)]
    people = [e for e in await office.events(CallChanged) if e.interaction_id == interaction][-1].participants
    assert {one.login for one in people} == {None, "anna", "boris"}


async def test_a_call_that_is_over_or_nobodys_is_not_handed_on(ami: AmiHarness) -> None:
    _, phone, interaction = await in_call(ami, "over")
    nobody = await ami.api.post(f"/calls/{interaction}/transfer", json={"to": "vera"})
    ami.pbx.exchange.ends(phone)
    ami.pbx.exchange.hangs_up(next(iter(ami.pbx.exchange.alive)))
    await ami.call_of("over")
    over = await ami.api.post(f"/calls/{interaction}/transfer", json={"to": "boris"})
    none = await ami.api.post("/calls/in_none/transfer", json={"to": "boris"})
    assert [nobody.status_code, over.status_code, none.status_code] == [422, 409, 404]


@pytest.mark.parametrize(("by", "key"), [("line", "line"), ("operator", "anna"), ("hour", "hour")])
async def test_calls_are_counted_by_line_operator_and_hour(ami: AmiHarness, by: str, key: str) -> None:
    await ami.pbx.customer_calls(ami.number_of("one"))
    ami.pbx.phones["101"] = Phone(answers=False)
    await ami.pbx.customer_calls(ami.number_of("two"))
    for text in ("one", "two"):
        await ami.call_of(text)
    query = {"since": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z", "by": by}
    answer = await ami.api.get("/call-statistics", params=query)
    rows: list[Any] = answer.json()["items"]
    total = 1 if by == "operator" else 2
    assert sum(row["calls"] for row in rows) == total
    assert sum(row["answered"] for row in rows) == 1
    assert sum(row["within_level"] for row in rows) == 1
    assert {row["key"] for row in rows} == {{"line": ami.line_id}.get(key, key)} if by != "hour" else len(rows) >= 1
