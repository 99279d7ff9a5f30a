"""Kinds of letters that other programs were reported to misread: inputs of our own, and a collection of reports."""

import base64
import json
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7

from hub.kit.html_text import to_text
from hub.testing.builders import NOON
from services.email.inspect import inspect
from services.email.mime import charset, dates
from services.email.mime.identity import normalise_address
from services.email.mime.invitations import meeting
from services.email.mime.model import Mail, Signature
from services.email.mime.parse import parse

REPORTS = Path(__file__).parents[5] / "shared" / "data" / "reports"
EXPECTED = json.loads((REPORTS / "expected.json").read_text()) if REPORTS.is_dir() else {}
LETTERS = sorted(name for name in EXPECTED if name.endswith(".eml"))
needs_reports = pytest.mark.skipif(not LETTERS, reason="the collection of reports is not at ../shared/data/reports")


def multipart(kind: str, *parts: str) -> bytes:
    body = "".join(f"--b\n{part}\n" for part in parts)
    return f"From: a@client.example\nContent-Type: multipart/{kind}; boundary=b\n\n{body}--b--\n".encode()


def names(mail: Mail) -> list[str | None]:
    return [part.filename for part in mail.attachments]


PICTURE = "Content-Type: image/png; name=logo.png\nContent-ID: <logo@x>\n\nPNG"


@pytest.mark.parametrize("start", ['; start="<page@x>"', ""])
def test_the_page_of_a_related_letter_is_the_one_that_start_names_or_the_first_that_is_one(start: str) -> None:
    page = "Content-Type: text/html\nContent-ID: <page@x>\n\n<p>Where is it?</p>"
    mail = parse(multipart(f"related{start}", PICTURE, page))
    assert (mail.text, names(mail)) == ("Where is it?", ["logo.png"])


def test_a_form_of_the_text_may_have_a_name_and_is_no_file() -> None:
    plain, page = "Content-Type: text/plain\n\nplain", "Content-Type: text/html; name=body.html\n\n<p>page</p>"
    mail = parse(multipart("alternative", plain, page))
    assert (mail.text, mail.html, names(mail)) == ("plain", "<p>page</p>", [])
    alone = parse(multipart("mixed", PICTURE, page))
    assert (alone.text, names(alone)) == ("page", ["logo.png"])


def test_a_named_text_beside_the_letter_stays_a_file() -> None:
    mail = parse(
        multipart("mixed", "Content-Type: text/plain\n\nletter", "Content-Type: text/plain; name=a.txt\n\nx")
    )
    assert (mail.text, names(mail)) == ("letter", ["a.txt"])


