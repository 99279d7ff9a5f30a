"""Bytes to text: the label where it holds, the evidence where the label is missing, unknown or lying."""

import codecs
import re
from functools import lru_cache
from typing import NamedTuple

from services.email.mime import cyrillic, windows

_NOT_NAME = re.compile(r"[^a-z0-9]+")
# What senders write for what Python calls otherwise; and the supersets that the web reads for a narrow label.
_ALIASES = {
    "iso88591": "cp1252", "latin1": "cp1252", "usascii": "ascii", "ansix341968": "ascii",
    "iso646us": "ascii", "cp819": "cp1252", "iso88599": "cp1254", "latin5": "cp1254",
    "ansi": "cp1252", "windows": "cp1252", "xansi": "cp1252",
    "gb2312": "gb18030", "gbk": "gb18030", "xgbk": "gb18030", "gb231280": "gb18030", "cp936": "gb18030",
    "euccn": "gb18030", "csgb2312": "gb18030", "windows936": "gb18030", "ms936": "gb18030", "gb": "gb18030",
    "euckr": "cp949", "ksc56011987": "cp949", "ksc5601": "cp949", "windows949": "cp949", "korean": "cp949",
    "shiftjis": "cp932", "sjis": "cp932", "xsjis": "cp932", "windows31j": "cp932", "mskanji": "cp932",
    "big5": "big5hkscs", "big5tw": "big5hkscs", "xbig5": "big5hkscs", "cnbig5": "big5hkscs", "cp950": "big5hkscs",
    "chinesebig5": "big5hkscs", "windows950": "big5hkscs", "xxbig5": "big5hkscs",
    "iso2022jp": "iso2022_jp_ext", "iso2022jpms": "iso2022_jp_ext", "csiso2022jp": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext", "cp50221": "iso2022_jp_ext", "xeucjp": "euc_jp", "ujis": "euc_jp",
    "tis620": "cp874", "iso885911": "cp874", "windows874": "cp874", "dos874": "cp874",
    "utf8": "utf-8", "utf8mb4": "utf-8", "unicode11utf8": "utf-8", "xutf8": "utf-8", "utf": "utf-8",
    "unicodeutf8": "utf-8", "utf8sig": "utf-8",
    "utf7": "utf-7", "unicode11utf7": "utf-7", "unicode20utf7": "utf-7", "xunicode20utf7": "utf-7",
    "unicode": "utf-16", "ucs2": "utf-16", "iso10646ucs2": "utf-16", "utf16le": "utf-16-le", "utf16be": "utf-16-be",
    "koi8": "koi8_r", "koi8r": "koi8_r", "cskoi8r": "koi8_r", "koi8u": "koi8_u", "koi8ru": "koi8_u",
    "1251": "cp1251", "win1251": "cp1251", "xcp1251": "cp1251", "ansi1251": "cp1251", "cyrillicwindows": "cp1251",
    "866": "cp866", "ibm866": "cp866", "dos866": "cp866", "cyrillicdos": "cp866", "alt": "cp866",
    "xmaccyrillic": "mac_cyrillic", "maccyrillic": "mac_cyrillic", "xmacukrainian": "mac_cyrillic",
    "xmacroman": "mac_roman", "macintosh": "mac_roman", "xmacce": "mac_latin2", "xmacgreek": "mac_greek",
    "xmacturkish": "mac_turkish", "iso88598i": "iso8859_8", "iso88598e": "iso8859_8", "iso88596i": "iso8859_6",
    "visual": "iso8859_8", "logical": "iso8859_8", "hzgb2312": "hz", "johab": "johab",
}  # fmt: skip
_WINDOWS = re.compile(
    r"(?:x|ms)?(?:windows|win|cp|ansi|ibm|dos)?(125[0-8]|437|737|775|85[0-8]|86[0-6]|869|874)(?:l|xp)?"
)
_FORBIDDEN = frozenset({"unicodeescape", "rawunicodeescape", "undefined", "idna", "punycode", "mbcs", "oem"})
_STATEFUL = frozenset({"utf-7", "iso2022_jp_ext", "hz", "utf-16", "utf-16-le", "utf-16-be", "utf-32"})
_MULTIBYTE = frozenset({"gb18030", "big5hkscs", "cp932", "cp949", "euc_jp", "johab", "euc_jis_2004"})
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BOM_STARTS = b"\xef\xfe\xff"
_ISO2022 = re.compile(rb"\x1b(?:\$[@B]|\$\(D|\(J|\$\)C)")
_SAMPLE = 4096
_HIGH_BYTES = bytes((*range(0x09), *range(0x0E, 0x20)))
"""Of UTF-16, what alphabets have: 00 Latin, 03 Greek, 04 Cyrillic, …; no text of another encoding has them."""
_TEXT_BYTES = bytes(set(range(256)) - set(_HIGH_BYTES) | {0x1B})
_WINDOWS_ONLY = {byte: bytes((byte,)).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0xA0)}
# Cyrillic this plausible (see `cyrillic.Guess.mean`) needs no look at East Asian readings.
_CYRILLIC_FIRST = -4.1


