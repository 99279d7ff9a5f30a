"""Receiving over real sockets: cursors, batches, servers that misbehave."""

import asyncio
from datetime import UTC, datetime

import pytest

from hub.contracts.interaction import DeliveryState, InteractionReceived, Role
from hub.contracts.park import MessageParked, RawMailStored
from hub.contracts.registry import REGISTRY
from hub.kit.blobs import FolderBlobs
from hub.testing.waiting import eventually
from tests.services.email.conftest import CUSTOMER, OURS, SALES, EmailHarness, a_mail


async def settled(harness: EmailHarness) -> list[InteractionReceived]:
    """What has arrived once nothing more comes."""
    await asyncio.sleep(0.7)
    return await harness.events(InteractionReceived)


async def test_a_new_uidvalidity_doubles_nothing_and_loses_nothing(harness: EmailHarness) -> None:
    harness.customer_writes("first")
    await harness.arrivals(1)
    harness.simulator.recreate(OURS)
    harness.customer_writes("second")
    await harness.arrivals(2)
    assert [event.text.strip() for event in await settled(harness)] == ["first", "second"]


async def test_a_folder_made_anew_and_empty_is_followed_from_its_start(harness: EmailHarness) -> None:
    for text in ("one", "two", "three"):
        harness.customer_writes(text)
    await harness.arrivals(3)
    harness.simulator.recreate(OURS, keep=False)
    harness.customer_writes("four")
    assert [event.text.strip() for event in await harness.arrivals(4)][-1] == "four"


async def test_one_mail_twice_in_one_box_is_one_event(harness: EmailHarness) -> None:
    raw = a_mail("the same")
    harness.simulator.deliver(OURS, raw)
    harness.simulator.deliver(OURS, raw)
    await harness.arrivals(1)
    harness.simulator.deliver(OURS, raw)
    assert len(await settled(harness)) == 1


async def test_two_mails_with_one_message_id_are_two_events(harness: EmailHarness) -> None:
    for text in ("one", "two"):
        harness.simulator.deliver(OURS, a_mail(text, Message_ID="<same@client.example>"))
    assert [event.text.strip() for event in await harness.arrivals(2)] == ["one", "two"]


async def test_a_mail_without_message_id_comes_once(harness: EmailHarness) -> None:
    harness.customer_writes("nameless", Message_ID="")
    await harness.arrivals(1)
    harness.simulator.recreate(OURS)
    assert len(await settled(harness)) == 1


async def test_one_mail_in_two_boxes_is_told_once_for_each_under_one_id(harness: EmailHarness) -> None:
    answer = await harness.api.post("/mailboxes", json=harness.mailbox(SALES))
    assert answer.status_code == 201
    raw = a_mail("to both", To=f"{OURS}, {SALES}")
    harness.simulator.deliver(OURS, raw)
    harness.simulator.deliver(SALES, raw)
    await harness.told(InteractionReceived, lambda found: len({event.account for event in found}) == 2)
    events = await settled(harness)
    assert len({event.id for event in events}) == 1
    assert {event.account for event in events} == {harness.mailbox_id, answer.json()["id"]}
    assert all(p.ours for event in events for p in event.participants if p.role is Role.TO)


async def test_what_we_sent_ourselves_and_got_back_is_not_told_again(harness: EmailHarness) -> None:
    message = harness.message("to a list that we are on")
    await harness.give(message)
    await harness.delivery(message, DeliveryState.SENT)
    (sent,) = harness.simulator.messages(CUSTOMER)
    harness.simulator.deliver(OURS, sent.raw)
    harness.customer_writes("something else")
    await harness.arrivals(1)
    assert [event.text.strip() for event in await settled(harness)] == ["something else"]


async def test_what_we_wrote_in_another_program_is_told_as_ours(harness: EmailHarness) -> None:
    harness.simulator.deliver(OURS, a_mail("from my phone", sender=f"Ромашка <{OURS}>", To=CUSTOMER))
    (event,) = await harness.arrivals(1)
    assert [(p.role, p.ours) for p in event.participants] == [(Role.FROM, True), (Role.TO, False)]


async def test_raw_bytes_are_kept_and_flags_are_left_alone(harness: EmailHarness) -> None:
    raw = a_mail("kept")
    uid = harness.simulator.deliver(OURS, raw)
    (event,) = await harness.arrivals(1)
    (stored,) = harness.simulator.messages(OURS)
    validity = harness.simulator.uid_validity(OURS)
    assert event.raw.startswith(f"raw/email/{harness.mailbox_id}/{validity}/{uid}-")
    assert await FolderBlobs(harness.data / "blobs").get(event.raw) == raw
    assert stored.flags == frozenset()


async def test_attachments_are_stored_once_by_content(harness: EmailHarness) -> None:
    part = b"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n%PDF\r\n"
    for number in (1, 2):
        head = f"From: {CUSTOMER}\r\nMessage-ID: <{number}@x>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        harness.simulator.deliver(OURS, head.encode() + part + b"--b--\r\n")
    one, two = await harness.arrivals(2)
    assert one.attachments[0].blob == two.attachments[0].blob
    assert (harness.data / "blobs" / one.attachments[0].blob).read_bytes() == b"%PDF"


async def test_a_mail_above_the_limit_is_parked_with_its_headers(harness: EmailHarness) -> None:
    harness.customer_writes("x" * 76 + "\n" * (3 * 2**20), Subject="huge")
    (parked,) = await harness.parked(1)
    assert parked.reason == "refused: 4 MB is above the limit of 1 MB; headers kept"
    assert CUSTOMER in parked.sender
    assert parked.topic == "raw.email"
    kept = await FolderBlobs(harness.data / "blobs").get(parked.blob)
    assert b"Subject: huge" in kept
    assert len(kept) < 10_000


