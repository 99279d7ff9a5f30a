"""The mail that is made of a message."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

import pytest

from hub.contracts.interaction import Attachment, Participant, Role, SendMessage
from hub.kit.errors import Unsupported
from services.email.bounces.automatic import auto_of
from services.email.compose import REFERENCES, compose, message_id
from services.email.mime.parse import parse
from services.email.models import Mailbox, OutgoingMail, Server
from services.email.quotes.split import split

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SERVER = Server(host="mail.romashka.example", port=993, security="tls", user="support", password="secret")
TOKEN = "ABCDEFGHIJ234567"


def a_mailbox(**over: Any) -> Mailbox:
    fields: dict[str, Any] = {
        "id": "mb_support",
        "address": "support@romashka.example",
        "name": "Ромашка",
        "imap": SERVER,
        "smtp": SERVER,
        "plus_addressing": False,
        "revision": 1,
    }
    return Mailbox(**{**fields, **over})


def a_person(address: str = "anna@client.example", role: Role = Role.TO, **over: Any) -> Participant:
    return Participant(role=role, address=f"email:{address.lower()}", **over)


def a_message(**over: Any) -> SendMessage:
    fields: dict[str, Any] = {
        "id": "in_0123",
        "channel": "email",
        "account": "mb_support",
        "to": (a_person(),),
        "subject": "Re: Заказ № 17",
        "text": "Здравствуйте!",
        "token": TOKEN,
    }
    return SendMessage(**{**fields, **over})


def composed(message: SendMessage, mailbox: Mailbox | None = None, **blobs: bytes) -> OutgoingMail:
    return compose(message, mailbox or a_mailbox(), at=AT, attachments=blobs)


def read(mail: OutgoingMail) -> EmailMessage:
    return cast(EmailMessage, message_from_bytes(mail.raw, policy=policy.default))


def part(mail: OutgoingMail, kind: str) -> str:
    body = read(mail).get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_a_mail_carries_our_message_id_date_sender_subject_and_token() -> None:
    mail = read(composed(a_message()))
    assert mail["Message-ID"] == "<in_0123@romashka.example>"
    assert mail["Date"].datetime == AT
    assert str(mail["From"]) == "Ромашка <support@romashka.example>"
    assert mail["To"] == "anna@client.example"
    assert mail["Subject"] == "Re: Заказ № 17"
    assert mail["X-Omnihub-Token"] == TOKEN
    assert mail["MIME-Version"] == "1.0"


def test_the_text_ends_with_the_token_on_a_line_of_its_own() -> None:
    assert part(composed(a_message()), "plain") == f"Здравствуйте!\n\n[#{TOKEN}]\n"


def test_replies_go_to_the_plus_address_only_where_the_server_delivers_those() -> None:
    assert read(composed(a_message()))["Reply-To"] is None
    plus = read(composed(a_message(), a_mailbox(plus_addressing=True)))
    assert plus["Reply-To"] == f"support+{TOKEN}@romashka.example"


def test_an_answer_names_the_mail_it_answers_and_the_thread() -> None:
    thread = ("email:<first@x>", "email:<second@x>")
    mail = read(composed(a_message(reply_to_key="email:<second@x>", thread_keys=thread)))
    assert mail["In-Reply-To"] == "<second@x>"
    assert str(mail["References"]).split() == ["<first@x>", "<second@x>"]


def test_of_a_long_thread_the_first_and_the_newest_references_are_kept() -> None:
    thread = tuple(f"email:<{number}@x>" for number in range(50))
    found = str(read(composed(a_message(reply_to_key="email:<49@x>", thread_keys=thread)))["References"]).split()
    assert len(found) == REFERENCES
    assert (found[0], found[1], found[-1]) == ("<0@x>", "<31@x>", "<49@x>")


def test_long_message_ids_are_not_torn() -> None:
    key = f"<{'a' * 200}@x>"
    raw = composed(a_message(reply_to_key=f"email:{key}")).raw
    assert f"In-Reply-To: {key}\r\n".encode() in raw


def test_what_is_no_message_id_is_left_out() -> None:
    mail = composed(a_message(reply_to_key="email:<a b@x>\r\nBcc: evil@x", thread_keys=("email:",)))
    assert (read(mail)["In-Reply-To"], read(mail)["References"], read(mail)["Bcc"]) == (None, None, None)


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028"])
def test_nothing_in_a_message_adds_a_header_or_a_recipient(line_end: str) -> None:
    evil = f"x{line_end}Bcc: evil@x.example"
    person = a_person(name=evil, raw=f"anna@client.example{line_end}Bcc: evil@x.example")
    attachment = Attachment(
        id="a", filename=f"{evil}.txt", content_type=f"text/plain{line_end}X: y", size=1, blob="b"
    )
    mail = composed(
        a_message(to=(person,), subject=evil, from_name=evil, token=evil, attachments=(attachment,)), b=b"1"
    )
    assert mail.recipients == ("anna@client.example",)
    assert all(part["Bcc"] is None and part["X"] is None for part in read(mail).walk())


def test_blind_copies_are_in_the_envelope_and_not_in_the_mail() -> None:
    people = (a_person(), a_person("boss@x.example", Role.CC), a_person("hidden@x.example", Role.BCC))
    mail = composed(a_message(to=people))
    assert mail.recipients == ("anna@client.example", "boss@x.example", "hidden@x.example")
    assert read(mail)["Cc"] == "boss@x.example"
    assert b"hidden" not in mail.raw


def test_the_recipient_keeps_the_letter_case_he_wrote_himself() -> None:
    mail = composed(a_message(to=(a_person("Anna@Client.Example", raw="Анна <Anna@Client.Example>"),)))
    assert mail.recipients == ("Anna@Client.Example",)


def test_html_is_an_alternative_to_the_text() -> None:
    mail = composed(a_message(html="<p>Здравствуйте!</p>"))
    assert read(mail).get_content_type() == "multipart/alternative"
    assert part(mail, "html").strip() == "<p>Здравствуйте!</p>"
    assert part(mail, "plain").startswith("Здравствуйте!")


def test_attachments_keep_name_type_and_bytes() -> None:
    attachment = Attachment(id="a", filename="Счёт № 5.pdf", content_type="application/pdf", size=4, blob="b")
    (found,) = read(composed(a_message(attachments=(attachment,)), b=b"%PDF")).iter_attachments()
    assert (found.get_filename(), found.get_content_type()) == ("Счёт № 5.pdf", "application/pdf")
    assert found.get_payload(decode=True) == b"%PDF"


@pytest.mark.parametrize("kind", ["message/rfc822", "multipart/mixed", "nonsense", "", "text/plain"])
def test_an_attachment_of_any_type_can_be_sent(kind: str) -> None:
    attachment = Attachment(id="a", filename="x", content_type=kind, size=4, blob="b")
    (found,) = read(composed(a_message(attachments=(attachment,)), b=b"\x00\xffAB")).iter_attachments()
    assert found.get_payload(decode=True) == b"\x00\xffAB"


def test_the_same_message_is_the_same_bytes() -> None:
    attachment = Attachment(id="a", filename="x", content_type="application/pdf", size=4, blob="b")
    message = a_message(html="<p>x</p>", attachments=(attachment,))
    assert composed(message, b=b"%PDF") == composed(message, b=b"%PDF")


def test_a_mail_is_plain_ascii_on_the_wire_with_short_lines() -> None:
    people = tuple(a_person(f"p{number}@client.example", name="Анна Иванова-Петрова") for number in range(50))
    raw = composed(a_message(to=people, subject="Длинная тема " * 30, text="Длинный текст " * 500)).raw
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 120


def test_a_lone_surrogate_does_not_stop_a_mail() -> None:
    mail = composed(a_message(subject="x\ud800", text="y\ud800", from_name="z\ud800"))
    assert part(mail, "plain").startswith("y?")


def test_names_with_commas_and_quotes_are_quoted() -> None:
    mail = read(composed(a_message(to=(a_person(name='Smith, "Bob" <x@y>'),))))
    (address,) = mail["To"].addresses
    assert (address.display_name, address.addr_spec) == ('Smith, "Bob" <x@y>', "anna@client.example")


def test_an_international_domain_is_written_in_punycode() -> None:
    mail = composed(a_message(to=(a_person("anna@клиент.рф"),)), a_mailbox(address="support@ромашка.рф"))
    assert mail.recipients == ("anna@xn--e1affem4a.xn--p1ai",)
    assert mail.sender == "support@xn--80aa3agjl3d.xn--p1ai"
    assert message_id("in_1", "ромашка.рф") == "<in_1@xn--80aa3agjl3d.xn--p1ai>"


LOGO = Attachment(id="at_1", filename="логотип.png", content_type="image/png", size=3, blob="logo", content_id="logo")
PLAN = Attachment(id="at_2", filename="plan.pdf", content_type="application/pdf", size=4, blob="plan")


def tree(mail: EmailMessage) -> Any:
    kind = mail.get_content_type()
    return (kind, *(tree(cast(EmailMessage, inner)) for inner in mail.iter_parts())) if mail.is_multipart() else kind


def test_an_image_that_the_html_shows_lies_beside_it() -> None:
    message = a_message(html='<p>Мы: <img src="cid:logo"></p>', attachments=(LOGO, PLAN))
    mail = read(composed(message, logo=b"PNG", plan=b"%PDF"))
    related = ("multipart/related", "text/html", "image/png")
    assert tree(mail) == ("multipart/mixed", ("multipart/alternative", "text/plain", related), "application/pdf")
    (image,) = [inner for inner in mail.walk() if inner.get_content_type() == "image/png"]
    assert (image["Content-ID"], image.get_content_disposition(), image.get_filename(), image.get_content()) == (
        "<logo>",
        "inline",
        "логотип.png",
        b"PNG",
    )


def test_our_own_reader_finds_image_and_attachment() -> None:
    message = a_message(html='<img src="cid:logo">', attachments=(LOGO, PLAN))
    mail = parse(composed(message, logo=b"PNG", plan=b"%PDF").raw)
    assert [(a.filename, a.inline) for a in mail.attachments] == [("логотип.png", True), ("plan.pdf", False)]


def test_an_image_that_no_html_shows_is_attached() -> None:
    for html in (None, "<p>ohne Bild</p>"):
        mail = read(composed(a_message(html=html, attachments=(LOGO,)), logo=b"PNG"))
        (image,) = mail.iter_attachments()
        assert (image.get_content_disposition(), image["Content-ID"]) == ("attachment", None)


def test_blind_recipients_get_it_and_nobody_sees_them() -> None:
    mail = composed(a_message(to=(a_person(), a_person("chief@client.example", Role.BCC))))
    assert mail.recipients == ("anna@client.example", "chief@client.example")
    assert b"chief" not in mail.raw


def test_a_signature_stands_under_the_text_and_the_html_before_the_token() -> None:
    message = a_message(html="<p>Да</p>", signature="Ольга <Продажи>\n+7 495 123-45-67\n")
    mail = composed(message)
    assert part(mail, "plain") == (f"Здравствуйте!\n\n-- \nОльга <Продажи>\n+7 495 123-45-67\n\n[#{TOKEN}]\n")
    assert part(mail, "html").rstrip() == ("<p>Да</p>\n<div>-- <br>Ольга &lt;Продажи&gt;<br>+7 495 123-45-67</div>")


def test_our_own_reader_tells_signature_from_text() -> None:
    mail = parse(composed(a_message(signature="Ольга Смирнова", token="")).raw)
    fragments = split(mail.text)
    assert (fragments.new_text, fragments.signature) == ("Здравствуйте!", "-- \nОльга Смирнова")


HOSTILE = "x\r\nBcc: evil@example.com\r\n\r\nbody\x00\u2028\u0085\ud800\u202e"


@pytest.mark.parametrize(
    "over",
    [
        {"subject": HOSTILE},
        {"from_name": HOSTILE},
        {"token": HOSTILE},
        {"signature": HOSTILE},
        {"text": HOSTILE},
        {"html": f'<img src="cid:{HOSTILE}">', "attachments": (LOGO.model_copy(update={"content_id": HOSTILE}),)},
        {"attachments": (LOGO.model_copy(update={"filename": HOSTILE, "content_type": HOSTILE}),)},
        {"html": '<img src="cid:logo">', "attachments": (LOGO.model_copy(update={"filename": HOSTILE}),)},
        {"to": (a_person(name=HOSTILE),)},
        {"to": (Participant(role=Role.TO, address=f"email:{HOSTILE}@example.com", raw=HOSTILE),)},
        {"reply_to_key": f"email:<{HOSTILE}@x>"},
        {"thread_keys": (f"email:<{HOSTILE}@x>",)},
    ],
    ids=lambda over: "-".join(over),
)
def test_no_field_can_add_a_header_or_a_recipient(over: dict[str, Any]) -> None:
    mail = composed(a_message(**over), logo=b"PNG")
    known = {"message-id", "date", "from", "to", "subject", "in-reply-to", "references", "x-omnihub-token"}
    headers = {name.lower() for name in read(mail)}
    assert {name for name in headers if not name.startswith(("content-", "mime-"))} <= known
    assert len(mail.recipients) == 1
    assert not any(character in mail.recipients[0] for character in "\r\n\0 ")
    for inner in read(mail).walk():
        assert "bcc" not in inner


def test_an_automatic_mail_says_so_and_no_other_does() -> None:
    told = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All", "Precedence": "bulk"}
    mail, other = read(composed(a_message(auto=True))), read(composed(a_message()))
    assert {name: mail[name] for name in told} == told
    assert [other[name] for name in told] == [None] * 3


def test_our_own_reader_takes_an_automatic_mail_for_one() -> None:
    assert auto_of(parse(composed(a_message(auto=True)).raw)) == "auto-reply"


OUR_HEADERS = {
    "Message-ID", "Date", "From", "To", "Subject", "In-Reply-To", "References", "X-Omnihub-Token", "MIME-Version",
    "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-ID",
}  # fmt: skip
WORD = "=?utf-8?q?x=0d=0aContent-Type:_text/html=0d=0a=0d=0a<h1>injected</h1>?="
FOREIGN = (
    WORD,
    "x\r\nX-Evil: 1",
    "x\nX-Evil: 1",
    "x\u2028X-Evil: 1",
    "й\x85\r\nX-Evil: 1",
    "x" * 2000,
    "ж" * 1000,
    f"ж{WORD}" * 40,
    '"x" <evil@x.example>,',
    "a\\" * 500,
)


@pytest.mark.parametrize("words", FOREIGN)
@pytest.mark.parametrize("place", ["subject", "name", "from_name", "filename", "image", "content_id", "reference"])
def test_foreign_words_make_no_header_no_body_and_no_long_line_wherever_they_stand(place: str, words: str) -> None:
    name = words if place in ("filename", "image") else "план.pdf"
    shown = place in ("image", "content_id")
    content_id = words[:255] if place == "content_id" else "logo"
    file = Attachment(id="a", filename=name, content_type="image/png", size=1, blob="b", content_id=content_id)
    fields: dict[str, Any] = {"attachments": (file,), "html": f'<img src="cid:{content_id}">' if shown else None}
    if place in ("subject", "from_name"):
        fields[place] = words
    if place == "name":
        fields["to"] = (a_person(name=words),)
    if place == "reference":
        fields |= {"reply_to_key": f"email:<{words}@x>", "thread_keys": (f"email:<{words}@x>",)}
    raw = composed(a_message(**fields), b=b"1").raw
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    read_as_it_is = message_from_bytes(raw, policy=policy.compat32)
    *_, image = read_as_it_is.walk()
    assert (image.get_content_type(), image.get_payload(decode=True), image.defects) == ("image/png", b"1", [])
    assert all(len(part.keys()) == len(set(part.keys())) for part in read_as_it_is.walk())
    assert {name for part in read_as_it_is.walk() for name in part} <= OUR_HEADERS
    words_in_headers = [value for part in read_as_it_is.walk() for value in part.values()]
    assert not any("=?utf-8?q?x=0d" in value.lower() for value in words_in_headers)


@pytest.mark.parametrize(
    "name", ["Счёт № 5.pdf", "100% «скидка»; \"до\" 'завтра'.pdf", "ж" * 200, "🙂" * 50, "a.pdf"]
)
def test_the_name_of_a_file_arrives_as_it_was(name: str) -> None:
    file = Attachment(id="a", filename=name, content_type="application/pdf", size=1, blob="b")
    (part,) = parse(composed(a_message(attachments=(file,)), b=b"1").raw).attachments
    assert part.filename == name


def test_an_address_longer_than_any_is_refused_before_it_leaves() -> None:
    with pytest.raises(Unsupported, match="an address has 320 at most"):
        composed(a_message(to=(a_person("a" * 400 + "@client.example"),)))


def test_a_quoted_local_part_stays_whole() -> None:
    mail = composed(a_message(to=(a_person('"john smith"@client.example'), a_person(" a nna@client.example "))))
    assert mail.recipients == ('"john smith"@client.example', "anna@client.example")
