"""Which part of a file is asked for (RFC 9110, section 14)."""

import re
from dataclasses import dataclass

MOST = 8 * 2**20
"""Bytes of one part: a player asks for the next one."""
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True, slots=True)
class Part:
    start: int
    length: int
    """0: there is no such part."""


def asked_for(header: str | None, size: int) -> Part | None:
    """The first part that is asked for, `MOST` bytes at most; none: all of it, or what is asked is unclear."""
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or found[0] == "bytes=-":
        return None
    first, last = found[1], found[2]
    if not first:
        length = min(int(last), size)
        return Part(size - length, min(length, MOST))
    start, end = int(first), min(int(last), size - 1) if last else size - 1
    return Part(start, max(0, min(end - start + 1, MOST)) if start < size else 0)
