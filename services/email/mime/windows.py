"""Japanese and Chinese as Windows writes them under the labels of the standards: with characters of its own.

NEC's row 13 and IBM's extensions (①, ㈱, №) stand in ISO-2022-JP and EUC-JP where JIS X 0208 has nothing,
and the euro in Big5; WHATWG's Encoding standard (12.2, 13.2) reads them so.
"""

import re

_SEGMENT = re.compile(rb"(\x1b(?:\$\(?[@BD]|\([BIJH]|\.[A-F]|&@\x1b\$B))")
_ASCII = b"\x1b(B"
_TWO_BYTES = (b"\x1b$@", b"\x1b$B", b"\x1b$(@", b"\x1b$(B", b"\x1b&@\x1b$B")
_HALF_WIDTH = b"\x1b(I"
_SUPPLEMENT = b"\x1b$(D"
_EUC = re.compile(rb"\x8f[\xa1-\xfe]{2}|\x8e[\xa1-\xdf]|[\xa1-\xfe]{2}|[\x00-\x7f]+|.", re.DOTALL)
_BIG5 = ("cp950", "big5hkscs")


def strict(data: bytes, name: str) -> str | None:
    """The text in an encoding of several bytes, with what Windows adds to it; None where it is none."""
    for codec in _BIG5 if name == "big5hkscs" else (name,):
        try:
            return data.decode(codec)
        except (UnicodeError, ValueError):
            continue
    return _euc_jp(data) if name == "euc_jp" else None


def iso2022_jp(data: bytes) -> str:
    """Never fails: what is no character is U+FFFD."""
    out, mode = [], _ASCII
    for piece in _SEGMENT.split(data):
        if _SEGMENT.fullmatch(piece):
            mode = piece
        elif piece:
            out.append(_segment(piece, mode))
    return "".join(out)


def _segment(piece: bytes, mode: bytes) -> str:
    if mode in _TWO_BYTES:
        # A line end within two-byte text is one all the same (and ends it, by the standard).
        return "\n".join(_jis(line.rstrip(b"\r")) for line in piece.split(b"\n"))
    if mode == _HALF_WIDTH:
        return bytes(byte | 0x80 if 0x21 <= byte <= 0x5F else byte for byte in piece).decode("cp932", "replace")
    if mode == _SUPPLEMENT:
        return (mode + piece + _ASCII).decode("iso2022_jp_ext", "replace")
    return piece.decode("ascii", "replace")


def _jis(pairs: bytes) -> str:
    """Rows and cells as Shift_JIS has them, which `cp932` reads with all that Windows knows."""
    out = bytearray()
    for row, cell in zip(pairs[::2], pairs[1::2], strict=False):
        out += _shifted(row & 0x7F, cell & 0x7F)
    return out.decode("cp932", "replace")


def _shifted(row: int, cell: int) -> bytes:
    """JIS X 0208, appendix 1."""
    lead = ((row - 0x21) >> 1) + 0x81
    lead += 0x40 if lead > 0x9F else 0
    if row % 2 == 0:
        return bytes((lead & 0xFF, (cell + 0x7E) & 0xFF))
    return bytes((lead & 0xFF, (cell + 0x1F + (cell > 0x5F)) & 0xFF))


def _euc_jp(data: bytes) -> str | None:
    out: list[str] = []
    for found in _EUC.finditer(data):
        text = _euc_character(found[0])
        if text is None:
            return None
        out.append(text)
    return "".join(out)


def _euc_character(piece: bytes) -> str | None:
    try:
        if piece.isascii():
            return piece.decode("ascii")
        if len(piece) == 2 and piece[0] > 0xA0:
            return _shifted(piece[0] & 0x7F, piece[1] & 0x7F).decode("cp932")
        return piece.decode("euc_jp")
    except UnicodeError:
        return None