def signed(letter: bytes, *, detached: bool = False) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Olga")])
    mail = x509.SubjectAlternativeName([x509.RFC822Name("olga@client.example")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(NOON).not_valid_after(NOON.replace(year=2040))
    certificate = builder.add_extension(mail, critical=False).sign(key, hashes.SHA256())
    signing = pkcs7.PKCS7SignatureBuilder().set_data(letter).add_signer(certificate, key, hashes.SHA256())
    options = [pkcs7.PKCS7Options.Binary, *([pkcs7.PKCS7Options.DetachedSignature] if detached else [])]
    return signing.sign(serialization.Encoding.DER, options)


def enveloped(content: bytes) -> bytes:
    head = b"From: olga@client.example\nContent-Type: application/pkcs7-mime; name=smime.p7m\n"
    return head + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(content)


INSIDE = "Content-Type: text/plain; charset=utf-8\r\n\r\nПрошу счёт\r\n".encode()


def test_a_letter_inside_a_signature_is_opened_and_who_signed_it_is_told() -> None:
    mail = parse(enveloped(signed(INSIDE)))
    assert (mail.text, names(mail)) == ("Прошу счёт\n", [])
    assert mail.signature == Signature("olga@client.example", intact=True)


def test_a_letter_that_was_changed_since_it_was_signed_is_read_and_said_to_be() -> None:
    mail = parse(enveloped(signed(INSIDE).replace("счёт".encode(), "торт".encode())))
    assert mail.text == "Прошу торт\n"
    assert mail.signature == Signature("olga@client.example", intact=False)


@pytest.mark.parametrize(
    "content", [b"", b"\x30\x80rubbish", b"\x00" * 100, b"\x30\x89" + b"\xff" * 9, signed(INSIDE, detached=True)]
)
def test_what_holds_no_letter_stays_a_file(content: bytes) -> None:
    mail = parse(enveloped(content))
    assert (mail.text, names(mail), mail.signature) == ("", ["smime.p7m"], None)


CALENDAR = """From: a@client.example
Content-Type: text/calendar; method=REQUEST

BEGIN:VCALENDAR
METHOD:CANCEL
BEGIN:VEVENT
SUMMARY:Замер окон
DTSTART;TZID=Europe/Moscow:20261105T130000
DTEND;TZID=Europe/Moscow:20261105T140000
LOCATION:Ленина 5
ORGANIZER:mailto:olga@client.example
END:VEVENT
END:VCALENDAR
"""


def test_an_invitation_that_comes_alone_is_read_with_its_time_and_kept_as_a_file() -> None:
    mail = parse(CALENDAR.encode())
    lines = ["Замер окон (CANCEL)", "2026-11-05 13:00 MSK – 14:00", "Ленина 5", "olga@client.example"]
    assert (mail.text.split("\n"), names(mail)) == (lines, ["invite.ics"])


@pytest.mark.parametrize("zone", ["America", "x" * 5_000])
def test_a_letter_whose_calendar_has_a_zone_that_is_no_file_arrives(zone: str) -> None:
    told = "METHOD:REQUEST\nBEGIN:VEVENT\nUID:one"
    raw = CALENDAR.replace("METHOD:CANCEL\nBEGIN:VEVENT", told).replace("Europe/Moscow", zone)
    mail = parse(raw.encode())
    assert (names(mail), meeting(part.content for part in mail.parts)) == (["invite.ics"], None)


ZONED = """BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:{offset}
TZOFFSETTO:{offset}
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:one
ORGANIZER:mailto:olga@client.example
DTSTART;TZID=Customized Time Zone:20261105T130000
END:VEVENT
END:VCALENDAR
"""


def test_a_zone_of_one_calendar_says_nothing_of_the_zone_of_that_name_in_the_next() -> None:
    times = [meeting([ZONED.format(offset=offset).encode()]) for offset in ("+0300", "+0900")]
    assert [found.at.hour for found in times if found] == [10, 4]


@pytest.mark.parametrize("style", ["white-space:pre-wrap", "color:red; white-space : pre-line", "WHITE-SPACE: pre"])
def test_line_ends_count_where_the_style_says_so(style: str) -> None:
    assert to_text(f'<p>a\nb</p><div style="{style}">c\n<div>d</div>e\nf</div><p>g\nh</p>').split() == list(
        "abcdefgh"
    )
    assert "e\nf" in to_text(f'<div style="{style}">e\nf</div>')
    assert to_text('<div style="line-break: after-white-space">a\nb</div>') == "a b"


def test_a_page_names_its_own_charset_where_its_part_names_none() -> None:
    page = '<meta charset="windows-1253"><p>Καλημέρα</p>'.encode("cp1253")
    assert parse(b"Content-Type: text/html\n\n" + page).text == "Καλημέρα"
    assert parse(b"Content-Type: text/html; charset=windows-1251\n\n<meta charset=utf-8>" + b"\xc4\xe0").text == "Да"


@pytest.mark.parametrize(
    ("label", "data", "text"),
    [
        ("iso-2022-jp", b"\x1b$B-!-j\x1b(B ok \x1b(I1\x1b(B", "①㈱ ok ｱ"),
        ("euc-jp", b"\xad\xa1\xb3\xf4\xad\xea", "①株㈱"),
        ("big5", b"\xa3\xe1 100", "€ 100"),
        ("utf-16", "Да".encode("utf-16-be"), "Да"),
        ("utf-16", "שלום".encode("utf-16-be"), "שלום"),
        ("utf-16", "Привет".encode("utf-16-le"), "Привет"),
        ("utf-16", "Привет".encode(), "Привет"),
    ],
)
def test_charsets_are_read_as_programs_write_them(label: str, data: bytes, text: str) -> None:
    assert charset.decode(data, label).text == text


def test_a_footer_in_clear_ends_base64() -> None:
    words = base64.encodebytes("Когда привезёте окна? Ольга. ".encode() * 3)
    mail = b"Content-Transfer-Encoding: base64\nContent-Type: text/plain; charset=utf-8\n\n"
    assert parse(mail + words.replace(b"=", b"") + b"\n____________\nlist@x.example\n").text.startswith(
        "Когда привезёте"
    )


def test_parameters_behind_an_encoding_are_passed_over() -> None:
    mail = b'Content-Transfer-Encoding: quoted-printable; charset="utf-8"\n\n=d0=9f'
    assert parse(mail).text == "П"


def test_two_carriage_returns_before_a_line_feed_are_one_line_end() -> None:
    assert parse(b"Subject: x\r\r\n\r\r\none\r\r\ntwo\r\r\n\r\r\nthree\r\r\n").text == "one\ntwo\n\nthree\n"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Mon, 02 Nov 2026 10:00:00 GMT +0100", "2026-11-02T09:00:00+00:00"),
        ("Mon, 02 Nov 2026 10:00:00 UTC+3", "2026-11-02T07:00:00+00:00"),
        ("2 Nov 2026 10:00 PM +0300", "2026-11-02T19:00:00+00:00"),
        ("Mon Nov  2 12:30:00 AM 2026", "2026-11-02T00:30:00+00:00"),
        ("Mon, 02 Nov 2026 10:00:00 +0300 (местное)", "2026-11-02T07:00:00+00:00"),
        ("Mon, 02 Nov 2026 10:00:00 местное", None),
        ("Mon, 02 Nov 2026 10:00:00 XYZ", None),
    ],
)
def test_dates_are_read_as_people_write_them_and_unknown_zones_are_left_to_the_server(
    written: str, meant: str | None
) -> None:
    assert dates.parse(written) == (datetime.fromisoformat(meant) if meant else None)


