"""Sending over real sockets: the ledger, refusals, cuts, copies in the Sent folder."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from email import policy
from email.parser import BytesParser
from pathlib import Path

import httpx
import pytest

from hub.channels.simulators.mail import MailSimulator
from hub.contracts.appointment import CalendarPart
from hub.contracts.interaction import (
    Attachment,
    DeliveryRecorded,
    DeliveryState,
    Participant,
    Role,
    SendMessage,
)
from hub.kit.blobs import FolderBlobs
from hub.kit.restraint import Restraint
from hub.process import build
from tests.services.email.conftest import CUSTOMER, OURS, EmailHarness


async def copied(harness: EmailHarness, message: SendMessage, state: str) -> DeliveryRecorded:
    """Waits until the copy of a message is in this state."""

    def fits(event: DeliveryRecorded) -> bool:
        return (event.interaction_id, event.copy_state) == (message.id, state)

    return next(filter(fits, await harness.told(DeliveryRecorded, lambda events: any(map(fits, events)))))


async def test_a_delivery_is_queued_then_sent_with_the_words_of_the_server(harness: EmailHarness) -> None:
    message = harness.message("on its way")
    await harness.give(message)
    await copied(harness, message, "saved")
    events = [(e.state, e.copy_state, e.reason) for e in await harness.events(DeliveryRecorded)]
    assert events == [
        (DeliveryState.QUEUED, None, None),
        (DeliveryState.SENT, "pending", "250 2.0.0 OK: taken"),
        (DeliveryState.SENT, "saved", "250 2.0.0 OK: taken"),
    ]
    (mail,) = harness.simulator.messages(CUSTOMER)
    assert (await harness.events(DeliveryRecorded))[-1].keys == (f"email:{mail.message['Message-ID']}",)


async def test_the_copy_in_the_sent_folder_is_the_mail_itself_and_read(harness: EmailHarness) -> None:
    message = harness.message("a copy of this")
    await harness.give(message)
    await copied(harness, message, "saved")
    (copy,) = harness.simulator.messages(OURS, "Sent")
    assert copy.raw.rstrip() == harness.simulator.sent[0].raw.rstrip()
    assert "\\Seen" in copy.flags


async def test_attachments_go_along(harness: EmailHarness) -> None:
    await FolderBlobs(harness.data / "blobs").put("att/1", b"%PDF")
    attachment = Attachment(id="a", filename="счёт.pdf", content_type="application/pdf", size=4, blob="att/1")
    message = harness.message("attached", attachments=(attachment,))
    await harness.give(message)
    await harness.delivery(message, DeliveryState.SENT)
    (mail,) = harness.simulator.messages(CUSTOMER)
    (found,) = mail.message.iter_attachments()
    assert (found.get_filename(), found.get_payload(decode=True)) == ("счёт.pdf", b"%PDF")


async def test_a_calendar_stands_beside_the_text_and_says_what_it_is_for(harness: EmailHarness) -> None:
    text = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Замер\r\nEND:VCALENDAR\r\n"
    message = harness.message("you are invited", calendar=CalendarPart(method="REQUEST", text=text))
    await harness.give(message)
    await harness.delivery(message, DeliveryState.SENT)
    (mail,) = harness.simulator.messages(CUSTOMER)
    words, calendar = mail.message.iter_parts()
    assert [part.get_content_type() for part in (words, calendar)] == ["text/plain", "text/calendar"]
    assert (calendar.get_param("method"), calendar.get_payload(decode=True)) == ("REQUEST", text.encode())


async def test_a_mail_whose_attachment_is_gone_has_failed_and_delays_nothing(harness: EmailHarness) -> None:
    attachment = Attachment(id="a", filename="x", content_type="text/plain", size=1, blob="att/none")
    broken, other = harness.message("broken", attachments=(attachment,)), harness.message("whole")
    await harness.give(broken, other)
    failed = await harness.delivery(broken, DeliveryState.FAILED)
    assert "att/none" in (failed.reason or "")
    await harness.delivery(other, DeliveryState.SENT)


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
async def test_a_refusal_at_any_stage_is_failed_with_its_words(harness: EmailHarness, command: str) -> None:
    harness.simulator.faults.answer(command, "554 5.7.1 looks like spam")
    message = harness.message("refused")
    await harness.give(message)
    failed = await harness.delivery(message, DeliveryState.FAILED)
    assert "554 5.7.1 looks like spam" in (failed.reason or "")
    assert harness.customer_got() == []


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
async def test_a_temporary_refusal_at_any_stage_is_tried_again(harness: EmailHarness, command: str) -> None:
    harness.simulator.faults.answer(command, "451 4.7.1 greylisted")
    message = harness.message("twice tried")
    await harness.give(message)
    await harness.delivery(message, DeliveryState.SENT)
    reasons = [e.reason for e in await harness.events(DeliveryRecorded) if e.state is DeliveryState.QUEUED]
    assert any("451 4.7.1 greylisted" in (reason or "") for reason in reasons)
    assert harness.customer_got() == ["twice tried"]


async def test_one_refused_recipient_does_not_keep_the_mail_from_the_others(harness: EmailHarness) -> None:
    other = Participant(role=Role.CC, address="email:nobody@client.example")
    harness.simulator.faults.answer("RCPT", "550 5.1.1 no such user", address="nobody@client.example")
    message = harness.message("to two")
    both = message.model_copy(update={"to": (*message.to, other)})
    await harness.give(both)
    sent = await harness.delivery(both, DeliveryState.SENT)
    assert "nobody@client.example: 550 5.1.1 no such user" in (sent.reason or "")
    assert harness.customer_got() == ["to two"]


@pytest.mark.parametrize("accepted", [True, False])
async def test_a_cut_after_data_says_that_the_server_may_have_it(harness: EmailHarness, accepted: bool) -> None:
    harness.cut_after_hand_over(accepted=accepted)
    message = harness.message("cut")
    await harness.give(message)
    unknown = await harness.delivery(message, DeliveryState.UNKNOWN)
    assert (unknown.reason or "").startswith("the server may have accepted it: cut after DATA")
    await asyncio.sleep(1)
    assert harness.customer_got() == (["cut"] if accepted else [])
    (channel,) = await harness.channels()
    assert channel["unknown"] == 1


async def test_mail_for_a_mailbox_that_does_not_exist_has_failed(harness: EmailHarness) -> None:
    message = harness.message("from nowhere", account="mb_none")
    await harness.give(message)
    failed = await harness.delivery(message, DeliveryState.FAILED)
    assert "removed" in (failed.reason or "")


@pytest.mark.slow
async def test_a_server_that_is_down_is_red_and_mail_leaves_when_it_is_back(harness: EmailHarness) -> None:
    await harness.until_healthy("green")
    await harness.simulator.stop()
    message = harness.message("patience")
    await harness.give(message)
    red = await harness.until_healthy("red")
    assert (red.reason or "").startswith("sending: the connection was")
    (channel,) = await harness.channels()
    assert channel["queued"] == 1
    await harness.simulator.start()
    await harness.delivery(message, DeliveryState.SENT)
    await harness.until_healthy("green")
    assert harness.customer_got() == ["patience"]


async def test_a_refused_smtp_login_is_red_and_nothing_is_failed(harness: EmailHarness) -> None:
    harness.simulator.faults.smtp_logins_refused = "wrong password"
    harness.simulator.drop_smtp()
    message = harness.message("waits")
    await harness.give(message)
    red = await harness.until_healthy("red")
    assert (red.credentials, "wrong password" in (red.reason or "")) == ("refused", True)
    harness.simulator.faults.smtp_logins_refused = None
    await harness.delivery(message, DeliveryState.SENT)


async def test_an_idle_connection_that_the_server_dropped_costs_nothing(harness: EmailHarness) -> None:
    await harness.until_healthy("green")
    for text in ("one", "two", "three"):
        message = harness.message(text)
        await harness.give(message)
        await harness.delivery(message, DeliveryState.SENT)
        harness.simulator.drop_smtp()
    assert harness.customer_got() == ["one", "two", "three"]
    reasons = {e.reason for e in await harness.events(DeliveryRecorded) if e.state is DeliveryState.QUEUED}
    assert reasons == {None}


@pytest.mark.slow
async def test_a_copy_that_fails_for_a_while_is_made_later_and_once(harness: EmailHarness) -> None:
    await harness.until_healthy("green")
    harness.simulator.faults.imap_logins_refused = "come back later"
    message = harness.message("copied late")
    await harness.give(message)
    await harness.delivery(message, DeliveryState.SENT)
    await asyncio.sleep(0.3)
    harness.simulator.faults.imap_logins_refused = None
    await copied(harness, message, "saved")
    assert len(harness.simulator.messages(OURS, "Sent")) == 1
    assert harness.customer_got() == ["copied late"]


@pytest.mark.slow
async def test_a_copy_that_an_earlier_try_made_is_not_made_again(harness: EmailHarness) -> None:
    await harness.until_healthy("green")
    harness.simulator.faults.imap_logins_refused = "come back later"
    message = harness.message("there already")
    await harness.give(message)
    await harness.delivery(message, DeliveryState.SENT)
    await asyncio.sleep(0.3)
    harness.simulator.deliver(OURS, harness.simulator.sent[0].raw, folder="Sent")
    harness.simulator.faults.imap_logins_refused = None
    await copied(harness, message, "saved")
    assert len(harness.simulator.messages(OURS, "Sent")) == 1


@pytest.fixture
async def hasty(tmp_path: Path, simulator: MailSimulator) -> AsyncIterator[EmailHarness]:
    """Gives up at once."""
    made = EmailHarness(tmp_path, simulator, COPY_ATTEMPTS="1", GIVE_UP="0.1")
    await made.open()
    yield made
    await made.close()


async def test_a_copy_that_cannot_be_made_is_shown_and_the_mail_stays_sent(hasty: EmailHarness) -> None:
    await hasty.until_healthy("green")
    hasty.simulator.faults.imap_logins_refused = "no more"
    message = hasty.message("without a copy")
    await hasty.give(message)
    failed = await copied(hasty, message, "failed")
    assert (failed.state, "no more" in (failed.copy_reason or "")) == (DeliveryState.SENT, True)
    assert hasty.customer_got() == ["without a copy"]


async def test_what_is_refused_for_now_for_too_long_has_failed(hasty: EmailHarness) -> None:
    hasty.simulator.faults.answer("RCPT", "451 4.2.2 mailbox full", times=None)
    message = hasty.message("never")
    await hasty.give(message)
    failed = await hasty.delivery(message, DeliveryState.FAILED)
    assert (failed.reason or "").startswith("given up: ")
    assert "451 4.2.2 mailbox full" in (failed.reason or "")


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_mail_comes_and_goes_over_tls(tmp_path: Path, simulator: MailSimulator, security: str) -> None:
    async with MailSimulator(simulator.accounts, security=security) as secure:  # type: ignore[arg-type]
        assert secure.certificate is not None
        authority = secure.certificate.write(tmp_path / "ca.pem")
        made = EmailHarness(tmp_path, secure, CA_FILE=str(authority))
        made.security = security
        await made.open()
        try:
            made.customer_writes("in")
            await made.arrivals(1)
            message = made.message("out")
            await made.give(message)
            await copied(made, message, "saved")
            assert made.customer_got() == ["out"]
        finally:
            await made.close()


async def test_dots_at_line_starts_arrive_as_written(harness: EmailHarness) -> None:
    message = harness.message("first\n.\n..two\nFrom here")
    await harness.give(message)
    await harness.delivery(message, DeliveryState.SENT)
    (mail,) = harness.simulator.messages(CUSTOMER)
    body = BytesParser(policy=policy.default).parsebytes(mail.raw).get_content()
    assert body.replace("\r\n", "\n").startswith("first\n.\n..two\nFrom here\n")


async def test_mails_over_the_limit_of_an_hour_wait_and_say_why(harness: EmailHarness) -> None:
    changed = await harness.api.patch(f"/mailboxes/{harness.mailbox_id}", json={"per_hour": 2})
    assert changed.json()["per_hour"] == 2
    await harness.restart()
    messages = [harness.message(f"number {number}") for number in range(3)]
    await harness.give(*messages)
    for message in messages[:2]:
        await harness.delivery(message, DeliveryState.SENT)
    held = await harness.reason_of(messages[2], "held")
    assert (held, harness.customer_got()) == (
        "held: at most 2 an hour may leave from here",
        ["number 0", "number 1"],
    )


async def test_a_mailbox_signs_what_brings_no_signature_of_its_own(harness: EmailHarness) -> None:
    await harness.api.patch(f"/mailboxes/{harness.mailbox_id}", json={"signature": "Ваша Ромашка"})
    await harness.restart()
    messages = [
        harness.message("theirs"),
        harness.message("mine", signature="Ольга"),
        harness.message("none", signature=""),
    ]
    await harness.give(*messages)
    for message in messages:
        await harness.delivery(message, DeliveryState.SENT)
    bodies = [str(mail.message.get_body().get_content()) for mail in harness.simulator.messages(CUSTOMER)]
    signed = [body.partition("-- \r\n")[2].splitlines()[:1] for body in bodies]
    assert signed == [["Ваша Ромашка"], ["Ольга"], []]


async def test_html_leaves_without_scripts(harness: EmailHarness) -> None:
    message = harness.message("safe", html='<p onclick="x()">Да</p><script>alert(1)</script>')
    await harness.give(message)
    await harness.delivery(message, DeliveryState.SENT)
    (mail,) = harness.simulator.messages(CUSTOMER)
    assert mail.message.get_body(("html",)).get_content().strip() == "<p>Да</p>"


async def test_an_answer_too_large_for_an_event_leaves_whole_from_the_blobs_and_safe(harness: EmailHarness) -> None:
    blobs = FolderBlobs(harness.data / "blobs")
    row = "<p>Позиция по смете, с ценой и сроком поставки.</p>\n"
    html = row * (660_000 // len(row.encode())) + "<script>alert(1)</script><p>Итого</p>"
    await blobs.put("body/1", html.encode())
    await blobs.put("text/1", ("Смета\n" * 50_000).encode())
    message = harness.message("", text_blob="text/1", html_blob="body/1")
    await harness.give(message)
    await copied(harness, message, "saved")
    (mail,) = harness.simulator.messages(CUSTOMER)
    page = mail.message.get_body(("html",)).get_content()
    assert (page.count("<p>"), "script" in page) == (html.count("<p>"), False)
    assert mail.message.get_body(("plain",)).get_content().count("Смета") == 50_000


async def test_a_mailing_is_heard_on_a_topic_of_its_own(harness: EmailHarness) -> None:
    message = harness.message("spring", mass=True, group="spring")
    assert message.on_topic() == "outbound.mass.email"
    await harness.give(message)
    await harness.delivery(message, DeliveryState.SENT)


async def test_a_service_says_whether_it_is_a_sandbox_and_whether_it_is_held(harness: EmailHarness) -> None:
    footing = replace(harness.footing(), restraint=Restraint(sandbox=True, held=True))
    service = build("email", footing)
    await service.start()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=service.http), base_url="http://email") as api:
        assert (await api.get("/healthz")).json() == {"status": "ok", "sandbox": True, "held": True}
    await service.stop()