async def test_a_replayed_dead_letter_is_read_again(harness: EmailHarness) -> None:
    harness.customer_writes("x" * 76 + "\n" * 2**20, Subject="huge")
    (parked,) = await harness.parked(1)
    envelope = REGISTRY.decode(parked.record())
    assert isinstance(envelope.event, RawMailStored)
    await harness.replay(parked)
    (event,) = await harness.arrivals(1)
    assert (event.subject, event.account) == ("huge", harness.mailbox_id)
    assert "above the limit" in event.problem


@pytest.mark.slow
async def test_a_parked_mail_is_parked_once_however_often_it_is_fetched(harness: EmailHarness) -> None:
    harness.customer_writes_poison()
    await harness.parked(1)
    harness.simulator.recreate(OURS)
    harness.customer_writes("after")
    await harness.arrivals(1)
    assert len(await harness.events(MessageParked)) == 1


async def test_a_server_that_vanishes_is_found_again(harness: EmailHarness) -> None:
    harness.customer_writes("before")
    await harness.arrivals(1)
    await harness.simulator.stop()
    await asyncio.sleep(0.5)
    await harness.simulator.start()
    harness.customer_writes("after")
    assert [event.text.strip() for event in await harness.arrivals(2)] == ["before", "after"]


@pytest.mark.slow
async def test_a_server_that_drops_us_again_and_again_loses_nothing(harness: EmailHarness) -> None:
    for number in range(300):
        harness.customer_writes(f"number {number}")
        if number % 60 == 0:
            harness.simulator.drop_imap()
            await asyncio.sleep(0.05)
    found = await harness.arrivals(300)
    assert [event.text.strip() for event in found] == [f"number {number}" for number in range(300)]


@pytest.mark.slow
async def test_a_server_that_hangs_is_given_up_and_found_again(harness: EmailHarness) -> None:
    await harness.restart(OMNIHUB_EMAIL__TIMEOUT="1")
    await harness.until_healthy("green")
    harness.simulator.faults.hang()
    harness.simulator.drop_imap()
    await eventually(harness.health, lambda health: "no answer in time" in (health.reason or ""))
    harness.simulator.faults.resume()
    harness.customer_writes("back again")
    assert [event.text.strip() for event in await harness.arrivals(1)] == ["back again"]


async def test_a_server_without_idle_is_polled(harness: EmailHarness) -> None:
    harness.simulator.faults.idle = False
    harness.simulator.drop_imap()
    harness.customer_writes("first")
    await harness.arrivals(1)
    harness.customer_writes("second")
    assert len(await harness.arrivals(2)) == 2


async def test_mails_of_many_sizes_come_in_order(harness: EmailHarness) -> None:
    for number in range(30):
        harness.customer_writes(f"number {number}\n" + "x" * 70 * (number % 7) ** 4)
    found = await harness.arrivals(30)
    assert [event.text.split("\n")[0] for event in found] == [f"number {number}" for number in range(30)]


async def test_the_time_of_a_mail_without_a_date_is_when_the_server_got_it(harness: EmailHarness) -> None:
    at = datetime(2026, 2, 1, 10, 30, 5, tzinfo=UTC)
    harness.simulator.deliver(OURS, a_mail("undated", Date=""), at=at)
    (event,) = await harness.arrivals(1)
    assert event.at.replace(microsecond=0) == at


async def test_mails_of_one_second_keep_their_order(harness: EmailHarness) -> None:
    at = datetime(2026, 2, 1, 10, 30, 5, tzinfo=UTC)
    for number in range(10):
        harness.simulator.deliver(OURS, a_mail(f"number {number}", number=number, Date=""), at=at)
    events = await harness.arrivals(10)
    assert sorted(events, key=lambda event: event.at) == events
    assert len({event.at for event in events}) == 10


@pytest.mark.slow
async def test_two_copies_of_the_hub_take_a_mail_once_and_one_takes_over(harness: EmailHarness) -> None:
    other = await harness.another_copy()
    try:
        harness.customer_writes("to either")
        await harness.arrivals(1)
        await harness.stop()
        harness.customer_writes("to the other")
        await harness.arrivals(2)
        message = harness.message("from the other")
        await harness.give(message)
        await harness.delivery(message, DeliveryState.SENT)
        assert [event.text.strip() for event in await settled(harness)] == ["to either", "to the other"]
    finally:
        await other.stop()


async def test_a_mailbox_that_answers_by_itself_asks_for_it_for_letters_of_people_only(harness: EmailHarness) -> None:
    words = "Спасибо, мы получили ваше письмо."
    changed = await harness.api.patch(f"/mailboxes/{harness.mailbox_id}", json={"auto_reply": words})
    assert changed.json()["auto_reply"] == words
    await harness.restart()
    harness.customer_writes("from a person")
    harness.customer_writes("from a robot", Auto_Submitted="auto-replied")
    found = await harness.arrivals(2)
    assert [event.acknowledge for event in found] == [words, ""]


async def test_what_a_mailbox_held_when_it_was_added_is_not_answered_by_itself(harness: EmailHarness) -> None:
    harness.simulator.deliver(SALES, a_mail("held before", To=SALES))
    await asyncio.sleep(1.1)  # the server's times are whole seconds
    added = await harness.api.post("/mailboxes", json=harness.mailbox(SALES, auto_reply="Спасибо!"))
    assert added.status_code == 201
    harness.simulator.deliver(SALES, a_mail("came after", number=2, To=SALES))
    found = await harness.arrivals(2)
    assert {event.text.strip(): event.acknowledge for event in found} == {"held before": "", "came after": "Спасибо!"}
