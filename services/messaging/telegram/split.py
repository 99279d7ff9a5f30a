"""Long text in parts that Telegram takes: cut at the end of a paragraph, a line, a sentence or a word."""

import re

TEXT = 4096
CAPTION = 1024
"""Limits in UTF-16 units, as Telegram counts."""
_ENDS = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"[.!?…](?=\s)"), re.compile(r"\s"))
"""Where a part may end, the best first."""
_LEAST = 0.5
"""A part is at least so full; a worse place to cut is taken before that."""


def units(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split(text: str, limit: int = TEXT) -> list[str]:
    """Parts of at most `limit` units, without the space around the cuts; none for a text without words."""
    parts = []
    rest = text.strip()
    while units(rest) > limit:
        head = _first(rest, limit)
        cut = _cut(head)
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [part for part in (*parts, rest) if part]


def _first(text: str, limit: int) -> str:
    """As much as fits: whole characters, and no combining mark or joiner torn from its letter."""
    head = text[:limit]
    while units(head) > limit:
        head = head[: len(head) - max(1, (units(head) - limit) // 2)]
    return head


def _cut(head: str) -> int:
    for end in _ENDS:
        found = [match.end() for match in end.finditer(head)]
        if found and found[-1] >= len(head) * _LEAST:
            return found[-1]
    return len(head)
