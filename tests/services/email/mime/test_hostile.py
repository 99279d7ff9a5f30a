"""Hostile mails: never an exception, never a second."""

from collections.abc import Callable
from random import Random

import pytest

from hub.testing.effort import SECOND, least
from services.email.mime.identity import interaction_id, references
from services.email.mime.model import Mail
from services.email.mime.parse import parse

M = 1 << 20
HEAD = b"From: a@b.example\nSubject: x\n"


def a_header(name: bytes, value: bytes) -> bytes:
    return b"From: a@b.example\n" + name + b": " + value + b"\n\nhi"


def a_page(html: bytes) -> bytes:
    return HEAD + b"Content-Type: text/html\n\n" + html


def nested(count: int, boundary: Callable[[int], bytes]) -> bytes:
    levels = (
        b"Content-Type: multipart/mixed; boundary=" + boundary(n) + b"\n\n--" + boundary(n) for n in range(count)
    )
    return b"From: a@b.example\n" + b"\n".join(levels) + b"\n\nhi"


LARGE = {
    "semicolons": lambda: a_header(b"Content-Type", b"text/plain" + b";" * M),
    "parameters": lambda: a_header(b"Content-Type", b"text/plain; " + b"a=b;" * (M // 4)),
    "words in a parameter": lambda: a_header(b"Content-Type", b"text/plain; a=" + b"a " * (M // 2)),
    "quotes in a parameter": lambda: a_header(b"Content-Type", b"text/plain; a=" + b'"' * M),
    "backslashes": lambda: a_header(b"Content-Type", b'text/plain; a="' + b"\\" * M),
    "sections": lambda: a_header(b"Content-Type", b"a/b" + b"".join(b"; n*%d*=a" % n for n in range(60_000))),
    "parts in parts": lambda: nested(10_000, lambda n: b"b%d" % n),
    "parts in parts of one boundary": lambda: nested(10_000, lambda _: b"b"),
    "a hundred thousand parts": lambda: nested(1, lambda _: b"b") + b"\n--b\n\nx" * 100_000,
    "false delimiters": lambda: nested(90, lambda n: b"b%d" % n) + b"\n--bX" * 150_000,
    "references": lambda: a_header(b"References", b" ".join(b"<%d@a.example>" % n for n in range(100_000))),
    "references unclosed": lambda: a_header(b"References", b"<a" * (M // 2)),
    "references without brackets": lambda: a_header(b"In-Reply-To", b"a@" * (M // 2)),
    "encoded words": lambda: a_header(b"Subject", b"=?utf-8?B?0J/RgNC40LLQtdGC?= " * (M // 28)),
    "encoded words unclosed": lambda: a_header(b"Subject", b"=?utf-8?Q?" * (M // 10)),
    "encoded words closed once": lambda: a_header(b"Subject", b"=?utf-8?Q?" * (M // 10) + b"?="),
    "encoded words opened": lambda: a_header(b"Subject", b"=?" * (M // 2)),
    "comments": lambda: a_header(b"To", b"(" * M),
    "quotes": lambda: a_header(b"To", b'"' * M),
    "escaped quotes": lambda: a_header(b"To", b'"' + b'\\"' * (M // 2)),
    "angle brackets": lambda: a_header(b"To", b"<" * M),
    "addresses": lambda: a_header(b"To", b"a@b.example," * (M // 12)),
    "names": lambda: a_header(b"To", b"a," * (M // 2)),
    "blanks in a header": lambda: a_header(b"To", b"a" + b" " * M + b"b"),
    "headers": lambda: b"".join(b"X-%d: y\n" % n for n in range(100_000)) + b"\nhi",
    "stray lines": lambda: b"junk junk\n" * 100_000 + b"To: a@b.example\n\nhi",
    "one line": lambda: b"a" * M,
    "colons": lambda: b":" * M,
    "line feeds": lambda: b"\n" * M,
    "carriage returns": lambda: b"a: b\n" + b"\r" * M,
    "opened tags": lambda: a_page(b"<" * M),
    "unclosed tags": lambda: a_page(b"<a " * (M // 3)),
    "comments unclosed": lambda: a_page(b"<!--" * (M // 4)),
    "links": lambda: a_page(b"<a href=http://x>y</a>" * (M // 22)),
    "links in links": lambda: a_page(b"<a href=http://x>" * 30_000 + b"</a>" * 30_000),
    "cells": lambda: a_page(b"x" + b"<td>y" * (M // 5)),
    "quotations": lambda: a_page(b"<blockquote>y" * (M // 13)),
    "lists": lambda: a_page(b"<ul><li>y" * (M // 9)),
    "open attributes": lambda: a_page(b'<a b=">' * (M // 7)),
    "a long attribute": lambda: a_page(b"<a " + b"x" * M + b">hi</a>"),
    "hidden": lambda: a_page(b"<p style='display:none'>x</p>" * (M // 28)),
    "entities": lambda: a_page(b"&#" + b"9" * M),
    "uuencode": lambda: HEAD + b"\n" + b"begin 644 x\n" * (M // 12),
    "flowed": lambda: HEAD + b"Content-Type: text/plain; format=flowed\n\n" + b"> a \n" * (M // 5),
    "padding": lambda: HEAD + b"Content-Transfer-Encoding: base64\n\n" + b"=" * M,
    "equal signs": lambda: HEAD + b"Content-Transfer-Encoding: quoted-printable\n\n" + b"= " * (M // 2),
    "all bytes": lambda: HEAD + b"\n" + bytes(range(128, 256)) * (M // 128),
    "escapes": lambda: HEAD + b"\n" + b"\x1b$B" * (M // 3),
    "digits in a date": lambda: a_header(b"Date", b"1 " * (M // 2)),
    "dashes": lambda: HEAD + b"Content-Type: multipart/mixed\n\n" + b"-- \n" * (M // 4),
    "a body that is all delimiter": lambda: b"Content-Type: multipart/a; boundary=b\n\n--b--" + b"\n--b--" * (M // 6),
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
def test_a_megabyte_of(name: str) -> None:
    """Thrice what is promised: a second."""
    raw = LARGE[name]()
    assert least(lambda: read_all(raw), enough=3 * SECOND) <= 3 * SECOND


FRAGMENTS = (
    b"=?utf-8?Q?", b"?=", b"=?koi8-r?B?", b"=?utf-7?Q??=",
    b"\n", b"\r", b"\r\n\r\n", b"--", b";", b'"', b"<", b">", b"(", b")",
    b"filename*0*=", b"filename*=", b"charset=utf-7", b"charset=utf-16", b"charset=iso-2022-kr", b"charset=hz",
    b"charset=idna", b"charset=utf-8-sig", b"charset=utf-32", b"begin 644 x\n", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf",
    b"=", b"%", b"&#99999999999999999999;", b"<a href=", b"<!--", b"<style>", b"\xd0\xbf", b"\x1b$B", b"9" * 5000,
    b"Content-Type: multipart/mixed; boundary=a\n", b"Content-Type: text/html\n", b"Content-Type: message/rfc822\n",
    b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: x-uuencode\n", b"format=flowed; delsp=yes",
    b"\x78\x9f\x3e\x22\x01\x00\x01\x03\x90\x06\x00\x10\x00\x00\x00", b"Date: ", b"References: <a", b"@", b":", b"\\",
)  # fmt: skip
SEEDS = (
    b"""From: =?utf-8?B?0JDQvdC90LA=?= <a@b.example>
To: "B, C" <c@d.example>, e@f.example
Subject: =?koi8-r?Q?=F3?=
Date: Mon, 2 Mar 2026 10:15:00 +0300
Message-ID: <1@b.example>
References: <0@b.example>
Content-Type: multipart/mixed; boundary=a

--a
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=koi8-r; format=flowed
Content-Transfer-Encoding: quoted-printable

=F0=D2=C9=D7=C5=D4=20
> old
--b
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

PHA+aGk8L3A+
--b--
--a
Content-Type: application/pdf; name*0*=utf-8''%D0%A1; name*1=.pdf
Content-Disposition: attachment; filename="a.pdf"
Content-ID: <x@y>

%PDF
--a--
""",
    b"",
)


def mutated(rng: Random) -> bytes:
    mail = bytearray(rng.choice(SEEDS) or rng.randbytes(rng.randrange(300)))
    for _ in range(rng.randrange(1, 10)):
        at = rng.randrange(len(mail) + 1)
        match rng.randrange(4):
            case 0 | 1:
                mail[at:at] = rng.choice(FRAGMENTS)
            case 2:
                del mail[at : at + rng.randrange(1, 120)]
            case 3:
                mail[at : at + 1] = rng.randbytes(1)
    return bytes(mail)


def read_all(raw: bytes) -> Mail:
    mail = parse(raw)
    interaction_id(mail)
    references(mail)
    return mail


@pytest.mark.parametrize("seed", range(4))
def test_no_bytes_raise_an_error_and_all_text_can_be_encoded(seed: int) -> None:
    rng = Random(seed)
    for _ in range(400):
        mail = read_all(mutated(rng))
        texts = [mail.subject, mail.text, mail.html or "", *(part.filename or "" for part in mail.parts)]
        texts += [part.text or "" for part in mail.parts] + [value for _, value in mail.headers]
        texts += [one.name + one.address for one in (*mail.to, *mail.cc, *mail.reply_to)]
        for text in texts:
            text.encode()
