"""The mail a notice is about: enclosed as a part, quoted in the text, or only named."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from services.email.mime import addresses
from services.email.mime.headers import Headers, split
from services.email.mime.identity import normalise_message_id
from services.email.mime.model import Mail, Part

ENCLOSED = frozenset(
    (
        "message/rfc822", "message/global", "message/partial", "message/news", "message/x-rfc822", "text/rfc822",
        "text/rfc822-headers", "text/rfc822-header", "message/rfc822-headers", "message/global-headers",
    )
)  # fmt: skip

_HEAD = 65_536
_ID = re.compile(
    r"(?im)^[ \t>|*]{0,20}(?:original[ -])?message-?id[ \t]{0,20}:\s{0,20}<?([^<>\s]{1,250}@[^<>\s]{1,250})"
)
_NAMED = re.compile(r"(?i)\b(?:message[ -]?id|internet-message-id)\W{1,20}([^<>\s,;()]{3,250}@[^<>\s,;()]{3,250})")
_TO = re.compile(
    r"(?im)^[ \t>|*]{0,20}(?:to|cc|x-original-to"
    r"|delivered-to)[ \t]{0,20}:([^\n]{1,2000}(?:\n[ \t]+[^\n]{1,500}){0,50})"
)
_FROM = re.compile(r"(?im)^[ \t>|*]{0,20}(?:from|return-path|sender)[ \t]{0,20}:([^\n]{1,2000})")
_ID_FIELDS = (
    "x-original-message-id",
    "original-message-id",
    "x-failed-message-id",
    "x-ms-exchange-parent-message-id",
)


@dataclass(frozen=True, slots=True)
class Original:
    """What is known of the mail the notice is about; addresses in lower case."""

    message_id: str | None = None
    recipients: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    headers: Headers | None = None


def original_of(mail: Mail, quoted: str) -> Original:
    """`quoted` is the part of the notice's text in which the original is shown, "" where there is none."""
    enclosed = _enclosed(mail.parts)
    shown = quoted[:_HEAD]
    to = (*_parsed(enclosed, b"to", b"cc", b"x-original-to"), *_found(_TO, shown))
    senders = (*_parsed(enclosed, b"from", b"sender", b"return-path"), *_found(_FROM, shown))
    return Original(
        message_id=_message_id(mail, enclosed, shown),
        recipients=tuple(dict.fromkeys(to)),
        senders=tuple(dict.fromkeys(senders)),
        headers=enclosed,
    )


def _enclosed(parts: Iterable[Part]) -> Headers | None:
    for part in parts:
        if part.content_type in ENCLOSED and part.content.strip():
            headers, _ = split(part.content.lstrip(), 0, min(_HEAD, len(part.content.lstrip())), [])
            if len(headers):
                return headers
    return None


def _message_id(mail: Mail, enclosed: Headers | None, shown: str) -> str | None:
    for name in ("message-id", "resent-message-id"):
        if enclosed and (value := enclosed.raw(name)) and (found := normalise_message_id(value)):
            return found
    for text in (shown, mail.text[:_HEAD]):
        if named := _first(_ID, text, mail) or _first(_NAMED, text, mail):
            return named
    for name in _ID_FIELDS:
        if (value := mail.header_raw(name)) and (found := normalise_message_id(value)):
            return found
    if answered := (*mail.in_reply_to, *reversed(mail.references)):
        return answered[0]
    body = mail.body[: 4 * _HEAD].decode("latin-1").replace("\r\n", "\n")
    return _first(_ID, body, mail)


def _first(pattern: re.Pattern[str], text: str, mail: Mail) -> str | None:
    ids = (normalise_message_id(found[1].strip("\"'")) for found in pattern.finditer(text))
    return next((one for one in ids if one and one != mail.message_id), None)


def _parsed(headers: Headers | None, *names: bytes) -> list[str]:
    if headers is None:
        return []
    values = [value[:20_000] for name in names for value in headers.get(name)]
    return [one.address.lower() for one in addresses.parse(values) if "@" in one.address]


def _found(pattern: re.Pattern[str], text: str) -> list[str]:
    values = [found[1].encode("utf-8", "replace") for found in pattern.finditer(text)]
    return [one.address.lower() for one in addresses.parse(values) if "@" in one.address]
