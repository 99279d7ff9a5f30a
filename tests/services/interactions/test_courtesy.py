"""The automatic answer of a mailbox: once for each chain, to people only, and never more than the allowance."""

from datetime import timedelta
from typing import Any

import pytest

from hub.contracts.bounce import Bounce
from hub.contracts.interaction import InteractionReceived, SendMessage
from hub.testing.builders import NOON, a_delivery, an_arrival, envelopes
from services.interactions.linking import Rules
from services.interactions.service import Interactions
from tests.services.interactions.conftest import Bench

WORDS = "Спасибо, мы получили ваше письмо и ответим сегодня."


def a_letter(number: int = 1, **over: Any) -> InteractionReceived:
    at = NOON + timedelta(minutes=number)
    return an_arrival(number, **{"acknowledge": WORDS, "subject": f"Письмо {number}", "at": at, **over})


@pytest.fixture
def apart(bench: Bench) -> Bench:
    """Every letter under another subject opens a chain."""
    rules = Rules(reply_window=timedelta(0))
    bench.service = Interactions(bench.repository, bench.bus, bench.clock, rules=rules)
    return bench


def automatic(bench: Bench) -> list[SendMessage]:
    return [event for event in bench.bus.events("outbound") if isinstance(event, SendMessage) and event.auto]


async def test_what_opens_a_chain_is_answered_once_however_often_it_is_told(bench: Bench) -> None:
    await bench.receive(a_letter())
    await bench.receive(a_letter())
    (request,) = automatic(bench)
    assert (request.text, request.subject, request.reply_to_key) == (WORDS, "Re: Письмо 1", "email:<1@example.com>")
    told = {envelope.correlation_id for envelope in bench.bus.published if envelope.event == request}
    assert told == {a_letter().event_id()}
    stored = await bench.stored(request.id)
    assert (stored["auto"], stored["author"], stored["delivery"]["state"]) == ("auto-reply", None, "queued")


async def test_what_joins_a_chain_is_not_answered(bench: Bench) -> None:
    await bench.receive(a_letter(1), a_letter(2, refs=a_letter(1).keys))
    assert len(automatic(bench)) == 1


async def test_a_letter_to_two_of_our_mailboxes_is_answered_once(bench: Bench) -> None:
    await bench.receive(a_letter(account="mb_support"), a_letter(account="mb_sales"))
    assert [request.account for request in automatic(bench)] == ["mb_support"]


@pytest.mark.parametrize(
    "over",
    [
        {"auto": "auto-reply"},
        {"auto": "list"},
        {"auto": "bulk"},
        {"bounce": Bounce(kind="hard")},
        {"sender": "no-reply@shop.example"},
        {"sender": "MAILER-DAEMON@mx.example"},
        {"acknowledge": ""},
    ],
    ids=str,
)
async def test_machines_lists_and_nobody_are_not_answered(bench: Bench, over: dict[str, Any]) -> None:
    await bench.receive(a_letter(**over))
    assert automatic(bench) == []


async def test_an_address_gets_no_more_than_three_in_a_day(apart: Bench) -> None:
    for number in range(1, 6):
        await apart.receive(a_letter(number))
    assert len(automatic(apart)) == 3
    apart.clock.advance(timedelta(days=1))
    await apart.receive(a_letter(6, at=NOON + timedelta(days=1)))
    assert len(automatic(apart)) == 4


async def test_two_machines_that_do_not_say_so_end_after_three(apart: Bench) -> None:
    """Each answer of ours makes theirs, under a subject and without a reference of its own."""
    for number in range(1, 20):
        await apart.receive(a_letter(number, subject=f"Ticket #{number} was opened"))
        for request in automatic(apart):
            await apart.service.record_deliveries(envelopes(a_delivery(request.id)))
    assert len(automatic(apart)) == 3