_UKRAINIAN = re.compile(
    rb"[\xc0-\xff][\xa4\xa6\xa7\xad\xb4\xb6\xb7\xbd]|[\xa4\xa6\xa7\xad\xb4\xb6\xb7\xbd][\xc0-\xff]"
)
"""KOI8-U has letters where KOI8-R has corners of frames; a corner touches a line, not a letter."""


class Decoded(NamedTuple):
    """The text, and the codec that gave it."""

    text: str
    used: str


@lru_cache(maxsize=512)
def codec_name(label: str | None) -> str | None:
    """The Python codec for a label, `cp1251` for "Win-1251"; None for what is unknown or no text encoding."""
    if not label or len(label) > 60:
        return None
    key = _NOT_NAME.sub("", label.lower())
    if key in _ALIASES:
        return _ALIASES[key]
    if key in _FORBIDDEN:
        return None
    if match := _WINDOWS.fullmatch(key):
        return "cp" + match[1]
    return _lookup(_NOT_NAME.sub("-", label.lower()).strip("-")) or _lookup(key)


def _lookup(name: str) -> str | None:
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    usable = getattr(info, "_is_text_encoding", True) and _NOT_NAME.sub("", info.name) not in _FORBIDDEN
    return _ALIASES.get(_NOT_NAME.sub("", info.name), info.name) if usable else None


def decode(data: bytes, label: str | None) -> Decoded:
    """The text of `data`. Never fails, and loses no byte that any reading could keep.

    The label wins unless the evidence against it is strong: valid multi-byte UTF-8 under a single-byte label, bytes
    that the label does not have, or Cyrillic that only another encoding turns into words.
    """
    name = codec_name(label)
    if not data or (data.isascii() and (name is None or name not in _STATEFUL) and not _looks_stateful(data)):
        return Decoded(data.decode("ascii"), "us-ascii" if name is None or name == "ascii" else name)
    if data[0] in _BOM_STARTS:
        for bom, codec in _BOMS:
            if data.startswith(bom):
                return Decoded(data.decode(codec, "replace").removeprefix("\ufeff"), codec)
    if name == "utf-8" and b"\x00" not in data:
        try:
            return Decoded(data.decode("utf-8"), "utf-8")
        except UnicodeDecodeError:
            return _broken_utf8(data, name)
    if name is None and _ISO2022.search(data):
        name = "iso2022_kr" if b"\x1b$)C" in data else "iso2022_jp_ext"
    if name in _STATEFUL or (name or "").startswith("iso2022"):
        return _stateful(data, name or "utf-16")
    return _eight_bit(data, None if name == "ascii" else name)


def decode_word(data: bytes, label: str) -> str:
    """The text of an encoded word or parameter."""
    return decode(data, label).text


def _looks_stateful(data: bytes) -> bool:
    if b"\x1b" in data:
        return _ISO2022.search(data) is not None
    return (b"\x00" in data or b"\x04" in data) and _utf16_order(data) != ""


def _utf16_order(data: bytes) -> str:
    """Which half of the byte pairs nearly always names the block of an alphabet: "le", "be" or ""."""
    sample = data[:_SAMPLE]
    odd, even = sample[1::2], sample[::2]
    if len(odd) < 4:
        return ""
    if _is_high(odd, even):
        return "le"
    return "be" if _is_high(even, odd) else ""


def _is_high(half: bytes, other: bytes) -> bool:
    """Whether one byte that no text has fills this half, and is rare in the other."""
    byte = max(_HIGH_BYTES, key=half.count)
    return half.count(byte) * 10 > len(half) * 7 and other.count(byte) * 10 < len(other)


def _stateful(data: bytes, name: str) -> Decoded:
    if name.startswith("utf-16") and name == "utf-16":
        name = "utf-16-" + (_utf16_order(data) or "be")
    if name.startswith("utf-") and name != "utf-7" and not data.translate(None, _TEXT_BYTES):
        utf8 = _strict(data, "utf-8")
        if utf8 is not None:
            return Decoded(utf8, "utf-8")
    if not data.isascii() and not name.startswith("utf-"):
        utf8 = _strict(data, "utf-8")
        if utf8 is not None:
            return Decoded(utf8, "utf-8")
    text = windows.iso2022_jp(data) if name == "iso2022_jp_ext" else _replace(data, name)
    return Decoded(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), name)


