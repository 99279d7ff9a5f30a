"""How a reply names what it answers: its headers, our Message-IDs in them, and reply tokens that survived."""

import re
from collections.abc import Iterable

from services.email.mime.model import Mail

TOKEN_HEADER = "X-Omnihub-Token"
_OURS = re.compile(r"^<?(in_[a-z0-9]{20,40})@[^\s>]+>?$")
_TOKEN = re.compile(r"[A-Z2-7]{16}")
_IN_TEXT = re.compile(r"\[#([A-Z2-7]{16})\]")
_ENCLOSED = re.compile(rf"(?m)^[ \t>|]{{0,20}}(?i:{TOKEN_HEADER}):[ \t]*([A-Z2-7]{{16}})\s|\[#([A-Z2-7]{{16}})\]")
_HEAD = 64 * 1024
_IN_ADDRESS = re.compile(r"[^\s<>,;:\"]\+([A-Za-z2-7]{16})@")
_RECIPIENT_HEADERS = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")


def references(message_ids: Iterable[str], mail: Mail) -> tuple[str, ...]:
    """Names of what a mail answers, most telling first.

    `message_ids` are those in In-Reply-To and References, the nearest first, in angle brackets.
    """
    ids = list(message_ids)
    ours = [f"interaction:{found}" for known in ids if (found := our_interaction(known))]
    return tuple(dict.fromkeys([*ours, *(f"email:{known}" for known in ids), *tokens(mail)]))


def our_interaction(message_id: str) -> str | None:
    """The interaction that a Message-ID of ours names."""
    found = _OURS.match(message_id.strip())
    return found[1] if found else None


def tokens(mail: Mail) -> list[str]:
    """`token:…` for each reply token: in an address it came to, in our header, in the subject or the text."""
    header = (mail.header(TOKEN_HEADER) or "").strip()
    found = [found.upper() for name in _RECIPIENT_HEADERS for found in _addressed(mail, name)]
    found += [header] if _TOKEN.fullmatch(header) else []
    for text in (mail.subject, mail.text, mail.html or ""):
        found += _IN_TEXT.findall(text)
    return [f"token:{token}" for token in dict.fromkeys(found)]


def enclosed_tokens(mail: Mail) -> list[str]:
    """The same for the mail of ours that a notice encloses or quotes."""
    enclosed = (part.content[:_HEAD].decode("latin-1") for part in mail.parts if "822" in part.content_type)
    texts = (mail.text[:_HEAD], *enclosed)
    tokens = [found[1] or found[2] for text in texts for found in _ENCLOSED.finditer(text)]
    return [f"token:{token}" for token in dict.fromkeys(tokens)]


def _addressed(mail: Mail, name: str) -> list[str]:
    return [token for value in mail.header_all(name) for token in _IN_ADDRESS.findall(value)]
