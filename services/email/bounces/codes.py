"""Reply codes (RFC 5321) and enhanced status codes (RFC 3463) found in what a server said."""

import re

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d]|\.\d)")
_CUED = re.compile(
    r"(?:\bsaid:?|\bsays:?|<<<|\berror:?|\bcode:?|\bsmtp[;:]?|\breply:?|\bresponse:?|\bwas:?|\breturned:?|>>>"
    r"|\bstatus:?|\bbecause:?|\brespond(?:ed|s)(?: with)?:?)[\s\"'(\[]{0,4}([245][0-5]\d)(?![\d.]|[-/]\d)",
    re.I,
)
_BEFORE_STATUS = re.compile(r"(?<![\d.])([245][0-5]\d)[\s#(-]{1,3}[245]\.\d{1,3}\.\d{1,3}")
_LEADING = re.compile(r"^[\s\"'(\[*#>|-]{0,10}([45][0-5]\d)(?=[\s:;,.)\]-]|$)", re.M)
_LOOSE = re.compile(r"(?<![\w.#/:@-])([45][0-5]\d)(?=[\s:;,)\]]|-[\d#]|$)")
_CODES = (_BEFORE_STATUS, _CUED, _LEADING, _LOOSE)

# The detail that a reason stands for where a server gave a bare reply code.
_DETAILS = {
    "user-unknown": "1.1", "host-unknown": "1.2", "moved": "1.6", "sender": "1.8", "no-mail": "1.10",
    "disabled": "2.1", "mailbox-full": "2.2", "system": "3.0", "too-big": "3.4", "timeout": "4.1", "loop": "4.6",
    "expired": "4.7", "rate-limited": "7.0", "greylisted": "7.1", "blocked": "7.1", "spam": "7.1", "virus": "7.1",
    "policy": "7.1", "relay-denied": "7.1", "auth": "7.1", "content": "6.0",
}  # fmt: skip


def reply_code(text: str) -> str | None:
    """The SMTP reply code in `text`; one that stands beside an enhanced status or a word like "said" comes first."""
    for pattern in _CODES:
        if found := pattern.search(text):
            return found[1]
    return None


def status(text: str) -> str | None:
    """The first enhanced status that says something; x.0.0 only where there is no other."""
    vague = None
    for found in _STATUS.finditer(text):
        value = ".".join(str(int(digits)) for digits in found.groups())
        if not is_vague(value):
            return value
        vague = vague or value
    return vague


def is_vague(value: str | None) -> bool:
    """No status, or one that gives nothing but its class."""
    return value is None or value.endswith(".0.0")


def chosen(declared: str | None, said: str | None) -> str | None:
    """One status out of the report's field and the server's words: the more specific, the report's if both are."""
    return said if is_vague(declared) and said is not None else declared


def complete(value: str | None, code: str | None, reason: str) -> str | None:
    """The status, derived from the reply code and the reason where the server gave none."""
    if value is not None or code is None:
        return value
    return f"{code[0]}.{_DETAILS.get(reason, '0.0')}"
