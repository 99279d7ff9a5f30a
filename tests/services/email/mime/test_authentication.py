"""Verdicts of the receiving server."""

import pytest

from services.email.mime.authentication import Authentication, of, parse


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            "mx.example.org; dkim=pass header.d=a.example; spf=pass (ok; really) smtp.helo=a.example; dmarc=fail",
            Authentication("pass", "pass", "fail", "mx.example.org"),
        ),
        ("mx.example.org 1; SPF=SoftFail", Authentication("softfail", None, None, "mx.example.org")),
        ("mx; dkim=fail header.d=x; dkim=pass header.d=y", Authentication(None, "pass", None, "mx")),
        ("mx.example.org; none", None),
        ("", None),
        (";;;", None),
        ("spf=pass", None),
    ],
)
def test_verdicts_are_read(value: str, expected: Authentication | None) -> None:
    assert parse(value) == expected


def test_only_trusted_servers_are_believed() -> None:
    values = ("forged.example; spf=pass", "mx.example.org; spf=fail")
    assert of(values, frozenset({"mx.example.org"})) == Authentication("fail", None, None, "mx.example.org")
    assert of(values, frozenset()) is None
    assert of(values) == Authentication("pass", None, None, "forged.example")
