"""A mail as the hub's event."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.contracts.interaction import InteractionReceived, Role
from services.email.inbound.normalise import EVENT_LIMIT, Normalised, normalise
from services.email.inbound.reading import TEXT_LIMIT
from services.email.inbound.warnings import Ours
from services.email.mime.parse import parse
from tests.services.email.conftest import a_mail

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
STORED = NOW - timedelta(minutes=1)
OURS = frozenset({"email:support@romashka.example"})
TOKEN = "ABCDEFGHIJ234567"
SENT = "in_0123456789abcdef0123456789abcdef"


def event(raw: bytes, **over: Any) -> InteractionReceived:
    given: dict[str, Any] = {
        "account": "mb_support",
        "stored_at": STORED,
        "received_at": NOW,
        "ours": Ours(OURS),
        "raw": "raw/1",
    }
    return normalise(parse(raw), **{**given, **over}).event


def test_a_mail_is_an_interaction_with_everybody_in_his_role() -> None:
    found = event(a_mail("Где заказ?", Cc="Boss <Boss@Client.Example>", Reply_To="replies@client.example"))
    assert [(p.role, p.address, p.raw, p.name, p.ours) for p in found.participants] == [
        (Role.FROM, "email:anna@client.example", "anna@client.example", "Анна", False),
        (Role.REPLY_TO, "email:replies@client.example", "replies@client.example", "", False),
        (Role.TO, "email:support@romashka.example", "support@romashka.example", "", True),
        (Role.CC, "email:boss@client.example", "Boss@Client.Example", "Boss", False),
    ]
    assert (found.subject, found.text.strip()) == ("Заказ", "Где заказ?")
    assert found.keys == ("email:<m1@client.example>",)
    assert (found.raw, found.account, found.received_at) == ("raw/1", "mb_support", NOW)
    assert found.key() == "email:anna@client.example"


def test_a_plus_form_of_our_address_is_ours_too() -> None:
    found = event(a_mail("x", To=f"support+{TOKEN}@romashka.example"))
    assert [p.ours for p in found.participants if p.role is Role.TO] == [True]


def test_what_it_answers_is_named_most_telling_first() -> None:
    raw = a_mail(
        f"Спасибо!\n> [#{TOKEN}]",
        In_Reply_To="<parent@client.example>",
        References=f"<root@client.example> <{SENT}@romashka.example> <parent@client.example>",
    )
    assert event(raw).refs == (
        f"interaction:{SENT}",
        "email:<parent@client.example>",
        f"email:<{SENT}@romashka.example>",
        "email:<root@client.example>",
        f"token:{TOKEN}",
    )


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({"To": f"support+{TOKEN}@romashka.example"}, ""),
        ({"Cc": f"Ромашка <support+{TOKEN.lower()}@romashka.example>"}, ""),
        ({"Delivered_To": f"support+{TOKEN}@romashka.example"}, ""),
        ({"X_Original_To": f"support+{TOKEN}@romashka.example"}, ""),
        ({"Envelope_To": f"support+{TOKEN}@romashka.example"}, ""),
        ({"X_Omnihub_Token": TOKEN}, ""),
        ({"Subject": f"Re: Заказ [#{TOKEN}]"}, ""),
        ({}, f"> > [#{TOKEN}]"),
    ],
)
def test_a_reply_token_is_found_wherever_it_survived(headers: dict[str, str], text: str) -> None:
    assert event(a_mail(text, **headers)).refs == (f"token:{TOKEN}",)


def test_a_token_in_the_html_alone_is_found() -> None:
    raw = (
        b"From: anna@client.example\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nthanks\r\n"
        b"--b\r\nContent-Type: text/html\r\n\r\n<p>thanks</p><blockquote>[#"
        + TOKEN.encode()
        + b"]</blockquote>\r\n--b--"
    )
    assert event(raw).refs == (f"token:{TOKEN}",)


def test_what_only_resembles_a_token_is_none() -> None:
    raw = a_mail("[#abcdefghij234567] [#ABC] ABCDEFGHIJ234567", To="support+news@romashka.example")
    assert event(raw).refs == ()


def test_the_date_is_the_senders_while_it_can_be_true() -> None:
    assert event(a_mail("x", Date="Mon, 02 Mar 2026 11:00:00 +0300")).at == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def test_of_mails_of_one_second_the_later_one_is_later() -> None:
    first, second = (event(a_mail("x"), stored_at=STORED.replace(microsecond=uid)).at for uid in (41, 42))
    assert first < second


@pytest.mark.parametrize(
    "date", ["", "nonsense", "Mon, 02 Mar 2099 11:00:00 +0000", "Thu, 01 Jan 1970 00:00:00 +0000"]
)
def test_an_impossible_date_is_replaced_by_the_servers(date: str) -> None:
    assert event(a_mail("x", Date=date)).at == STORED


def test_without_any_date_it_came_now() -> None:
    assert event(a_mail("x", Date=""), stored_at=datetime(1970, 1, 1, tzinfo=UTC)).at == NOW


def test_a_mail_without_message_id_has_an_id_all_the_same() -> None:
    one, same = event(a_mail("x", Message_ID="")), event(a_mail("x", Message_ID=""), account="mb_other")
    assert one.id == same.id
    assert one.keys == ()


def test_two_mails_with_one_message_id_are_two_interactions() -> None:
    assert event(a_mail("one")).id != event(a_mail("two")).id


def test_one_mail_in_two_boxes_is_one_interaction() -> None:
    raw = a_mail("x")
    assert event(raw).id == event(b"Received: by other\r\n" + raw, account="mb_sales").id


def test_a_long_text_is_cut_with_a_word_about_it() -> None:
    found = event(a_mail("Длинный текст\n" * 40_000))
    assert len(found.text.encode()) <= TEXT_LIMIT
    assert "kept" in found.problem


def test_a_thousand_recipients_and_references_are_cut_with_a_word_about_it() -> None:
    to = ", ".join(f"p{number}@client.example" for number in range(1000))
    references = " ".join(f"<{number}@client.example>" for number in range(1000))
    found = event(a_mail("x", To=to, References=references))
    assert (len(found.participants), len(found.refs)) == (500, 200)
    assert "500 are kept" in found.problem
    assert "200 are kept" in found.problem


def test_an_event_is_small_enough_for_the_bus_whatever_the_mail() -> None:
    to = ", ".join(f'"{"Имя" * 300}{number}" <p{number}@client.example>' for number in range(600))
    raw = f"From: a@b.example\r\nTo: {to}\r\n\r\n".encode() + b"\x01" * 300_000
    found = event(raw)
    assert len(found.model_dump_json().encode()) <= EVENT_LIMIT
    assert found.participants[0].address == "email:a@b.example"


def test_attachments_are_known_by_their_content() -> None:
    raw = (
        b"From: anna@client.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nsee\r\n"
        b"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\nPDF\r\n"
        b"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=b.pdf\r\n\r\nPDF\r\n--b--"
    )
    made = normalise(parse(raw), account="mb", stored_at=STORED, received_at=NOW, ours=Ours(OURS), raw="raw/1")
    first, second = made.event.attachments
    assert (first.filename, second.filename, first.content_type, first.size) == (
        "a.pdf",
        "b.pdf",
        "application/pdf",
        3,
    )
    assert first.blob == second.blob
    assert first.id != second.id
    assert made.blobs == {first.blob: b"PDF"}


@pytest.mark.parametrize("raw", [b"", b"\x00" * 100, b"From: \xff\xfe\r\n\r\n\xff", b"nonsense", b"From: <>\r\n\r\n"])
def test_any_bytes_are_an_event(raw: bytes) -> None:
    assert event(raw).id.startswith("in_")


def test_new_text_quotes_and_signature_are_told_beside_the_whole_text() -> None:
    found = event(a_mail("Да, спасибо!\n\n-- \nАнна\n\n> Привезти лейку?\n> Ромашка"))
    assert (found.new_text, found.quoted_text, found.signature) == (
        "Да, спасибо!",
        "> Привезти лейку?\n> Ромашка",
        "-- \nАнна",
    )
    assert "Привезти" in found.text


def test_a_text_that_is_all_new_is_not_told_twice() -> None:
    assert event(a_mail("Где заказ?")).new_text is None


def test_html_is_sanitised_and_its_remote_images_are_counted() -> None:
    made = normalised(an_html_mail('<p>Да</p><script>x()</script><img src="https://t.example/1.gif">'))
    assert (made.event.blocked_images, made.event.html) == (1, None)
    assert b"<p>" in made.page
    assert b"script" not in made.page
    assert b'src="http' not in made.page


@pytest.mark.parametrize("html", ["<div>" * 20_000, "<div>" * 20_000 + "</div>" * 20_000, "<b><i>" * 20_000])
def test_html_nested_without_end_is_left_out_and_its_text_stays(html: str) -> None:
    made = normalised(an_html_mail(html + "Да"))
    assert made.page == b""
    assert "nested" in made.event.problem
    assert "Да" in made.event.text


def test_a_page_of_many_short_paragraphs_is_not_nested() -> None:
    assert normalised(an_html_mail("<p>Да<br>" * 20_000)).page


def test_html_of_megabytes_is_shown_as_far_as_it_goes() -> None:
    made = normalised(an_html_mail("<p>Да</p>" * 80_000))
    assert "are shown" in made.event.problem
    assert made.page.startswith("<p>Да</p>".encode())


def test_a_bounce_names_the_mail_of_ours_first_and_what_the_server_said() -> None:
    found = event(a_bounce(f"Message-ID: <{SENT}@romashka.example>"))
    assert found.refs[:2] == (f"interaction:{SENT}", f"email:<{SENT}@romashka.example>")
    assert found.auto == "auto-reply"
    assert found.bounce is not None
    assert found.bounce.model_dump() == {
        "kind": "hard",
        "original_message_id": f"{SENT}@romashka.example",
        "recipients": (
            {
                "address": "email:anna@client.example",
                "action": "failed",
                "status": "5.1.1",
                "reply_code": "550",
                "reason": "user-unknown",
                "text": "550 5.1.1 no such user",
                "severity": "hard",
            },
        ),
    }


def test_a_bounce_of_a_mail_whose_id_was_rewritten_is_known_by_the_enclosed_token() -> None:
    found = event(a_bounce(f"Message-ID: <other@provider.example>\r\nX-Omnihub-Token: {TOKEN}"))
    assert found.refs == ("email:<other@provider.example>", f"token:{TOKEN}")


def test_an_absence_notice_is_told_from_a_mail_of_a_person() -> None:
    away = event(a_mail("Я в отпуске", Auto_Submitted="auto-replied", In_Reply_To=f"<{SENT}@romashka.example>"))
    assert away.auto == "auto-reply"
    assert away.bounce is not None
    assert away.bounce.kind == "auto-reply"
    assert away.refs[0] == f"interaction:{SENT}"
    person = event(a_mail("Я в отпуске"))
    assert (person.auto, person.bounce) == (None, None)


def test_verdicts_are_those_of_the_trusted_server() -> None:
    raw = b"Authentication-Results: evil.example; dmarc=pass\r\n" + a_mail(
        "x", Authentication_Results="mx.romashka.example; spf=pass; dkim=fail; dmarc=fail"
    )
    believed = event(raw, trusted=frozenset({"mx.romashka.example"})).authentication
    assert believed is not None
    assert believed.model_dump() == {
        "spf": "pass",
        "dkim": "fail",
        "dmarc": "fail",
        "authserv_id": "mx.romashka.example",
        "smime": None,
        "signer": "",
    }
    assert event(raw, trusted=frozenset({"other.example"})).authentication is None


def test_an_event_with_all_of_its_parts_fits_the_bus() -> None:
    found = event(a_mail("Новое \x01\n" * 9_000 + "> Старое \x01\n" * 20_000))
    assert len(found.model_dump_json().encode()) <= EVENT_LIMIT
    assert found.new_text


def normalised(raw: bytes) -> Normalised:
    return normalise(parse(raw), account="mb", stored_at=STORED, received_at=NOW, ours=Ours(OURS), raw="raw/1")


def an_html_mail(html: str) -> bytes:
    head = b"From: anna@client.example\r\nTo: support@romashka.example\r\nContent-Type: text/html; charset=utf-8\r\n"
    return head + b"\r\n" + html.encode()


def a_bounce(original: str) -> bytes:
    """RFC 3464, about a mail with these headers."""
    return (
        f"""\
From: Mail Delivery System <MAILER-DAEMON@mx.client.example>
To: support@romashka.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce@mx.client.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

Your mail could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.client.example

Final-Recipient: rfc822; Anna@Client.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user
--b
Content-Type: message/rfc822

From: support@romashka.example
To: anna@client.example
Subject: Re: Заказ
{original}

Уже везём.
--b--
""".replace("\r\n", "\n")
        .replace("\n", "\r\n")
        .encode()
    )
