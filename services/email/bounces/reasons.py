"""Why a mail was not delivered, in one word, and whether the address is to blame.

The reason is decided in this order: a phrase (a phrase knows more than a code: many servers answer `5.1.1` to a full
mailbox), the enhanced status (RFC 3463, with what the large providers made of it), the reply code. What it means:

* hard: user-unknown, moved, host-unknown, no-mail, disabled. Mail to this address cannot succeed; unless the server
  is still trying (action "delayed") or says itself, in code and words, that the fault is temporary.
* soft: all that is about the mail (too-big, spam, virus, content), the sender (blocked, policy, auth, sender,
  relay-denied, rate-limited, greylisted) or the moment (mailbox-full, timeout, expired, loop, system).
* other: hard only where the server refused this recipient for good (5.1.y, or 550, 551, 553); else soft.
"""

import re
from functools import lru_cache
from typing import Final

from services.email.bounces.models import Reason, Recipient
from services.email.bounces.phrases import ROWS

HARD: Final[frozenset[Reason]] = frozenset({"user-unknown", "moved", "host-unknown", "no-mail", "disabled"})

_NOISE = re.compile(
    r"(?:https?://|www\.)\S++|[\w.+=/'-]{1,64}@[\w.-]{1,255}|\[[\d.:a-fA-F]{3,45}\]"
    r"|(?<![\d.])\d{1,3}(?:\.\d{1,3}){2,3}"
)
_CONTINUED = re.compile(r"(?m)^\s*+[245]\d\d-")
_WORD = re.compile(r"[^\W_]{1,60}")
_APOSTROPHES = str.maketrans("", "", "'\u2019\u00b4`")
_TEMPORARY = re.compile(r"temporar|try again|try later|retry|временн|vor[uü]bergehend|temporair")
_LIMIT = 6000


def _compiled(row: str) -> str:
    return row.replace(" * ", r"(?: \S{1,60}){0,5}? ")


_PATTERNS: Final = tuple((reason, re.compile("|".join(map(_compiled, rows)))) for reason, rows in ROWS)
# A status beats these: they are what a server says about any refusal.
_VAGUE: Final[frozenset[Reason]] = frozenset({"policy", "content", "system", "timeout", "expired", "blocked"})

_BY_STATUS: Final[dict[str, Reason]] = {
    "1.0": "user-unknown", "1.1": "user-unknown", "1.2": "host-unknown", "1.3": "user-unknown", "1.4": "user-unknown",
    "1.5": "delivered", "1.6": "moved", "1.7": "sender", "1.8": "sender", "1.9": "sender", "1.10": "user-unknown",
    "2.0": "system", "2.1": "disabled", "2.2": "mailbox-full", "2.3": "too-big", "2.4": "system",
    "3.0": "system", "3.1": "mailbox-full", "3.2": "system", "3.3": "system", "3.4": "too-big", "3.5": "system",
    "4.0": "timeout", "4.1": "timeout", "4.2": "timeout", "4.3": "timeout", "4.4": "host-unknown",
    "4.5": "rate-limited",
    "4.6": "loop", "4.7": "expired", "4.14": "loop", "4.310": "host-unknown", "4.312": "timeout", "4.316": "timeout",
    "5.0": "system", "5.1": "system", "5.2": "system", "5.3": "rate-limited", "5.4": "system", "5.6": "system",
    "7.20": "auth", "7.21": "auth", "7.22": "auth", "7.23": "auth", "7.24": "auth", "7.25": "blocked", "7.26": "auth",
    "7.27": "no-mail", "7.28": "rate-limited",
}  # fmt: skip
_BY_CLASS: Final[dict[str, Reason]] = {"5": "system", "6": "content", "7": "policy"}
_BY_CODE: Final[dict[str, Reason]] = {
    "421": "timeout", "422": "mailbox-full", "431": "system", "441": "timeout", "442": "timeout", "446": "loop",
    "447": "expired", "450": "greylisted", "451": "system", "452": "mailbox-full", "500": "system", "501": "system",
    "502": "system", "503": "system", "504": "system", "521": "no-mail", "523": "too-big", "525": "disabled",
    "530": "auth", "535": "auth", "551": "moved", "552": "mailbox-full", "556": "no-mail",
}  # fmt: skip


def plain(text: str) -> str:
    """The text as the rows of phrases expect it; at most 6,000 characters of it are looked at."""
    text = _NOISE.sub(" ", _CONTINUED.sub(" ", text[:_LIMIT]))
    return " ".join(_WORD.findall(text.lower().translate(_APOSTROPHES)))


@lru_cache(maxsize=256)
def phrase(text: str) -> Reason | None:
    """The reason named in the server's words, or None."""
    words = plain(text)
    if not words:
        return None
    return next((reason for reason, pattern in _PATTERNS if pattern.search(words)), None)


def decide(text: str, status: str | None, code: str | None) -> Reason:
    """The reason out of all that is known."""
    named = phrase(text)
    if named is None or named in _VAGUE:
        return _coded(status) or named or _BY_CODE.get(code or "", "other")
    return named


def _coded(status: str | None) -> Reason | None:
    if status is None:
        return None
    if status[0] == "2":
        return "delivered"
    detail = status[2:]
    if detail == "4.4" and status[0] == "4":
        return "timeout"
    return _BY_STATUS.get(detail) or _BY_CLASS.get(detail.partition(".")[0] if detail != "0.0" else "")


def is_hard(recipient: Recipient) -> bool:
    """Whether mail to this recipient cannot succeed, by the table above."""
    if recipient.action not in ("failed", "expired"):
        return False
    code = recipient.reply_code or ""
    final = (recipient.status or code or "5")[0] == "5"
    if recipient.reason in HARD:
        return final or not _TEMPORARY.search(recipient.text.lower())
    if recipient.reason != "other":
        return False
    return final and (code in ("550", "551", "553") or (recipient.status or "").startswith("5.1."))