def _strict(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except (UnicodeError, ValueError):
        return None


def _replace(data: bytes, name: str) -> str:
    try:
        return data.decode(name, "replace")
    except (UnicodeError, ValueError):
        return data.decode("latin-1")


def _eight_bit(data: bytes, name: str | None) -> Decoded:
    order = _utf16_order(data) if b"\x00" in data or b"\x04" in data else ""
    if order:
        return _stateful(data, "utf-16-" + order)
    if name in _MULTIBYTE:
        return _multibyte(data, name)
    utf8 = _strict(data, "utf-8")
    if utf8 is not None and (name is None or name.startswith(("utf", "cp1252", "iso8859-1")) or _wide(utf8) > 1):
        return Decoded(utf8, "utf-8")
    if name == "utf-8" or name is None:
        return _broken_utf8(data, name)
    return _single_byte(data, name)


def _multibyte(data: bytes, name: str) -> Decoded:
    text = windows.strict(data, name)
    utf8 = _strict(data, "utf-8")
    if utf8 is not None and (text is None or _wide(utf8) >= 3):
        return Decoded(utf8, "utf-8")
    if text is not None:
        return Decoded(text, name)
    best = cyrillic.best(data, None)
    if best is not None and best.sure:
        return Decoded(_replace(data, best.codec), best.codec)
    return Decoded(_replace(data, name), name)


def _wide(text: str) -> int:
    """How many characters outside ASCII, counted up to a few thousand."""
    sample = text[:_SAMPLE]
    return len(sample) - sum(map(str.isascii, sample))


def _broken_utf8(data: bytes, name: str | None) -> Decoded:
    """Labelled UTF-8 or not at all, and not UTF-8 throughout."""
    text = data.decode("utf-8", "replace")
    if len(data) < 3 and name:
        return Decoded(text, "utf-8")
    broken = text.count("\ufffd")
    if broken * 4 <= _wide(text) - broken or (broken <= 2 and len(text) > 200 and name):
        return Decoded(text, "utf-8")
    best = cyrillic.best(data, None)
    codec = _east_asian(data) if best is None or best.mean < _CYRILLIC_FIRST else None
    if best is not None and best.likely and codec is None:
        return Decoded(_replace(data, best.codec), best.codec)
    codec = codec or "cp1252"
    return Decoded(_western(data) if codec == "cp1252" else _replace(data, codec), codec)


def _single_byte(data: bytes, name: str) -> Decoded:
    if name == "koi8_r" and _UKRAINIAN.search(data):
        name = "koi8_u"
    best = cyrillic.best(data, name)
    if best is not None and best.codec != name and best.sure:
        return Decoded(_replace(data, best.codec), best.codec)
    return Decoded(_western(data) if name == "cp1252" else _replace(data, name), name)


def _western(data: bytes) -> str:
    """Windows-1252 with its five holes filled as Latin-1 fills them."""
    text = _strict(data, "cp1252")
    return text if text is not None else data.decode("latin-1").translate(_WINDOWS_ONLY)


def _east_asian(data: bytes) -> str | None:
    """The East Asian codec of unlabelled bytes, judged by how common the characters are that come out."""
    sample = data[:_SAMPLE]
    scored = [(score, codec) for codec in ("cp932", "euc_jp", "cp949", "gb18030", "big5hkscs")
              if (score := _asian_score(sample, codec)) > 0.5]  # fmt: skip
    return max(scored)[1] if scored else None


_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa\u30fc\u3001\u3002]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_HAN = re.compile("[\u4e00-\u9fff\uff01-\uff5e\u3001\u3002]")


def _asian_score(sample: bytes, codec: str) -> float:
    """0 to 1: the share of common characters among those outside ASCII."""
    text = sample.decode(codec, "ignore")
    wide = [char for char in text if not char.isascii()]
    if len(wide) < 3 or len(text.encode(codec, "ignore")) < len(sample) - 2:
        return 0.0
    joined = "".join(wide)
    if codec in ("cp932", "euc_jp"):
        kana = len(_KANA.findall(joined))
        return (kana * 1.5 + len(_HAN.findall(joined)) * 0.6) / len(wide) if kana * 5 > len(wide) else 0.0
    if codec == "cp949":
        return len(_HANGUL.findall(joined)) / len(wide)
    return _common_han(joined, codec) / len(wide)


def _common_han(text: str, codec: str) -> float:
    # Both standards put their everyday characters first: GB 2312 rows B0-D7, Big5 rows A4-C6.
    raw = text.encode(codec, "ignore")
    low, high = (0xB0, 0xD7) if codec == "gb18030" else (0xA4, 0xC6)
    common = sum(low <= lead <= high for lead in raw[::2])
    return common * (0.9 if codec == "gb18030" else 0.88)
