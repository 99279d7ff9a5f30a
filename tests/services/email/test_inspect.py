"""`omnihub inspect email`: one line for each mail, whatever it is given."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from services.email.inspect import inspect

MAIL = (
    "From: Anna <anna@client.example>\nTo: support@romashka.example\nSubject: {subject}\n"
    "Date: Mon, 2 Mar 2026 10:15:00 +0300\nMessage-ID: <{id}>\n{more}\n{body}\n"
)
KEYS = (
    "file error message_id in_reply_to references subject date from reply_to to cc text new_text quoted_text "
    "signature html attachments charset auto bounce authentication id"
)


def a_mail(name: str = "1@a.example", subject: str = "Hello", body: str = "Good day", more: str = "") -> bytes:
    return MAIL.format(id=name, subject=subject, body=body, more=more).encode()


def lines(*paths: Path, threads: bool = False) -> tuple[int, list[dict[str, Any]]]:
    out = StringIO()
    code = inspect(paths, out, threads=threads)
    return code, [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_mail_is_one_line_with_the_promised_keys(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(
        a_mail(
            more="Authentication-Results: mx.example.org; spf=pass; dkim=pass\n"
            "Content-Type: multipart/mixed; boundary=b\n",
            body="--b\nContent-Type: text/html\n\n<p onclick=x>Hi</p><img src=https://t.example/p>\n"
            "--b\nContent-Type: text/x; name=a.txt\n\nabc\n--b--",
        )
    )
    code, (row,) = lines(tmp_path / "a.eml")
    assert code == 0
    assert list(row) == KEYS.split()
    identity = row.pop("id")
    assert identity.startswith("in_")
    assert row == {
        "file": str(tmp_path / "a.eml"),
        "error": None,
        "message_id": "1@a.example",
        "in_reply_to": None,
        "references": [],
        "subject": "Hello",
        "date": "2026-03-02T10:15:00+03:00",
        "from": {"name": "Anna", "address": "anna@client.example"},
        "reply_to": [],
        "to": [{"name": "", "address": "support@romashka.example"}],
        "cc": [],
        "text": "Hi",
        "new_text": "Hi",
        "quoted_text": "",
        "signature": "",
        "html": "<p>Hi</p><img>",
        "attachments": [
            {
                "filename": "a.txt",
                "content_type": "text/x",
                "size": 3,
                "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                "inline": False,
            }
        ],
        "charset": {"declared": None, "used": "us-ascii"},
        "auto": None,
        "bounce": None,
        "authentication": {"spf": "pass", "dkim": "pass", "dmarc": None, "authserv_id": "mx.example.org"},
    }


def test_folders_are_read_through_in_order_and_mailbox_files_mail_by_mail(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2.eml").write_bytes(a_mail(subject="second"))
    (tmp_path / "a.eml").write_bytes(a_mail(subject="first"))
    box = b"".join(
        b"From a@b.example Mon Mar  2 10:15:00 2026\n" + a_mail(subject=s, body=">From x") + b"\n" for s in "xy"
    )
    (tmp_path / "c.mbox").write_bytes(box)
    code, rows = lines(tmp_path)
    assert code == 0
    assert [row["subject"] for row in rows] == ["first", "second", "x", "y"]
    assert [Path(row["file"]).name for row in rows] == ["a.eml", "2.eml", "c.mbox:1", "c.mbox:2"]
    assert rows[2]["text"].startswith("From x")


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_printed(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(a_mail())
    code, rows = lines(tmp_path / "a.eml", tmp_path / "b.eml")
    assert code == 1
    assert [row["error"] for row in rows] == [None, "No such file or directory"]
    assert list(rows[1]) == KEYS.split()


@pytest.mark.parametrize("threads", [False, True])
def test_any_bytes_are_a_line(tmp_path: Path, threads: bool) -> None:
    for number, raw in enumerate((b"", b"\x00\xff", b"Content-Type: text/plain; charset=utf-7\n\n+2AA-", b"From: <")):
        (tmp_path / str(number)).write_bytes(raw)
    code, rows = lines(tmp_path, threads=threads)
    assert (code, len(rows)) == (0, 4)


def test_threads_name_the_parent_and_number_the_chains(tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(a_mail("1@a.example"))
    (tmp_path / "2").write_bytes(a_mail("2@a.example", subject="Other"))
    (tmp_path / "3").write_bytes(a_mail("3@a.example", subject="Re: Hello", more="In-Reply-To: <1@a.example>\n"))
    _, rows = lines(tmp_path, threads=True)
    assert [(row["parent"], row["chain"]) for row in rows] == [(None, 1), (None, 2), (str(tmp_path / "1"), 1)]


def test_a_bounce_is_told_with_its_recipients(tmp_path: Path) -> None:
    report = (
        "--b\n\nNo such user\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
        "Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\n--b\nContent-Type: text/rfc822-headers\n\n"
        "Message-ID: <sent@romashka.example>\n--b--"
    )
    more = "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n"
    (tmp_path / "a").write_bytes(a_mail(subject="Undelivered", body=report, more=more))
    _, (row,) = lines(tmp_path / "a")
    assert row["bounce"] == {
        "kind": "hard",
        "recipients": [
            {
                "address": "gone@example.org",
                "action": "failed",
                "status": "5.1.1",
                "reply_code": "550",
                "reason": "user-unknown",
                "text": "550 5.1.1 no such user",
            }
        ],
        "original_message_id": "sent@romashka.example",
    }
