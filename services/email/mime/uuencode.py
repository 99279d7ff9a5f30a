"""Files sent as uuencode inside a text."""

import re
from binascii import Error as BinasciiError
from binascii import a2b_uu
from typing import NamedTuple

_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255}?)[ \t]*\r?\n", re.M)
_END = re.compile(rb"^(?:end|`|====)[ \t]*\r?$", re.M)
_LINE = re.compile(rb"[ -`]{1,90}\r?$")


class Enclosed(NamedTuple):
    """One file found in a text, and where it stood."""

    name: bytes
    content: bytes
    start: int
    end: int


def find_all(data: bytes) -> list[Enclosed]:
    """Every whole uuencoded file in `data`; text that merely begins with "begin" is left alone."""
    if b"begin " not in data:
        return []
    found: list[Enclosed] = []
    at = 0
    while begin := _BEGIN.search(data, at):
        content, end = _read(data, begin.end())
        if end is not None:
            found.append(Enclosed(begin[1], content, begin.start(), end))
        at = max(end or 0, begin.end())
    return found


def first(data: bytes) -> Enclosed | None:
    """The first file, or None."""
    found = find_all(data)
    return found[0] if found else None


def _read(data: bytes, at: int) -> tuple[bytes, int | None]:
    """The decoded lines from `at` and where the text goes on; None if this is no uuencode."""
    out: list[bytes] = []
    while at < len(data):
        stop = data.find(b"\n", at)
        stop = len(data) if stop == -1 else stop
        line = data[at:stop].rstrip(b"\r")
        if line.strip() == b"end":
            return b"".join(out), min(stop + 1, len(data))
        decoded = _decode_line(line)
        if decoded is None:
            break
        out.append(decoded)
        at = stop + 1
    # A file cut short is still a file once some lines of it were sound.
    return b"".join(out), (min(at, len(data)) if len(out) > 1 and any(out) else None)


def _decode_line(line: bytes) -> bytes | None:
    if not line or line == b"`":
        return b""
    length = (line[0] - 32) & 63
    if not 32 <= line[0] <= 96 or len(line) > 90 or len(line) - 1 < (length * 8 + 5) // 6 - 2:
        return None
    try:
        return a2b_uu(line)
    except BinasciiError:
        wanted = 1 + (length + 2) // 3 * 4
        try:
            return a2b_uu(line[:wanted])
        except BinasciiError:
            return None
