"""Builders of notices, and what a sample is."""

from textwrap import dedent
from typing import NamedTuple


class Sample(NamedTuple):
    """A mail as a server writes it and what is to be read in it."""

    name: str
    raw: bytes
    kind: str
    failing: dict[str, str]
    original: str | None = "first@ours.example"


OURS = "news@ours.example"
ENCLOSED = f"""
Received: from app.ours.example by mx.ours.example; Mon, 3 Mar 2025 10:00:00 +0000
From: News <{OURS}>
To: anna@there.example
Subject: What is new
Message-ID: <first@ours.example>
Date: Mon, 3 Mar 2025 10:00:00 +0000

Dear reader
"""


def a_notice(text: str, *, sender: str, subject: str, original: str = "", headers: str = "") -> bytes:
    """A notice in one text; `original` stands below it."""
    head = f"From: {sender}\nTo: {OURS}\nSubject: {subject}\nDate: Mon, 3 Mar 2025 10:01:00 +0000\n"
    return (head + _clean(headers) + "\n" + dedent(text).lstrip("\n") + original).encode()


def a_report(fields: str, *, text: str = "It failed.", sender: str = "MAILER-DAEMON@mx.there.example") -> bytes:
    """A report by the book (RFC 3464) with the original enclosed."""
    head = (
        f"From: {sender}\nTo: {OURS}\nSubject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
    )
    parts = [
        f"Content-Type: text/plain; charset=utf-8\n\n{dedent(text)}\n",
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.there.example\n\n"
        f"{dedent(fields).lstrip()}\n",
        f"Content-Type: message/rfc822\n\n{ENCLOSED.lstrip()}\n",
    ]
    return (head + "".join(f"--b\n{part}" for part in parts) + "--b--\n").encode()


def _clean(headers: str) -> str:
    return dedent(headers).lstrip("\n")


DAEMON = "Mail Delivery System <MAILER-DAEMON@mx.there.example>"
