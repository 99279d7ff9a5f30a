"""Addresses and names that are made to be taken for others: shown so that nobody is deceived.

A domain is shown in Unicode only when each of its labels is of one script and cannot be read as Latin letters (the
rules of browsers, after UTS 39); otherwise in punycode.
"""

import re
import unicodedata

from hub.kit import plain

_HIDDEN = re.compile(f"[{plain.HIDDEN}]")
_LATIN_LOOKING = frozenset("асԁеһіјӏорԛѕԝхуьпгѵѡ")
"""Cyrillic letters that a word can be made of which looks Latin."""
_TOGETHER = (
    frozenset({"CJK", "HIRAGANA", "KATAKANA", "LATIN"}),
    frozenset({"CJK", "HANGUL", "LATIN"}),
    frozenset({"CJK", "BOPOMOFO", "LATIN"}),
)
"""Scripts that are written together."""


def visible(text: str) -> str:
    """The text without what hides in it."""
    return text if text.isascii() and text.isprintable() else plain.line(text)


def hides(text: str) -> bool:
    """Whether something in it is not seen."""
    return not text.isascii() and _HIDDEN.search(text) is not None


def shown(address: str) -> str:
    """How to show a normalised address (`email:anna@xn--…`); empty where it is plain ASCII."""
    local, _, domain = address.removeprefix("email:").rpartition("@")
    if "xn--" not in domain and domain.isascii():
        return ""
    return f"{local}@{domain_shown(domain)}"


def is_mixed(address: str) -> bool:
    """Whether its domain could be taken for another one."""
    domain = address.rpartition("@")[2]
    if "xn--" not in domain and domain.isascii():
        return False
    return domain_shown(domain) != _unicode(domain)


def domain_shown(domain: str) -> str:
    """In Unicode where that deceives nobody, else in punycode."""
    readable = _unicode(domain)
    labels = readable.split(".")
    cyrillic_end = _scripts(labels[-1]) == {"CYRILLIC"}
    if all(_is_plain(label, cyrillic_end=cyrillic_end) for label in labels):
        return readable
    return _punycode(readable)


def _is_plain(label: str, *, cyrillic_end: bool) -> bool:
    scripts = _scripts(label)
    if len(scripts) > 1:
        return any(scripts <= together for together in _TOGETHER)
    letters = {letter for letter in label if letter.isalpha()}
    return cyrillic_end or scripts != {"CYRILLIC"} or not letters <= _LATIN_LOOKING


def _scripts(label: str) -> set[str]:
    return {unicodedata.name(letter, "? ").split()[0] for letter in label if letter.isalpha()}


def _unicode(domain: str) -> str:
    return ".".join(_label(label, "decode") for label in domain.split("."))


def _punycode(domain: str) -> str:
    return ".".join(_label(label, "encode") for label in domain.split("."))


def _label(label: str, way: str) -> str:
    try:
        if way == "encode":
            return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")
        return label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label
    except (UnicodeError, ValueError):
        return label
