"""What makes a mail itself: its ids, and addresses in their one normal form."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date as date_type
from hashlib import blake2b
from typing import TYPE_CHECKING

from hub.kit import ids
from hub.kit.domains import known_domain
from services.email.mime import words

if TYPE_CHECKING:
    from services.email.mime.model import Mail

_BRACKETED = re.compile(r"<([^<>]*)>")
_COMMENT = re.compile(r"\([^()]*\)")
_BLANKS = re.compile(rb"\s+")
_ASCII_ADDRESS = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_DATE = re.compile(
    rb"(\d{1,2}) +(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* +(\d{4}) +(\d{1,2}):(\d{2})(?::(\d{2}))?",
    re.IGNORECASE,
)
_DATE_LENGTH = 100
_MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")
_EPOCH = date_type(1970, 1, 1).toordinal()
_SOUND = re.compile(rb"\s*+(?:<[!-;=?-~]++>\s*+)++")
_SOUND_ID = re.compile(rb"<([^>]++)>")
_SEPARATORS = re.compile(r"[\s,;<>\"]+")


def normalise_message_id(value: str | bytes) -> str:
    """`" <a@b> (comment)"` becomes `a@b`: brackets, comments and blanks go, the case stays. "" for none."""
    if isinstance(value, bytes):
        if _SOUND.fullmatch(value):
            return value[value.index(b"<") + 1 : value.index(b">")].decode("ascii")
        value = words.text(value)
    text = value
    if match := _BRACKETED.search(text):
        return "".join(match[1].split())
    text = _COMMENT.sub("", text) if len(text) < 2000 else text
    return "".join(text.split()).strip("<>")


def identifiers(values: Iterable[bytes]) -> tuple[str, ...]:
    """Every message id in the headers, in order, each once; words around them ("Your message of...") are dropped."""
    found: dict[str, None] = {}
    for value in values:
        if _SOUND.fullmatch(value):
            found |= dict.fromkeys(b" ".join(_SOUND_ID.findall(value)).decode("ascii").split(" "))
            continue
        text = words.text(value)
        bracketed = _BRACKETED.findall(text)
        for one in bracketed or [word for word in _SEPARATORS.split(text) if "@" in word.strip("@")]:
            if name := "".join(one.split()):
                found[name] = None
    return tuple(found)


def references(mail: "Mail") -> tuple[str, ...]:
    """The ids this mail builds on, oldest first, the one it answers last; never its own."""
    found = dict.fromkeys(mail.references)
    for one in mail.in_reply_to[:1]:
        found.pop(one, None)
        found[one] = None
    found.pop(mail.message_id, None)
    return tuple(found)


def interaction_id(mail: "Mail") -> str:
    """The id of this mail for ever: the same for copies in two mailboxes, whatever the way added on top; different
    for two mails that share a Message-ID; and there for a mail that has none.
    """
    head = [_flat(mail.headers.get(name)) for name in (b"from", b"date", b"subject")]
    return ids.derive("in", "email", mail.message_id, *head, body_digest(mail.body), at=_written_at(head[1]))


def _written_at(date: bytes) -> int:
    """Seconds since 1970 as the Date header has them, its zone aside; 0 where it is no date.

    Read by a rule of its own, which never changes: it is part of ids, unlike the date that is shown.
    """
    match = _DATE.search(date[:_DATE_LENGTH])
    if not match:
        return 0
    day, month, year, hour, minute, second = match.groups(default=b"0")
    number = _MONTHS.index(month.title())
    days = date_type(min(max(int(year), 1970), 2100), number + 1, 1).toordinal() - _EPOCH + int(day) - 1
    return max(0, days * 86_400 + int(hour) * 3600 + int(minute) * 60 + int(second))


def _flat(values: list[bytes]) -> bytes:
    """The first value unfolded; folding differs between copies, so a run of blanks counts as one."""
    value = words.unfold(values[0]) if values else b""
    return _BLANKS.sub(b" ", value) if b"  " in value or b"\t" in value else value


def body_digest(body: bytes) -> bytes:
    """Sixteen bytes that do not depend on line ends or on blank lines at the end."""
    return blake2b(body.replace(b"\r", b"").rstrip(b"\n"), digest_size=16).digest()


def normalise_address(text: str) -> str:
    """`Anna <Anna@Example.COM>` becomes `email:anna@example.com`; an IDN domain becomes punycode. "" where there is
    no address in the text.
    """
    if _ASCII_ADDRESS.fullmatch(text):
        return f"email:{text.lower()}"
    from services.email.mime import addresses

    found = addresses.parse([text.encode("utf-8", "replace")])
    address = next((one.address for one in found if "@" in one.address), "")
    local, _, domain = address.rpartition("@")
    local = unicodedata.normalize("NFC", local.strip().strip('"')).lower()
    domain = domain.strip().strip(".[]<> ").lower() if not domain.startswith("[") else domain.lower()
    return f"email:{local}@{known_domain(domain)}" if local and domain else ""
