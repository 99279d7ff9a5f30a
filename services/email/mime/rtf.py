"""The rich text of Outlook: unpacked (MS-OXRTFCP) and read as plain text."""

import re
import struct

_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    + b"\r\n"
    + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_LIMIT = 4 * 1024 * 1024
_TOKEN = re.compile(rb"\\(?:([a-z]{1,32})(-?\d{1,10})? ?|'([0-9a-fA-F]{2})|([^a-z]))|([{}])|([^\\{}]+)")
_SKIPPED = frozenset({b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"header", b"footer", b"object"})
_BREAKS = {b"par": "\n", b"line": "\n", b"tab": "\t", b"row": "\n", b"cell": "\t", b"page": "\n"}
_BREAKS |= {b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”", b"endash": "–", b"emdash": "—"}


def decompress(data: bytes) -> bytes:
    """The RTF; as far as it goes where it is cut, empty where it is none. At most 4 MiB."""
    try:
        _, size, kind = struct.unpack_from("<III", data)
    except struct.error:
        return b""
    if kind == 0x414C454D:
        return data[16 : 16 + size]
    return _expand(data, min(size, _LIMIT)) if kind == 0x75465A4C else b""


def _expand(data: bytes, size: int) -> bytes:
    out = bytearray(_DICTIONARY)
    start, at, end = len(_DICTIONARY), 16, len(data)
    while at < end and len(out) - start < size:
        flags = data[at]
        at += 1
        for bit in range(8):
            if flags >> bit & 1:
                if at + 1 >= end:
                    return bytes(out[start:])
                pair = data[at] << 8 | data[at + 1]
                at += 2
                if not _copy(out, pair >> 4, (pair & 15) + 2):
                    return bytes(out[start:])
            elif at < end:
                out.append(data[at])
                at += 1
    return bytes(out[start : start + size])


def _copy(out: bytearray, offset: int, length: int) -> bool:
    """Appends what stands at `offset` of the window of the last 4096 bytes; False at the end mark."""
    back = (len(out) - offset) % 4096
    if back == 0:
        return False
    source = len(out) - back
    if source < 0:
        return False
    for step in range(length):
        out.append(out[source + step])
    return True


def to_text(data: bytes) -> str:
    """What a person would read, formatting dropped; of HTML wrapped in RTF, its text."""
    page = re.search(rb"\\ansicpg(\d{3,5})", data[:200])
    return "".join(_Reader(f"cp{page[1].decode()}" if page else "cp1252").read(data)).strip("\r\n\x00 ")


class _Reader:
    """Walks over the groups of an RTF."""

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._out: list[str] = []
        self._stack: list[bool] = []
        self._hidden = False  # Inside a group that is no text.
        self._muted = False  # Between \htmlrtf and \htmlrtf0.
        self._drop = 0  # Characters that stand in for a \u.

    def read(self, data: bytes) -> list[str]:
        """The pieces of text."""
        for match in _TOKEN.finditer(data):
            word, number, code, symbol, brace, text = match.groups()
            if brace == b"{":
                self._stack.append(self._hidden)
            elif brace == b"}":
                self._hidden = self._stack.pop() if self._stack else False
            elif word is not None:
                self._word(word, number)
            elif code is not None:
                self._add(self._decode(bytes.fromhex(code.decode())))
            elif symbol is not None:
                self._symbol(symbol)
            else:
                self._add(self._decode(text.replace(b"\r", b"").replace(b"\n", b"")))
        return self._out

    def _add(self, text: str) -> None:
        if self._drop and text:
            dropped = min(self._drop, len(text))
            self._drop -= dropped
            text = text[dropped:]
        if text and not self._hidden and not self._muted:
            self._out.append(text)

    def _word(self, word: bytes, number: bytes | None) -> None:
        if word in _SKIPPED:
            self._hidden = True
        elif word == b"htmlrtf":
            self._muted = number != b"0"
        elif word in _BREAKS:
            self._add(_BREAKS[word])
        elif word == b"u" and number is not None:
            code = int(number) % 65536
            self._add(chr(code) if not 0xD800 <= code < 0xE000 else "\ufffd")
            self._drop = 1

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._hidden = True
        elif symbol in (b"\\", b"{", b"}"):
            self._add(symbol.decode())
        elif symbol == b"~":
            self._add(" ")

    def _decode(self, raw: bytes) -> str:
        try:
            return raw.decode(self._codec, "replace")
        except LookupError:
            return raw.decode("cp1252", "replace")
