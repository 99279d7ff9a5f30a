"""Content transfer encodings: base64, quoted-printable and uuencode, whatever became of them on the way."""

import re
from binascii import Error as BinasciiError
from binascii import a2b_base64, a2b_qp
from functools import lru_cache

from services.email.mime import uuencode

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_MAX_RUNS = 20_000
_BLANKS = b" \t\r\n\x00"
_BELOW_A_GAP = re.compile(rb"\n[ \t\r]*\n(?=[^\n]*[^A-Za-z0-9+/= \t\r\n])|\n(?=[_=*-]{3})")
_AFTER_PADDING = re.compile(rb"=+[ \t\r\n]*")
_SOFT_BREAK = re.compile(rb"=[ \t]++(\r?\n)")
_BARE_CR_BREAK = re.compile(rb"=\r(?!\n)")
_PARAMETERS = re.compile(rb"[(;]")
_NOT_LETTERS = re.compile(r"[^a-z0-9]")


@lru_cache(maxsize=256)
def _name(encoding: bytes) -> str:
    return _NOT_LETTERS.sub("", _PARAMETERS.split(encoding, 1)[0].decode("latin-1").lower())


def decode(data: bytes, encoding: bytes, problems: list[str]) -> bytes:
    """`data` decoded from the named transfer encoding; what does not decode comes back as it is."""
    name = _name(encoding[:100])
    if name == "base64":
        return _checked_base64(data, problems)
    if name in ("quotedprintable", "qp"):
        return quoted_printable(data)
    if name in ("xuuencode", "uuencode", "xuue", "uue"):
        found = uuencode.first(data)
        return data if found is None else found.content
    return data


def _checked_base64(data: bytes, problems: list[str]) -> bytes:
    padding = data.find(b"=")
    head = data if padding == -1 else data[:padding]
    odd = len(head.translate(None, _ALPHABET + _BLANKS))
    if odd > 1 and odd * 20 > len(head):
        if footer := _footer(head):
            return base64(head[:footer])
        problems.append("labelled base64 but is not")
        return data
    return base64(data)


def _footer(data: bytes) -> int:
    """Where, below whole lines of base64, a footer in clear begins; 0: nowhere."""
    found = _BELOW_A_GAP.search(data)
    above = data[: found.start()] if found else b""
    letters = above.translate(None, _BLANKS)
    return len(above) if letters and not letters.translate(None, _ALPHABET) else 0


def base64(data: bytes) -> bytes:
    """Decoded as far as it goes: wrong length, missing or early padding and stray characters are passed over."""
    padding = data.find(b"=")
    if padding != -1 and data[padding:].strip(b"=" + _BLANKS):
        return b"".join(map(_base64_run, _sound_runs(data)))
    return _base64_run(data)


def _sound_runs(data: bytes) -> list[bytes]:
    # Concatenated base64 goes on after its padding; the footer of a mailing list is no base64 and ends it.
    first, *rest = _AFTER_PADDING.split(data, _MAX_RUNS)
    runs = [first]
    for run in rest:
        if run.translate(None, _ALPHABET + b"\r\n") or len(run) == 1:
            break
        runs.append(run)
    return runs


def _base64_run(data: bytes) -> bytes:
    try:
        return a2b_base64(data)
    except BinasciiError:
        letters = data.translate(None, bytes(set(range(256)) - set(_ALPHABET)))
        whole = len(letters) - len(letters) % 4
        tail = letters[whole:]
        return a2b_base64(letters[:whole] + (tail + b"=" * (4 - len(tail)) if len(tail) > 1 else b""))


def quoted_printable(data: bytes) -> bytes:
    """RFC 2045, 6.7; blanks after a soft line break are forgiven, wrong escapes stay."""
    if b"=" not in data:
        return data
    if b"= " in data or b"=\t" in data:
        data = _SOFT_BREAK.sub(rb"=\1", data)
    if b"=\r" in data:
        data = _BARE_CR_BREAK.sub(b"=\r\n", data)
    return a2b_qp(data)
