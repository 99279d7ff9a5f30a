"""Reading a mail: bytes to text, attachments and id, beside the bare parse of the standard library."""

import base64
import email
import random
import time
from collections.abc import Callable
from email.header import Header
from quopri import encodestring
from textwrap import wrap

from services.email.mime.identity import interaction_id, normalise_address
from services.email.mime.parse import parse

NAME = "email_parse"
GOAL = "more than 5,000 mails of 4 KB a second, at least as fast as the bare compat32 parse"

_MAILS, _ROUNDS = 400, 9
_RUSSIAN = (
    "Добрый день! Высылаю счёт на оплату и договор, как мы говорили по телефону. Прошу проверить реквизиты до "
    "конца недели. Если появятся вопросы, позвоните мне на мобильный, я отвечу сразу же."
)
_ENGLISH = (
    "Good afternoon! Please find the invoice and the contract attached, as we discussed on the phone. Kindly check "
    "the bank details before the end of the week. If there are any questions, call my mobile and I will answer."
)


async def run() -> dict[str, float | str]:
    """Mails a second of processor time, the best of several rounds in which both take turns on the same mails."""
    mails = [_mail(number, random.Random(number)) for number in range(_MAILS)]
    ours, theirs = [], []
    for _ in range(_ROUNDS):
        theirs.append(_seconds(email.message_from_bytes, mails))
        ours.append(_seconds(_read, mails))
    ratios = sorted(b / a for a, b in zip(ours, theirs, strict=True))
    return {
        "mails a second": round(_MAILS / min(ours)),
        "compat32 a second": round(_MAILS / min(theirs)),
        "times compat32": round(ratios[len(ratios) // 2], 2),
        "bytes a mail": round(sum(map(len, mails)) / _MAILS),
    }


def _read(raw: bytes) -> tuple[str, str, list[str]]:
    mail = parse(raw)
    return interaction_id(mail), mail.text, [normalise_address(one.address) for one in (*mail.to, *mail.cc)]


def _seconds(read: Callable[[bytes], object], mails: list[bytes]) -> float:
    start = time.process_time()
    for raw in mails:
        read(raw)
    return time.process_time() - start


def _mail(number: int, rng: random.Random) -> bytes:
    """About 4 KB: half are Russian; of four, three have text and HTML, one is a plain answer, two bring a file."""
    russian = number % 2 == 0
    attached = number % 4 < 2
    head = _head(number, "Счёт и договор поставки" if russian else "Invoice and contract")
    main = _answer(6) if number % 4 == 3 else _alternative(_RUSSIAN if russian else _ENGLISH)
    if not attached:
        return head + main
    file = base64.encodebytes(rng.randbytes(400)).replace(b"\n", b"\r\n")
    kind = "application/pdf; name=invoice.pdf\r\nContent-Disposition: attachment; filename=invoice.pdf"
    return head + _multipart("mixed", f"m{number}", [main, _leaf(kind, "base64", file)])


def _head(number: int, subject: str) -> bytes:
    hops = "".join(
        f"Received: from mx{n}.example.com (mx{n}.example.com [192.0.2.{n}])\r\n\tby mail.example.org with ESMTPS id "
        f"{number:08x}{n};\r\n\tMon, 2 Mar 2026 10:0{n}:12 +0300 (MSK)\r\n"
        for n in range(3)
    )
    return (
        f"Return-Path: <anna{number}@example.com>\r\nDelivered-To: sales@example.org\r\n{hops}"
        f"Authentication-Results: mail.example.org;\r\n\tdkim=pass header.d=example.com;\r\n\tspf=pass\r\n"
        f"DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=mail; h=from:to:subject;\r\n\tbh={'A' * 43}=;\r\n"
        f"\tb={'B' * 64}\r\n\t {'C' * 64}\r\nUser-Agent: Mozilla Thunderbird\r\nContent-Language: ru\r\n"
        f"X-Mailer: Example 1.0\r\nX-Priority: 3 (Normal)\r\nX-Spam-Status: No, score=-1.1\r\nX-Spam-Level: \r\n"
        f"MIME-Version: 1.0\r\nMessage-ID: <{number}.abc@example.com>\r\nIn-Reply-To: <{number}.zz@example.org>\r\n"
        f"References: <{number}.aa@example.org> <{number}.zz@example.org>\r\n"
        f"From: {Header('Анна Петрова', 'utf-8').encode()} <anna{number}@example.com>\r\n"
        f'To: "Sales, main" <sales@example.org>, boris@example.org\r\nCc: Olga <olga@example.org>\r\n'
        f"Date: Mon, 2 Mar 2026 10:15:{number % 60:02} +0300\r\n"
        f"Subject: {Header(f'{subject} {number}', 'utf-8').encode()}\r\n"
    ).encode()


def _answer(paragraphs: int) -> bytes:
    """A plain reply above the mail it quotes."""
    quoted = ["> " + line for line in wrap(_ENGLISH, 60)] + [">"]
    lines = [*wrap(_ENGLISH, 72), "", "Anna Petrova wrote:", *(quoted * paragraphs), "-- ", "Boris"]
    return _leaf("text/plain; charset=us-ascii; format=flowed", "7bit", "\r\n".join(lines).encode())


def _alternative(text: str) -> bytes:
    plain = encodestring("\n".join(wrap(text, 72)).encode()).replace(b"\n", b"\r\n")
    html = base64.encodebytes(f"<html><body><p>{text}</p></body></html>".encode()).replace(b"\n", b"\r\n")
    parts = [
        _leaf("text/plain; charset=utf-8", "quoted-printable", plain),
        _leaf("text/html; charset=utf-8", "base64", html),
    ]
    return _multipart("alternative", "alternative-boundary", parts)


def _leaf(kind: str, encoding: str, content: bytes) -> bytes:
    return f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + content + b"\r\n"


def _multipart(kind: str, boundary: str, parts: list[bytes]) -> bytes:
    mark = f"--{boundary}".encode()
    inner = b"".join(b"\r\n" + mark + b"\r\n" + part for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n'.encode() + inner + b"\r\n" + mark + b"--\r\n"
