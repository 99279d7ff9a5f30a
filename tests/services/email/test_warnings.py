"""What should make the reader of a mail careful, and which attachments are not handed out."""

from email.message import EmailMessage

import pytest

from hub.contracts.bounce import Authentication
from services.email.inbound.programs import Doorkeeper
from services.email.inbound.warnings import Ours, warnings_of
from services.email.mime.model import Mail, Part
from services.email.mime.parse import parse

OURS = Ours.of(["email:support@romashka.example"], ["Ольга Смирнова", "John Smith", "Анна"])


def a_mail(sender: str, *, subject: str = "Счёт", **headers: str) -> Mail:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "support@romashka.example", subject
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Оплатите, пожалуйста.")
    return parse(mail.as_bytes())


def kinds(mail: Mail, verdict: Authentication | None = None) -> list[str]:
    return [warning.kind for warning in warnings_of(mail, OURS, verdict)]


@pytest.mark.parametrize(
    "name",
    ["Ольга Смирнова", "СМИРНОВА Ольга", "Oльгa Cмиpнoвa", "Ольга\u200b Смирнова", "John Smith", "Jоhn  Smith"],
)
def test_the_name_of_somebody_who_works_here_under_a_foreign_address_is_flagged(name: str) -> None:
    mail = a_mail(f'"{name}" <boss@evil.example>')
    assert "own_name" in kinds(mail)


@pytest.mark.parametrize(
    "sender",
    [
        "Ольга Смирнова <support@romashka.example>",
        "Ольга Смирновская <olga@client.example>",
        "Анна <anna@client.example>",
        "anna@client.example",
    ],
)
def test_our_own_mail_other_names_and_names_that_anybody_has_are_not(sender: str) -> None:
    assert kinds(a_mail(sender)) == []


def test_an_address_of_ours_in_the_name_of_a_stranger_is_flagged() -> None:
    mail = a_mail('"support@romashka.example" <x@evil.example>')
    assert [w.text for w in warnings_of(mail, OURS, None)] == [
        "support@romashka.example in the name of x@evil.example"
    ]
    assert kinds(a_mail('"service@bank.example" <x@evil.example>')) == ["other_address"]
    assert kinds(a_mail('"anna@client.example" <anna@mail.client.example>')) == ["other_address"]
    assert kinds(a_mail('"info@client.example" <anna@client.example>')) == []


def test_answers_that_would_go_elsewhere_are_flagged() -> None:
    assert kinds(a_mail("Anna <anna@client.example>", Reply_To="anna@free-mail.test")) == ["reply_elsewhere"]
    assert kinds(a_mail("Anna <anna@client.example>", Reply_To="office@mail.client.example")) == []


@pytest.mark.parametrize(
    ("verdict", "flagged"),
    [
        (Authentication(dmarc="fail", spf="pass", authserv_id="mx"), True),
        (Authentication(spf="fail", dkim="none", authserv_id="mx"), True),
        (Authentication(spf="fail", dkim="pass", authserv_id="mx"), False),
        (Authentication(spf="softfail", authserv_id="mx"), False),
        (Authentication(dmarc="pass", spf="fail", authserv_id="mx"), False),
        (None, False),
    ],
)
def test_a_sender_that_our_server_could_not_verify_is_flagged(verdict: Authentication | None, flagged: bool) -> None:
    assert kinds(a_mail("anna@client.example"), verdict) == (["authentication"] if flagged else [])


def test_a_domain_of_mixed_scripts_and_hidden_characters_are_flagged() -> None:
    assert kinds(a_mail("pay@xn--pple-43d.com")) == ["mixed_scripts"]
    assert kinds(a_mail("anna@client.example", subject="Invoice \u202efdp.exe")) == ["hidden_characters"]


def a_part(filename: str, content: bytes = b"text") -> Part:
    return Part(content_type="application/octet-stream", content=content, filename=filename)


@pytest.mark.parametrize(
    "filename", ["setup.exe", "Счёт.pdf.SCR", "a.js ", "b.vbs.", "invoice\u202efdp.exe", "x.\u200bexe"]
)
def test_a_program_is_not_handed_out(filename: str) -> None:
    assert Doorkeeper().objection(a_part(filename)).startswith("a program (.")


def test_a_program_under_another_name_is_known_by_its_first_bytes() -> None:
    words = "a Windows program that is named otherwise; the raw mail has it"
    assert Doorkeeper().objection(a_part("photo.jpg", b"MZ\x90\x00")) == words


@pytest.mark.parametrize("filename", ["invoice.pdf", "photo.jpg", "archive.zip", "exe", "", "договор.docx"])
def test_what_is_no_program_is(filename: str) -> None:
    assert Doorkeeper().objection(a_part(filename)) == ""


def test_programs_may_be_allowed_and_sizes_are_limited_all_the_same() -> None:
    assert Doorkeeper(programs=True).objection(a_part("setup.exe", b"MZ")) == ""
    small = Doorkeeper(programs=True, limit=2**20)
    assert (
        small.objection(a_part("a.pdf", b"x" * (2**20 + 1))) == "2 MB, above the limit of 1 MB; the raw mail has it"
    )
