import random

import pytest

from hub.testing.effort import SECOND, least
from services.email.bounces.classify import auto_of, bounce_of
from services.email.bounces.models import Bounce, Recipient
from services.email.mime.parse import parse
from tests.services.email.bounces.samples.builders import ENCLOSED, OURS, Sample, a_notice, a_report
from tests.services.email.bounces.samples.microsoft import MICROSOFT
from tests.services.email.bounces.samples.others import OTHERS
from tests.services.email.bounces.samples.reports import REPORTS
from tests.services.email.bounces.samples.rows import ROWS
from tests.services.email.bounces.samples.unix import UNIX

SAMPLES = [*UNIX, *MICROSOFT, *REPORTS, *OTHERS, *ROWS]
BOUNDARY = 'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; boundary="b"\n'


def read(raw: bytes) -> Bounce:
    found = bounce_of(parse(raw))
    assert found is not None
    return found


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_notice_names_who_failed_and_why(sample: Sample):
    found = read(sample.raw)
    named = {one.address: one.reason for one in found.recipients}
    assert (found.kind, named, found.original_message_id) == (sample.kind, sample.failing, sample.original)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_notice_is_automatic_mail(sample: Sample):
    assert auto_of(parse(sample.raw)) == "auto-reply"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_notice_with_other_line_ends_says_the_same(sample: Sample):
    assert bounce_of(parse(sample.raw.replace(b"\n", b"\r\n"))) == bounce_of(parse(sample.raw))


def test_a_recipient_has_the_code_the_status_and_the_words_of_the_server():
    raw = a_report(
        """
        Original-Recipient: rfc822;anna@there.example
        Final-Recipient: rfc822;a.b@store.there.example
        Action: failed
        Status: 5.0.0
        Diagnostic-Code: smtp; 550-5.2.1 The account is disabled,
            550 5.2.1 for good
        """
    )
    text = "550-5.2.1 The account is disabled, 550 5.2.1 for good"
    assert read(raw).recipients == (Recipient("anna@there.example", "failed", "5.2.1", "550", "disabled", text),)


def test_a_status_that_no_server_gave_follows_from_the_reply_code():
    raw = a_report(
        "Final-Recipient: rfc822;anna@there.example\nAction: failed\nDiagnostic-Code: smtp; 550 user unknown"
    )
    assert [(one.status, one.reply_code) for one in read(raw).recipients] == [("5.1.1", "550")]


def test_a_notice_of_success_is_no_failure():
    raw = a_report("Final-Recipient: rfc822;anna@there.example\nAction: delivered\nStatus: 2.1.5")
    assert (read(raw).kind, [one.action for one in read(raw).recipients]) == ("delivered", ["delivered"])


def test_a_report_without_its_parts_is_read_from_the_text():
    raw = a_report("Final-Recipient: rfc822;anna@there.example\nAction: failed\nStatus: 5.1.1")
    broken = raw.replace(b'boundary="b"', b'boundary="lost"')
    assert [one.address for one in read(broken).recipients] == ["anna@there.example"]
    assert read(broken).original_message_id == "first@ours.example"


def test_a_report_sent_as_text_is_read():
    raw = a_notice(
        "\nFinal-Recipient: rfc822; anna@there.example\nAction: failed\nStatus: 5.1.1\n",
        sender="MAILER-DAEMON@there.example",
        subject="Undelivered Mail Returned to Sender",
    )
    assert read(raw).recipients[0].status == "5.1.1"


def test_a_receipt_is_no_failure():
    raw = a_report("Final-Recipient: rfc822;anna@there.example\nDisposition: manual-action; displayed")
    read = raw.replace(b"message/delivery-status", b"message/disposition-notification")
    assert bounce_of(parse(read)) is None


def test_a_bounce_that_a_person_forwards_is_no_bounce():
    inner = SAMPLES[0].raw.decode()
    head = f"From: Anna <anna@there.example>\nTo: {OURS}\nSubject: Fwd: failure notice\nMIME-Version: 1.0\n"
    body = f"--q\n\nWhat is this?\n--q\nContent-Type: message/rfc822\n\n{inner}\n--q--\n"
    raw = f'{head}Content-Type: multipart/mixed; boundary="q"\n\n{body}'.encode()
    assert bounce_of(parse(raw)) is None


def a_complaint(fields: str, original: str = ENCLOSED) -> bytes:
    head = f"From: fbl@there.example\nTo: {OURS}\nSubject: FW: What is new\n{BOUNDARY}\n"
    body = f"--b\n\nA report.\n--b\nContent-Type: message/feedback-report\n\n{fields}\n"
    return (head + body + f"--b\nContent-Type: message/rfc822\n\n{original.lstrip()}\n--b--\n").encode()


def test_a_complaint_names_the_one_who_complained_and_the_mail():
    found = read(a_complaint("Feedback-Type: abuse\nVersion: 1\nOriginal-Rcpt-To: <otto@there.example>\n"))
    assert (found.kind, [one.address for one in found.recipients]) == ("complaint", ["otto@there.example"])
    assert found.original_message_id == "first@ours.example"


def test_a_complaint_without_a_recipient_is_of_the_one_the_mail_went_to():
    found = read(a_complaint("Feedback-Type: abuse\nVersion: 1\n"))
    assert [one.address for one in found.recipients] == ["anna@there.example"]


def test_a_report_on_authentication_is_no_complaint():
    assert bounce_of(parse(a_complaint("Feedback-Type: auth-failure\nVersion: 1\n"))) is None