def test_domains_are_those_of_idna_2008() -> None:
    assert normalise_address("Jana <jana@Faß.example>") == "email:jana@xn--fa-hia.example"
    assert normalise_address("a@почта.рф") == "email:a@xn--80a1acny.xn--p1ai"


def found(row: Any, path: str) -> Any:
    for step in path.split("."):
        row = row[int(step)] if isinstance(row, list) else (row or {}).get(step)
    return row


def fits(how: str, wanted: Any, seen: Any) -> bool:
    """As the collection's README says."""
    match how:
        case "is":
            return bool(seen.strip() == wanted)
        case "has":
            return wanted in seen
        case "nonempty":
            return bool(seen)
        case "oneof":
            return seen in wanted
        case "names":
            return [one["filename"] for one in seen] == wanted
        case "suffix":
            return all(one["filename"].endswith(wanted) for one in seen)
        case _:
            return datetime.fromisoformat(seen) == datetime.fromisoformat(wanted)


@needs_reports
@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_of_the_reports_is_read_as_the_standard_says(name: str) -> None:
    out = StringIO()
    inspect([REPORTS / name], out)
    row = json.loads(out.getvalue())
    wrong = {
        path: found(row, path)
        for path, (how, wanted) in EXPECTED[name]["expect"].items()
        if not fits(how, wanted, found(row, path))
    }
    assert wrong == {}
