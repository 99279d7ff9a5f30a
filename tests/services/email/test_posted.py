"""Mails that are posted: taken over once, with the promises of those that are fetched."""

import asyncio

import httpx
import pytest

from hub.contracts.interaction import InteractionReceived
from hub.contracts.park import MessageParked
from hub.kit.errors import BlobsUnavailable, BusUnavailable, InvalidInput, NotFound
from hub.store.base import Document
from hub.testing.fakes import FakeClock
from services.email.inbound.posted import Posted, PostedView
from services.email.models import Mailbox
from tests.services.email.conftest import EmailHarness, a_mail
from tests.services.email.test_compose import a_mailbox
from tests.services.email.test_intake import POISONED, Bench, bench

__all__ = ["bench"]
BOX = a_mailbox()


class Boxes:
    """One mailbox that answers by itself."""

    def __init__(self) -> None:
        self.noted: list[str] = []

    async def get(self, account: str) -> Document:
        if account != BOX.id:
            raise NotFound(f"no mailbox {account}")
        return {"_id": account}

    def opened(self, document: Document) -> Mailbox:
        assert document["_id"] == BOX.id
        return a_mailbox(auto_reply="Мы получили ваше письмо")

    async def note_posted(self, account: str, at: str) -> None:
        self.noted.append(f"{account} {at}")


def posted(bench: Bench, boxes: Boxes | None = None) -> Posted:
    return Posted(mailboxes=boxes or Boxes(), intake=bench.intake, clock=FakeClock())


def arrivals(bench: Bench) -> list[InteractionReceived]:
    return [event for event in bench.bus.events("inbound") if isinstance(event, InteractionReceived)]


async def test_a_posted_mail_is_an_interaction_of_its_mailbox(bench: Bench) -> None:
    boxes = Boxes()
    answer = await posted(bench, boxes).take(BOX.id, a_mail("Где заказ?"))
    (arrival,) = arrivals(bench)
    assert answer == PostedView(state="taken", interaction_id=arrival.id)
    assert (arrival.account, arrival.text.strip(), arrival.subject) == (BOX.id, "Где заказ?", "Заказ")
    assert len(boxes.noted) == 1


async def test_the_same_mail_again_is_known_and_told_once(bench: Bench) -> None:
    first = await posted(bench).take(BOX.id, a_mail("Где заказ?"))
    again = await posted(bench).take(BOX.id, b"Received: from elsewhere\r\n" + a_mail("Где заказ?"))
    assert again == PostedView(state="known", interaction_id=first.interaction_id)
    assert len(arrivals(bench)) == 1


async def test_another_mail_under_the_same_message_id_is_another(bench: Bench) -> None:
    await posted(bench).take(BOX.id, a_mail("одно"))
    other = await posted(bench).take(BOX.id, a_mail("другое"))
    assert other.state == "taken"
    assert len(arrivals(bench)) == 2


async def test_what_was_fetched_is_known_when_it_is_posted(bench: Bench) -> None:
    await bench.take(a_mail("Где заказ?"))
    assert (await posted(bench).take(BOX.id, a_mail("Где заказ?"))).state == "known"


async def test_nothing_is_answered_before_bytes_and_event_are_durable(bench: Bench) -> None:
    bench.blobs.failures = 1
    with pytest.raises(BlobsUnavailable):
        await posted(bench).take(BOX.id, a_mail("x"))
    bench.bus.failures = 1
    with pytest.raises(BusUnavailable):
        await posted(bench).take(BOX.id, a_mail("x"))
    assert (await posted(bench).take(BOX.id, a_mail("x"))).state == "taken"
    assert len(arrivals(bench)) == 1


async def test_nobody_gets_an_automatic_answer_to_what_may_be_of_any_age(bench: Bench) -> None:
    await posted(bench).take(BOX.id, a_mail("Где заказ?"))
    assert arrivals(bench)[0].acknowledge == ""


async def test_what_cannot_be_read_is_parked_with_its_bytes_and_the_answer_says_so(bench: Bench) -> None:
    bench.intake = bench.reading_by(POISONED)
    answer = await posted(bench).take(BOX.id, a_mail("RAISE"))
    assert (answer.state, answer.interaction_id, answer.reason) == ("parked", None, "RecursionError: too deep")
    (parked,) = [event for event in bench.bus.events("dead-letters") if isinstance(event, MessageParked)]
    assert await bench.blobs.get(parked.blob) == a_mail("RAISE")


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\ntext", b'{"raw": "From: a"}', b"hello there", b"\x00\xff"])
async def test_what_is_no_mail_is_refused_and_not_kept(bench: Bench, raw: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        await posted(bench).take(BOX.id, raw)
    assert list(refused.value.fields) == ["body"]
    assert bench.bus.published == []


async def test_a_mailbox_that_is_none_is_not_found(bench: Bench) -> None:
    with pytest.raises(NotFound):
        await posted(bench).take("mb_none", a_mail("x"))


async def test_a_mail_is_posted_to_the_service_and_one_above_the_limit_is_refused(harness: EmailHarness) -> None:
    async def post(raw: bytes) -> httpx.Response:
        path = f"/mailboxes/{harness.mailbox_id}/mails"
        return await harness.api.post(path, content=raw, headers={"Content-Type": "message/rfc822"})

    answers = await asyncio.gather(*(post(a_mail("Где заказ?", number=7)) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["interaction_id"] for answer in answers}) == 1
    (arrival,) = {event.id: event for event in await harness.arrivals(1)}.values()
    assert arrival.text.strip() == "Где заказ?"
    large = await post(a_mail("x" * 70 + "\n" * 2**20))
    assert large.status_code == 413
    assert "max_mail_size" in large.text
