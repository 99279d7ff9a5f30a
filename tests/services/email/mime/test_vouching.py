"""Whose verdicts on senders are believed: those of the mailbox's own server, once it is known; nobody's else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.email.mime import authentication
from services.email.mime.parse import parse
from services.email.mime.vouching import IN_A_ROW, Evidence, evidence_of, learned, with_evidence

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOURS = timedelta(hours=12)


def evidence(*headers: str) -> Evidence:
    return evidence_of(parse("\r\n".join([*headers, "From: anna@client.example", "", "x"]).encode()))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            [
                "Received: by 2002:a05:6402:1e8f:b0:5d0 with SMTP id x; Mon, 2 Mar 2026 09:00:00 -0800",
                "Received: from mail.client.example ([192.0.2.7]) by mx.google.com with ESMTPS id y",
                "Authentication-Results: mx.google.com; dkim=pass header.i=@client.example; spf=pass",
            ],
            Evidence("google.com", vouched=True),
        ),
        (
            [
                "Received: from mail.client.example by mail-nwsmtp-mxfront-39.iva.yp-c.yandex.net with LMTP id x",
                "Authentication-Results: mail-nwsmtp-mxfront-39.iva.yp-c.yandex.net; spf=pass",
            ],
            Evidence("yandex.net", vouched=True),
        ),
        (
            ["Received: from a by mx1.romashka.co.uk with ESMTP", "Authentication-Results: evil.co.uk; dmarc=pass"],
            Evidence("romashka.co.uk", vouched=False),
        ),
        (["Authentication-Results: mx.romashka.example; dmarc=pass"], Evidence("", vouched=False)),
        (["Received: from a by localhost with LMTP", "Received: by x"], Evidence("", vouched=False)),
        (
            ["Received: from a by mx.romashka.example", "Authentication-Results: evil.example; dmarc=pass"],
            Evidence("romashka.example", vouched=False),
        ),
        (
            [
                "Received: from a by mx.romashka.example",
                "Authentication-Results: romashka.example.evil.example; spf=pass",
            ],
            Evidence("romashka.example", vouched=False),
        ),
    ],
)
def test_what_stands_on_top_of_a_mail_is_read(headers: list[str], expected: Evidence) -> None:
    assert evidence(*headers) == expected


OURS, SILENT = Evidence("romashka.example", vouched=True), Evidence("romashka.example", vouched=False)


def after(*found: Evidence, every: timedelta = HOURS) -> dict[str, Any]:
    known: dict[str, Any] = {"_id": "mb"}
    for number, one in enumerate(found):
        known = with_evidence(known, one, MONDAY + every * number)
    return known


def test_a_server_that_vouches_for_every_mail_of_a_week_is_believed() -> None:
    assert learned(after(*[OURS] * IN_A_ROW)) == "romashka.example"
    assert learned(after(*[OURS] * (IN_A_ROW - 1))) == ""


def test_a_burst_of_forged_mails_teaches_nothing() -> None:
    assert learned(after(*[OURS] * 1000, every=timedelta(minutes=1))) == ""


def test_one_mail_without_a_verdict_begins_anew_also_after_it_was_learned() -> None:
    assert learned(after(*[OURS] * 19, SILENT, *[OURS] * 19)) == ""
    assert learned(after(*[OURS] * 30, SILENT)) == ""
    assert learned(after(*[OURS] * 30, SILENT, *[OURS] * 30)) == "romashka.example"


def test_mails_that_say_nothing_or_came_by_another_server_change_nothing() -> None:
    others = (
        Evidence("", vouched=False),
        Evidence("other.example", vouched=True),
        Evidence("other.example", vouched=False),
    )
    assert learned(after(*[OURS] * 30, *others)) == "romashka.example"
    assert after(*[OURS] * 30, *others) == after(*[OURS] * 30)


def test_of_a_domain_only_the_topmost_verdict_is_believed() -> None:
    ours, forged = "mx7.romashka.example; spf=fail", "mx.romashka.example; spf=pass"
    trusted = frozenset({".romashka.example"})
    assert authentication.of((ours, forged), trusted) == authentication.parse(ours)
    assert authentication.of(("other.example; spf=pass", forged), trusted) is None
    assert authentication.of(("romashka.example.evil.example; spf=pass",), trusted) is None
