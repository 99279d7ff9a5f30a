"""Addresses as browsers, programs and people give them: host, path and parameters, in whatever charset.

Nothing raises: what is no address has no host. Pure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

LONGEST = 65_536
"""Characters of an address that are looked at, and of a value that are kept: `WORDS`."""
WORDS = 500
_MOST = 500
"""Parameters of an address."""
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_PORT = re.compile(r":\d*$")
_WIDE = re.compile(r"%u([0-9a-fA-F]{4})")
_TWICE = re.compile(r"(?:%[0-9A-Fa-f]{2}){2}")
_NAME, _HOST = re.compile(r"[\w-]+(\.[\w-]+)*|\[[0-9a-f:.]+\]"), 253
_RAW, _HALF = re.compile("[\udc80-\udcff]"), re.compile("[\ud800-\udfff]")
"""Bytes that a terminal gave as they were, and halves of characters."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_WEB = frozenset(("", "http", "https", "ftp", "ws", "wss"))
_CHARSETS: Mapping[str, tuple[str, ...]] = {
    "cn": ("gb18030",),
    "jp": ("euc_jp", "shift_jis"),
    "kr": ("euc_kr",),
    "tw": ("big5",),
    **dict.fromkeys(("ru", "ua", "by", "kz", "su", "bg", "uz", "kg", "рф"), ("cp1251",)),
    **dict.fromkeys(("cz", "pl", "hu", "sk", "si", "hr"), ("cp1250",)),
    "gr": ("cp1253",),
    "tr": ("cp1254",),
    "il": ("cp1255",),
}
"""What is no UTF-8 is in that of the country."""
_NAMED_BY_US = (name for names in _CHARSETS.values() for name in names)
_READ = frozenset(("utf-8", "windows-1251", "koi8-r", "iso-8859-1", *_NAMED_BY_US))
"""Charsets that an address may be in."""
_CHINESE = frozenset(("baidu.com", "sogou.com", "soso.com", "so.com", "youdao.com"))
_NAMED = frozenset(("ie", "ei", "charset", "enc", "encoding"))
"""Parameters that say in which charset the others are."""


@dataclass(frozen=True, slots=True)
class Address:
    """One address; `host` is empty where it has none, or is no page."""

    host: str = ""
    """In small letters, in Unicode; `app:NAME` of a program on a telephone."""
    path: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    """Parameters by their names in small letters, decoded; of two with one name the first that says something."""


def read_address(text: str | None) -> Address:
    """What an address says, also without a scheme."""
    raw = _RAW.sub(lambda found: f"%{ord(found[0]) - 0xDC00:02X}", (text or "")[:LONGEST])
    bare = _HALF.sub("\ufffd", raw).strip().replace("\\", "/").replace("&amp;", "&")
    scheme, rest = _schemed(bare)
    if scheme == "android-app":
        return _program(rest)
    if scheme not in _WEB:
        return Address()
    main, _, fragment = rest.partition("#")
    place, _, query = main.partition("?")
    authority, slash, path = place.removeprefix("//").partition("/")
    host = _host(authority) if place.startswith("//") or not place.startswith("/") else ""
    return Address(host, slash + path, _parameters(f"{query}&{fragment.lstrip('!?/')}", host))


def _schemed(bare: str) -> tuple[str, str]:
    """`example.com:80/` has none, nor has `localhost:80`."""
    found = _SCHEME.match(bare)
    if found is None:
        return "", bare
    rest = bare[found.end() :]
    if "." in found[1] or rest[:1].isdigit():
        return "", bare
    return found[1].lower(), rest


def _program(rest: str) -> Address:
    """`//com.example.app/http/…` (the form of Android's Intent.EXTRA_REFERRER)."""
    name = rest.removeprefix("//").partition("/")[0].partition("?")[0]
    return Address(f"app:{name[:WORDS]}" if name else "")


def _host(authority: str) -> str:
    bare = _PORT.sub("", authority.rpartition("@")[2]).strip(".").lower()[:_HOST]
    if not _NAME.fullmatch(bare) or ("." not in bare and bare != "localhost" and "[" not in bare):
        return ""
    return ".".join(map(_label, bare.split(".")))


def _label(label: str) -> str:
    """A label as people read it (RFC 3492)."""
    if not label.startswith("xn--") or len(label) > 63:
        return label
    try:
        return label[4:].encode("ascii").decode("punycode").lower()
    except (UnicodeError, OverflowError):
        return label


def _parameters(query: str, host: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in query.split("&", _MOST)[:_MOST] if part]
    named = next((value for name, _, value in pairs if name.lower() in _NAMED), "")
    found: dict[str, str] = {}
    for name, _, value in pairs:
        key = decoded(name, host).lower()
        if key and not found.get(key):
            found[key] = decoded(value, host, named)
    return found


def decoded(value: str, host: str = "", charset: str = "") -> str:
    """A value as it was typed: percent signs, `%u0434`, UTF-8 or the country's charset, encoded once or twice."""
    wide = _WIDE.sub(lambda found: chr(int(found[1], 16)), value.replace("+", " "))
    text = _words(unquote_to_bytes(wide.encode("utf-8", "surrogatepass")), host, charset)
    if _TWICE.search(text) and "%25" in value:
        text = _words(unquote_to_bytes(text.encode("utf-8", "replace")), host, charset)
    return " ".join(_CONTROL.sub(" ", text.encode("utf-8", "replace").decode()).split())[:WORDS]


def _words(raw: bytes, host: str, charset: str) -> str:
    if (text := _utf8(raw)) is not None:
        return text
    for name in (charset.lower(), *charsets_of(host, raw)):
        if name not in _READ:
            continue  # the address names it itself: a codec of Python's is not to be had for the asking
        try:
            return _cyrillic(raw) if name == "cp1251" else raw.decode(name)
        except UnicodeError:
            continue
    return raw.decode("cp1252", "replace")


def _utf8(raw: bytes) -> str | None:
    """Also where its end is cut off in the middle of a letter."""
    try:
        return raw.decode()
    except UnicodeDecodeError as exc:
        cut = exc.reason == "unexpected end of data" and not raw[: exc.start].isascii()
        return raw[: exc.start].decode() if cut else None


def charsets_of(host: str, raw: bytes) -> tuple[str, ...]:
    """By the country; elsewhere much that is no ASCII is Cyrillic."""
    if ".".join(host.split(".")[-2:]) in _CHINESE:
        return ("gb18030",)
    high = sum(byte > 127 for byte in raw)
    return _CHARSETS.get(host.rpartition(".")[2]) or (("cp1251",) if high * 2 > len(raw.replace(b" ", b"")) else ())


def _cyrillic(raw: bytes) -> str:
    """Windows-1251, or KOI8-R where that reads as words with small first letters and capitals behind."""
    text = raw.decode("cp1251")
    letters = [one for one in text if one.isalpha()]
    shouted = sum(map(str.isupper, letters)) > len(letters) * 0.6
    return raw.decode("koi8-r") if shouted and letters and letters[0].islower() else text
