"""Cuts raw HTML into text and tags in one pass, whatever state it is in."""

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

MOST_TOKENS = 25_000
"""Texts and tags told apart one by one; of what a longer mail has beyond them, only the text is taken."""

_MOST_QUOTED = 8

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:_-]{0,40})([^<>]*+)>")
_ATTRIBUTE = re.compile(r"([a-zA-Z][a-zA-Z-]{0,30})\s{0,8}=\s{0,8}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_ANY_TAG = re.compile(r"<[^<>]*+>")
_SKIPPED = frozenset({"script", "style", "title", "xml", "template"})
_LONGEST_ATTRIBUTES = 20_000


class Tag(NamedTuple):
    """One tag: its name in lower case, and its attributes as they stand."""

    name: str
    raw: str = ""
    closing: bool = False

    def attributes(self) -> dict[str, str]:
        """By lower-case name; the first of two that are named alike."""
        found: dict[str, str] = {}
        for name, double, single, bare in _ATTRIBUTE.findall(self.raw, 0, _LONGEST_ATTRIBUTES):
            found.setdefault(name.lower(), unescape(double or single or bare))
        return found


class _Seeker:
    """Finds strings ahead, in either case, without ever scanning the same stretch twice."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._next: dict[str, int] = {}

    def find(self, what: str, at: int) -> int:
        """Where `what` next stands at or after `at`, or -1. Calls for one `what` must not go backwards."""
        known = self._next.get(what, 0)
        if known != -1 and known <= at:
            match = re.compile(re.escape(what), re.IGNORECASE).search(self._text, at)
            known = self._next[what] = match.start() if match else -1
        return known


def cut(html: str) -> Iterator[str | Tag]:
    """The texts (entities resolved) and tags of `html`, in order; comments, scripts and styles left out. Linear."""
    seeker = _Seeker(html)
    at = count = 0
    while at < len(html) and count < MOST_TOKENS:
        opened = html.find("<", at)
        if opened == -1:
            break
        count += 1
        if opened > at:
            yield unescape(html[at:opened])
        match = _TAG.match(html, opened)
        if match is None:
            at, text = _untagged(html, opened, seeker)
            yield text
            continue
        end = _real_end(html, match)
        tag = Tag(match[2].lower(), html[match.end(2) : end - 1], match[1] == "/")
        at = end if tag.closing or tag.name not in _SKIPPED else _past(tag.name, end, seeker)
        yield tag
    if at < len(html):
        yield unescape(_ANY_TAG.sub(" ", html[at:]))


def _past(name: str, at: int, seeker: _Seeker) -> int:
    """Where an element whose content nobody sees ends; right here if it never does."""
    end = seeker.find(f"</{name}", at)
    return at if end == -1 else end


def _untagged(html: str, opened: int, seeker: _Seeker) -> tuple[int, str]:
    """Past a comment or a declaration, which are no text, or a mere "<", which is."""
    if html.startswith("<!--", opened):
        end = seeker.find("-->", opened + 2)
        return (opened + 4 if end == -1 else end + 3), ""
    if html[opened + 1 : opened + 2] in {"!", "?"}:
        end = seeker.find(">", opened)
        return (opened + 2 if end == -1 else end + 1), ""
    end = html.find("<", opened + 1)
    end = len(html) if end == -1 else end
    return end, html[opened:end]


def _real_end(html: str, match: re.Match[str]) -> int:
    """Past a ">" that stands inside a quoted attribute."""
    end = match.end()
    if match[3].count('"') % 2 == 0:
        return end
    for _ in range(_MOST_QUOTED):
        close = html.find('"', end, end + _LONGEST_ATTRIBUTES)
        further = html.find(">", close, close + _LONGEST_ATTRIBUTES) if close != -1 else -1
        if further == -1:
            return match.end()
        end = further + 1
        if html.count('"', match.end(2), end) % 2 == 0:
            return end
    return match.end()
