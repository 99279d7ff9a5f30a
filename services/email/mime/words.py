"""Header text: raw 8-bit and the encoded words of RFC 2047, in the broken forms that occur."""

import re
from binascii import a2b_qp
from collections.abc import Iterator
from typing import NamedTuple

from services.email.mime import charset, transfer

_PREFIX = re.compile(r"=\?([^?\s]{1,75})\?([bBqQ])\?")
# One word and nothing else, as most subjects and names are.
_WHOLE = re.compile(r"=\?([\w.:-]{1,40})\?([bBqQ])\?([!->@-~]*+)\?=")
_UNCLOSED_STOP = re.compile(r"\s|\Z")
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/=\s]")
_SPACES = re.compile(r"[\t\r\n\x00]+")


def encodable(text: str) -> str:
    """Without what UTF-8, or a store, cannot hold."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


def unfold(value: bytes) -> bytes:
    """The value on one line, outer blanks removed (RFC 5322, 2.2.3)."""
    value = value.strip()
    if b"\n" in value:
        value = value.replace(b"\r\n", b"").replace(b"\n", b"")
    return value.replace(b"\r", b" ") if b"\r" in value else value


def decode(value: bytes) -> str:
    """A header value as text a person can read."""
    return decode_words(text(value))


def text(value: bytes) -> str:
    """A header value unfolded, with raw 8-bit bytes read, encoded words left as they are."""
    value = unfold(value)
    if value.isascii():
        text = value.decode("ascii")
        if text.isprintable():
            return text
        if "\x1b" not in text:
            return _one_line(text)
    return _one_line(charset.decode(value, None).text)


def _one_line(value: str) -> str:
    return value if value.isprintable() else _SPACES.sub(" ", value)


def _whole(match: re.Match[str]) -> str:
    label, coding, payload = match.groups()
    data = transfer.base64(payload.encode()) if coding in "bB" else _q(payload)
    return charset.decode_word(data, label)


class _Word(NamedTuple):
    start: int
    end: int
    label: str
    coding: str
    payload: str


def decode_words(value: str) -> str:
    """Encoded words replaced by what they say; blanks between two of them dropped (RFC 2047, 6.2).

    Characters split over words of one charset, missing ends, blanks inside and unknown charsets are all read.
    """
    if "=?" not in value:
        return value
    if match := _WHOLE.fullmatch(value):
        return _one_line(_whole(match)).strip()
    out: list[str] = []
    run: list[_Word] = []
    at = 0
    for word in _words(value):
        between = value[at : word.start]
        if between and not (run and between.isspace()):
            out.append(_run_text(run) + between)
            run = []
        run.append(word)
        at = word.end
    out.append(_run_text(run) + value[at:])
    return _one_line("".join(out)).strip()


def _words(value: str) -> Iterator[_Word]:
    # The position of the next "?=" is kept between words: looking for it anew each time would be quadratic.
    at, close = 0, -2
    while start := _PREFIX.search(value, at):
        if close != -1 and close < start.end():
            close = value.find("?=", start.end())
        word = _word(value, start, close)
        at = max(word.end, start.end())
        yield word


def _word(value: str, start: re.Match[str], close: int) -> _Word:
    begin = start.end()
    following = _PREFIX.search(value, begin, close if close != -1 else len(value))
    if close != -1 and following is None:
        return _Word(start.start(), close + 2, start[1], start[2], value[begin:close])
    limit = following.start() if following else len(value)
    stop = _UNCLOSED_STOP.search(value, begin, limit)
    end = stop.start() if stop else limit
    return _Word(start.start(), end, start[1], start[2], value[begin:end].rstrip("?"))


def _run_text(run: list[_Word]) -> str:
    """Adjacent words of one charset are joined as bytes: senders split inside a character."""
    out: list[str] = []
    label = ""
    held: list[bytes] = []
    for word_label, payload in _payloads(run):
        if word_label != label and held:
            out.append(charset.decode_word(b"".join(held), label))
            held = []
        label = word_label
        held.append(payload)
    if held:
        out.append(charset.decode_word(b"".join(held), label))
    return "".join(out)


def _payloads(run: list[_Word]) -> Iterator[tuple[str, bytes]]:
    joined: list[str] = []
    for number, word in enumerate(run):
        label = word.label.partition("*")[0].lower()
        if word.coding in "qQ":
            yield label, _q(word.payload)
            continue
        if _is_plain(word.payload):
            yield "utf-8", word.payload.encode("utf-8", "replace")
            continue
        joined.append("".join(word.payload.split()))
        more = number + 1 < len(run) and run[number + 1].coding in "bB" and run[number + 1].label == word.label
        if more and sum(map(len, joined[-1:])) % 4 and not joined[-1].endswith("="):
            continue
        yield label, transfer.base64("".join(joined).encode("utf-8", "replace"))
        joined = []


def _is_plain(payload: str) -> bool:
    """Labelled base64, and it is not: a careless program put the words themselves there."""
    return not payload.isascii() or 5 * len(_NO_BASE64.findall(payload)) > len(payload)


def _q(payload: str) -> bytes:
    return a2b_qp(payload.encode("utf-8", "replace"), header=True)