def test_a_complaint_in_the_old_form_of_hotmail_is_one():
    raw = (
        f"From: staff@hotmail.example\nTo: {OURS}\nSubject: complaint about message from 192.0.2.1\n"
        'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n--b\n'
        "Content-Type: message/rfc822\n\nX-HmXmrOriginalRecipient: <otto@there.example>\n"
        f"{ENCLOSED.lstrip()}\n--b--\n"
    )
    assert [one.address for one in read(raw.encode()).recipients] == ["otto@there.example"]


def a_mail(headers: str = "", *, subject: str = "About the offer", text: str = "Thank you.") -> bytes:
    head = f"From: Anna <anna@there.example>\nTo: {OURS}\nSubject: {subject}\nMessage-ID: <second@there.example>\n"
    return (head + headers + "Content-Type: text/plain; charset=utf-8\n\n" + text + "\n").encode()


@pytest.mark.parametrize(
    "raw",
    [
        a_mail(),
        a_mail(subject="Re: Undeliverable: the parcel", text="The parcel was returned, could not be delivered."),
        a_mail(subject="Re: Automatic reply: hello", text="I saw you are away."),
        a_mail("X-Auto-Response-Suppress: All\n"),
        a_mail("Auto-Submitted: no\nPrecedence: normal\n"),
        a_mail(text="My address anna@there.example gives 550 5.1.1 User unknown, can you help?"),
        a_mail("Return-Path: <anna@there.example>\n", subject="Mailbox full of letters"),
        a_mail(subject="Delivery problem with my order", text="It was not delivered. Write to otto@there.example."),
        a_mail(subject="Не доставлен заказ", text="Мой заказ не был доставлен, адрес otto@there.example"),
    ],
)
def test_mail_of_a_person_is_neither_a_bounce_nor_automatic(raw: bytes):
    assert (bounce_of(parse(raw)), auto_of(parse(raw))) == (None, None)


@pytest.mark.parametrize(
    "raw",
    [
        a_mail("Auto-Submitted: auto-replied (vacation)\n"),
        a_mail("X-Autoreply: yes\n"),
        a_mail("Precedence: auto_reply\n"),
        a_mail(subject="Автоматический ответ: Что нового"),
        a_mail(subject="Out of Office: What is new"),
        a_mail(subject="Abwesenheitsnotiz: What is new"),
        a_mail(subject="Réponse automatique : What is new"),
        a_mail(subject="Respuesta automática: What is new"),
        a_mail("Return-Path: <>\nIn-Reply-To: <first@ours.example>\n", subject="Re: What is new"),
    ],
)
def test_an_automatic_reply_fails_nobody(raw: bytes):
    found = read(raw)
    assert (found.kind, found.recipients, auto_of(parse(raw))) == ("auto-reply", (), "auto-reply")


def test_an_automatic_reply_names_the_mail_it_answers():
    raw = a_mail("Auto-Submitted: auto-replied\nIn-Reply-To: <first@ours.example>\n")
    assert read(raw).original_message_id == "first@ours.example"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Please confirm your message", "Reply to this message to have yours released for delivery."),
        ("Your email requires verification verify#abc", "Click on the link below to prove that you are human."),
        ("[TMDA] Please confirm your e-mail", "This challenge-response message confirms that you sent it."),
    ],
)
def test_a_challenge_is_not_an_answer(subject: str, text: str):
    raw = a_mail(subject=subject, text=text)
    assert (read(raw).kind, auto_of(parse(raw))) == ("challenge", "challenge")


@pytest.mark.parametrize(
    ("headers", "auto"),
    [
        ("List-Id: <talk.lists.example>\n", "list"),
        ("Precedence: list\n", "list"),
        ("Precedence: bulk\n", "bulk"),
        ("List-Unsubscribe: <mailto:off@there.example>\n", "bulk"),
        ("Auto-Submitted: auto-generated\n", "bulk"),
    ],
)
def test_lists_and_bulk_mail_are_told_apart(headers: str, auto: str):
    assert (auto_of(parse(a_mail(headers))), bounce_of(parse(a_mail(headers)))) == (auto, None)


def test_any_bytes_are_read_without_an_error():
    chance = random.Random(4)
    for sample in SAMPLES:
        for _ in range(5):
            raw = bytearray(sample.raw)
            for _ in range(chance.randrange(1, 60)):
                raw[chance.randrange(len(raw))] = chance.randrange(256)
            cut = parse(bytes(raw[: chance.randrange(len(raw))]))
            bounce_of(cut)
            auto_of(cut)


@pytest.mark.parametrize(
    "text",
    [
        "user " * 60_000,
        "<a@b.example>:\n" * 20_000,
        "a@b.example " * 25_000,
        "." * 300_000,
        "From: x\n" * 40_000,
        "@" * 300_000,
        "could not be delivered " * 12_000,
        "a." * 150_000,
        "550 5.1.1 " * 30_000,
        "".join(f"<a{n}@b.example>: user unknown\n" for n in range(10_000)),
        "message-id: " * 25_000,
        "-" * 300_000,
    ],
    ids=lambda text: text[:12].strip(),
)
def test_a_hostile_notice_is_read_in_no_time(text: str):
    mail = parse(f"From: MAILER-DAEMON@x.example\nSubject: Undelivered Mail\n\n{text}".encode())
    report = parse(a_report(text))
    assert least(lambda: (bounce_of(mail), bounce_of(report)), enough=SECOND) <= SECOND
