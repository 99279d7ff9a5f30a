"""Structure: which text is shown, what is attached, and what becomes of broken mails."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from services.email.mime.model import Address, Mail
from services.email.mime.parse import parse
from services.email.mime.tree import MAX_DEPTH

HEAD = b"From: Anna <anna@client.example>\r\nTo: support@romashka.example\r\nSubject: Hello\r\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def a_mail(body: str | bytes, *headers: str, head: bytes = HEAD) -> Mail:
    lines = "".join(f"{header}\r\n" for header in headers).encode()
    text = body if isinstance(body, bytes) else body.replace("\n", "\r\n").encode()
    return parse(head + lines + b"\r\n" + text)


def files(mail: Mail) -> list[tuple[str, str | None, bytes]]:
    return [(part.content_type, part.filename, part.content) for part in mail.attachments]


def test_a_plain_mail_is_read() -> None:
    mail = a_mail(
        "Good day\n",
        "Cc: Boris <boris@client.example>, olga@client.example",
        "Reply-To: answers@client.example",
        "Date: Mon, 2 Mar 2026 10:15:00 +0300",
        "Message-ID: <1@client.example>",
        "In-Reply-To: <0@romashka.example>",
        "References: <a@romashka.example>\r\n\t<0@romashka.example>",
    )
    assert mail.subject == "Hello"
    assert mail.from_ == Address("Anna", "anna@client.example")
    assert mail.to == (Address("", "support@romashka.example"),)
    assert mail.cc == (Address("Boris", "boris@client.example"), Address("", "olga@client.example"))
    assert mail.reply_to == (Address("", "answers@client.example"),)
    assert mail.date == datetime(2026, 3, 2, 10, 15, tzinfo=timezone(timedelta(hours=3)))
    assert (mail.message_id, mail.in_reply_to) == ("1@client.example", ("0@romashka.example",))
    assert mail.references == ("a@romashka.example", "0@romashka.example")
    assert (mail.text, mail.html, mail.attachments, mail.problems) == ("Good day\n", None, (), ())


def test_of_an_alternative_the_plain_text_is_read_and_the_html_kept() -> None:
    mail = a_mail(
        "--b\nContent-Type: text/plain\n\nplain\n--b\nContent-Type: text/html\n\n<p>rich</p>\n--b--\n",
        "Content-Type: multipart/alternative; boundary=b",
    )
    assert (mail.text, mail.html, mail.attachments) == ("plain", "<p>rich</p>", ())


def test_an_alternative_with_an_empty_plain_text_is_read_from_its_html() -> None:
    mail = a_mail(
        "--b\nContent-Type: text/plain\n\n \n\n--b\nContent-Type: text/html\n\n<p>rich</p>\n--b--\n",
        "Content-Type: multipart/alternative; boundary=b",
    )
    assert mail.text == "rich"


def test_texts_of_a_mixed_mail_are_joined_in_order() -> None:
    mail = a_mail(
        "--b\n\nfirst\n--b\nContent-Type: image/png\n\nx\n--b\nContent-Type: text/plain\n\nsecond\n"
        "--b\nContent-Type: text/html\n\n<b>third</b>\n--b--\n",
        "Content-Type: multipart/mixed; boundary=b",
    )
    assert mail.text == "first\nsecond\nthird"
    assert mail.html == "<pre>first</pre>\n<pre>second</pre>\n<b>third</b>"
    assert files(mail) == [("image/png", None, b"x")]


def test_images_of_a_related_mail_are_inline_with_their_ids() -> None:
    mail = a_mail(
        '--b\nContent-Type: text/html\n\n<img src="cid:logo@x">Hi\n'
        "--b\nContent-Type: image/png; name=logo.png\nContent-ID: <logo@x>\n"
        "Content-Transfer-Encoding: base64\n\niVBORw==\n--b--\n",
        "Content-Type: multipart/related; boundary=b",
    )
    (image,) = mail.attachments
    assert (image.filename, image.inline, image.content_id, image.content) == ("logo.png", True, "logo@x", b"\x89PNG")
    assert mail.text == "Hi"


def test_a_text_that_is_named_or_marked_as_attachment_is_attached() -> None:
    mail = a_mail(
        "--b\n\nbody\n--b\nContent-Type: text/plain; name=log.txt\n\nlog\n"
        "--b\nContent-Type: text/html\nContent-Disposition: attachment\n\n<p>page</p>\n--b--\n",
        "Content-Type: multipart/mixed; boundary=b",
    )
    assert mail.text == "body"
    assert files(mail) == [("text/plain", "log.txt", b"log"), ("text/html", None, b"<p>page</p>")]


def test_an_attached_mail_is_one_attachment_called_after_its_subject() -> None:
    inner = "From: a@b.example\nSubject: =?utf-8?B?0KHRh9GR0YI=?= 1/2\n\ninner\n"
    mail = a_mail(
        f"--b\n\nsee below\n--b\nContent-Type: message/rfc822\n\n{inner}--b--\n",
        "Content-Type: multipart/mixed; boundary=b",
    )
    ((kind, name, content),) = files(mail)
    assert (kind, name) == ("message/rfc822", "Счёт 1 2.eml")
    assert parse(content).text == "inner"
    assert mail.text == "see below"


def test_an_invitation_stays_an_attachment() -> None:
    mail = a_mail(
        "--b\n\nCome\n--b\nContent-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\n--b--\n",
        "Content-Type: multipart/alternative; boundary=b",
    )
    assert (mail.text, files(mail)) == ("Come", [("text/calendar", "invite.ics", b"BEGIN:VCALENDAR")])


def test_the_parts_of_a_report_are_there_in_order() -> None:
    mail = a_mail(
        "--b\n\nfailed\n--b\nContent-Type: message/delivery-status\n\nStatus: 5.1.1\n"
        "--b\nContent-Type: text/rfc822-headers\n\nSubject: x\n--b--\n",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
    )
    kinds = [part.content_type for part in mail.parts]
    assert kinds == ["text/plain", "message/delivery-status", "text/rfc822-headers"]
    assert (mail.content_type, mail.params["report-type"]) == ("multipart/report", "delivery-status")
    assert mail.parts[1].content == b"Status: 5.1.1"


def test_a_multipart_that_never_ends_is_read_to_its_end() -> None:
    mail = a_mail(
        "--b\n\nfirst\n--b\nContent-Type: application/pdf; name=a.pdf\n\n%PDF",
        "Content-Type: multipart/mixed; boundary=b",
    )
    assert (mail.text, files(mail)) == ("first", [("application/pdf", "a.pdf", b"%PDF")])


def test_a_multipart_without_its_boundary_parameter_is_still_taken_apart() -> None:
    mail = a_mail("preamble\n--xyz\n\nfirst\n--xyz\n\nsecond\n--xyz--\n", "Content-Type: multipart/mixed")
    assert mail.text == "first\nsecond"
    assert mail.problems == ("the boundary is missing or wrong; taken from the body",)


def test_a_multipart_with_a_wrong_boundary_is_still_taken_apart() -> None:
    mail = a_mail("--real\n\nfirst\n--real--\n", "Content-Type: multipart/mixed; boundary=other")
    assert mail.text == "first"


def test_a_multipart_without_parts_is_text() -> None:
    mail = a_mail("nothing but text\n", "Content-Type: multipart/mixed; boundary=b")
    assert mail.text == "nothing but text\n"


def test_a_boundary_that_begins_like_another_does_not_end_its_part() -> None:
    mail = a_mail(
        "--b\nContent-Type: multipart/mixed; boundary=b2\n\n--b2\n\none\n--b2--\n--b\n\ntwo\n--b--\n",
        "Content-Type: multipart/mixed; boundary=b",
    )
    assert mail.text == "one\ntwo"


def test_one_boundary_on_two_levels_still_gives_all_parts() -> None:
    mail = a_mail(
        "--b\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nplain\n"
        "--b\nContent-Type: text/html\n\n<p>rich</p>\n--b--\n--b\nContent-Type: image/png; name=i.png\n\nx\n--b--\n",
        "Content-Type: multipart/mixed; boundary=b",
    )
    assert mail.text == "plain"
    assert mail.html == "<p>rich</p>"
    assert files(mail) == [("image/png", "i.png", b"x")]


def test_preamble_and_epilogue_are_not_shown() -> None:
    mail = a_mail("preamble\n--b\n\nbody\n--b--\nepilogue\n", "Content-Type: multipart/mixed; boundary=b")
    assert mail.text == "body"


def test_a_multipart_encoded_as_a_whole_is_taken_apart() -> None:
    mail = a_mail(
        "LS1iCgpoaWRkZW4KLS1iLS0K\n",
        "Content-Type: multipart/mixed; boundary=b",
        "Content-Transfer-Encoding: base64",
    )
    assert mail.text == "hidden"


def test_what_is_nested_too_deep_is_one_attachment() -> None:
    levels = range(MAX_DEPTH + 5)
    body = "".join(f"--b{n}\nContent-Type: multipart/mixed; boundary=b{n + 1}\n\n" for n in levels) + "deep"
    mail = a_mail(body, "Content-Type: multipart/mixed; boundary=b0")
    assert [part.content[-4:] for part in mail.attachments] == [b"deep"]
    assert mail.problems == ("nested too deep; the rest is one attachment",)


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_all_line_ends_are_read(end: bytes) -> None:
    lines = [b"Subject: long", b" subject", b"Content-Type: multipart/mixed; boundary=b", b"", b"--b", b"", b"text"]
    mail = parse(end.join([*lines, b"more", b"--b--", b""]))
    assert (mail.subject, mail.text) == ("long subject", "text\nmore")


def test_a_line_of_a_mailbox_file_and_blank_lines_before_the_headers_are_passed_over() -> None:
    for before in (
        b"From anna@client.example Mon Mar  2 10:15:00 2026\n",
        b">From anna\n",
        b"\r\n\r\n",
        b"\xef\xbb\xbf",
    ):
        mail = parse(before + b"Subject: here\n\nbody")
        assert (mail.subject, mail.text, mail.problems) == ("here", "body", ())


def test_without_a_blank_line_the_body_begins_where_no_header_can_be() -> None:
    mail = parse(b"Subject: x\nThis is the text.\nAnd more: of it.\n")
    assert (mail.subject, mail.text) == ("x", "This is the text.\nAnd more: of it.\n")


def test_a_stray_line_among_the_headers_hides_none_of_them() -> None:
    mail = parse(b"Received: x\nthis line was broken off\nSubject: here\nFrom: a@b.example\n\nbody")
    assert (mail.subject, mail.from_, mail.text) == ("here", Address("", "a@b.example"), "body")
    assert mail.problems == ("a line without a header name among the headers",)


@pytest.mark.parametrize("raw", [b"", b"\n", b"\r\n\r\n", b"\x00", b":", b" "])
def test_next_to_nothing_is_still_a_mail(raw: bytes) -> None:
    mail = parse(raw)
    assert (mail.subject, mail.text.strip(), mail.from_, mail.date) == (
        "",
        "" if raw != b":" else mail.text,
        None,
        None,
    )


def test_headers_alone_are_a_mail() -> None:
    mail = parse(b"Subject: only this")
    assert (mail.subject, mail.text) == ("only this", "")


def test_text_alone_is_a_mail() -> None:
    assert parse(b"just a line of text\nand another\n").text == "just a line of text\nand another\n"


def test_zero_bytes_leave_the_text_and_stay_in_files() -> None:
    mail = a_mail(
        b"--b\r\n\r\nte\x00xt\r\n--b\r\nContent-Type: application/x\r\n\r\na\x00b\r\n--b--\r\n",
        "Content-Type: multipart/mixed; boundary=b",
    )
    assert (mail.text, files(mail)) == ("text", [("application/x", None, b"a\x00b")])


def test_the_first_header_that_says_something_counts() -> None:
    mail = parse(b"Subject:\nSubject: second\nTo: a@b.example\nTo: c@d.example\n\n")
    assert mail.subject == "second"
    assert [one.address for one in mail.to] == ["a@b.example", "c@d.example"]


@pytest.mark.parametrize(
    ("encoding", "body", "content"),
    [
        ("base64", "aGVs\r\nbG8=\r\n", b"hello"),
        ("BASE64 ", "aGVsbG8", b"hello"),
        ("base64", "aGVs!bG8=", b"hello"),
        ("base64", "aGk=\r\naGk=\r\n", b"hihi"),
        ("base64", "aGk=\r\n___________\r\nmailing list footer, see https://list.example\r\n", b"hi"),
        ("base64", "... this was never encoded at all ...", b"... this was never encoded at all ..."),
        ("quoted-printable", "caf=C3=A9 =\r\nand =\r\n more = 5", "café and  more = 5".encode()),
        ("Quoted-Printable (so it is)", "a=20=  \r\nb", b"a b"),
        ("x-uuencode", "begin 644 x\r\n#86)C\r\n`\r\nend\r\n", b"abc"),
        ("8bit", "as it is", b"as it is"),
        ("nonsense", "as it is", b"as it is"),
    ],
)
def test_transfer_encodings_are_undone_as_far_as_they_go(encoding: str, body: str, content: bytes) -> None:
    mail = a_mail(body.encode(), "Content-Type: application/x", f"Content-Transfer-Encoding: {encoding}")
    assert mail.attachments[0].content == content


def test_flowed_paragraphs_are_put_together() -> None:
    mail = a_mail(
        "One paragraph \nin two lines.\n> quoted \n> text\n> > deeper\n  stuffed\n-- \nAnna\n",
        "Content-Type: text/plain; format=flowed",
    )
    assert mail.text == "One paragraph in two lines.\n> quoted text\n> > deeper\n stuffed\n-- \nAnna\n"


def test_flowed_text_with_delsp_loses_the_blank_at_the_break() -> None:
    mail = a_mail("文字化 \nけ\n", "Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes")
    assert mail.text == "文字化け\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fri, 07 Oct 1994 16:15:05 -0700 (PDT)", datetime(1994, 10, 7, 23, 15, 5, tzinfo=UTC)),
        ("7 Oct 94 16:15 EST", datetime(1994, 10, 7, 21, 15, tzinfo=UTC)),
        ("Mon,  2  Mar  2026 10:15:00 GMT", datetime(2026, 3, 2, 10, 15, tzinfo=UTC)),
        ("Mon Mar  2 10:15:00 2026", datetime(2026, 3, 2, 10, 15, tzinfo=UTC)),
        ("Mon Mar  2 10:15:00 MSK 2026", datetime(2026, 3, 2, 7, 15, tzinfo=UTC)),
        ("2026-03-02T10:15:00.123+03:00", datetime(2026, 3, 2, 7, 15, tzinfo=UTC)),
        ("2026-03-02 10:15:00Z", datetime(2026, 3, 2, 10, 15, tzinfo=UTC)),
        ("Mon, 02-Mar-26 10.15.60 +0300", datetime(2026, 3, 2, 7, 15, 59, tzinfo=UTC)),
        ("Mon, 2 March 2026 10:15:00 UTC+3:00", datetime(2026, 3, 2, 7, 15, tzinfo=UTC)),
        ("Tue, 31 Feb 2026 10:15:00 +0000", None),
        ("Whenever", None),
        ("", None),
    ],
)
def test_dates_are_read_as_people_meant_them(text: str, expected: datetime | None) -> None:
    assert parse(f"Date: {text}\n\n".encode()).date == expected
