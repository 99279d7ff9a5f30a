"""Mails of the RFCs, with the parse that another library's authors expect."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from services.email.mime.model import Address
from services.email.mime.parse import parse

MAILS = Path(__file__).parents[5] / "shared" / "data" / "mime" / "stalwart-rfc"
NAMES = sorted(path.stem for path in MAILS.glob("*.eml"))
needs_mails = pytest.mark.skipif(not NAMES, reason="the collection of mails is not at ../shared/data/mime")


def headers_of(part: dict[str, Any]) -> dict[str, Any]:
    return {header["name"]: header["value"] for header in part["headers"] if isinstance(header["name"], str)}


def addresses(value: Any) -> list[tuple[str, str]]:
    found = value["Address"]["List"] if value else []
    return [(one["name"] or "", one["address"] or "") for one in found]


def words(text: str) -> list[str]:
    return text.split()


def body_of(part: dict[str, Any]) -> str:
    return next((part["body"][kind] for kind in ("Text", "Html") if kind in part["body"]), "")


def content_of(part: dict[str, Any]) -> bytes | None:
    if "Text" in part["body"]:
        return str(part["body"]["Text"]).encode()
    return next((bytes(part["body"][kind]) for kind in ("Binary", "InlineBinary") if kind in part["body"]), None)


def name_of(part: dict[str, Any]) -> str | None:
    headers = headers_of(part)
    given: dict[str, str] = {}
    for header in ("content_type", "content_disposition"):
        attributes = (headers.get(header) or {}).get("ContentType", {}).get("attributes") or []
        given |= {one["name"]: one["value"] for one in attributes}
    return given.get("filename") or given.get("name")


def date_of(value: Any) -> datetime | None:
    if not isinstance(value, dict):
        return None
    at = value["DateTime"]
    zone = f"{'-' if at['tz_before_gmt'] else '+'}{at['tz_hour']:02}:{at['tz_minute']:02}"
    clock = f"{at['hour']:02}:{at['minute']:02}:{at['second']:02}"
    return datetime.fromisoformat(f"{at['year']:04}-{at['month']:02}-{at['day']:02}T{clock}{zone}")


def as_expected(address: Address) -> tuple[str, str]:
    return address.name, address.address


@needs_mails
@pytest.mark.parametrize("name", NAMES or ["none"])
def test_a_mail_of_the_collection_is_read_as_expected(name: str) -> None:
    mail = parse((MAILS / f"{name}.eml").read_bytes())
    expected = json.loads((MAILS / f"{name}.json").read_text())
    parts = expected["parts"]
    headers = headers_of(parts[0])
    assert mail.subject == headers.get("subject", {"Text": ""})["Text"]
    assert [as_expected(one) for one in ([mail.from_] if mail.from_ else [])] == addresses(headers.get("from"))
    assert [as_expected(one) for one in mail.to] == addresses(headers.get("to"))
    assert mail.date == date_of(headers.get("date"))
    texts = [body_of(parts[number]) for number in expected["text_body"]]
    assert words(mail.text) == words("\n".join(texts))
    assert (mail.html is not None) == any("Html" in parts[number]["body"] for number in expected["html_body"])
    wanted = [parts[number] for number in expected["attachments"]]
    assert len(mail.attachments) == len(wanted)
    for found, part in zip(mail.attachments, wanted, strict=True):
        assert found.filename == name_of(part) or found.content_type == "message/rfc822"
        assert content_of(part) in (None, found.content)
