"""winmail.dat: the files and texts that Outlook packs into one (MS-OXTNEF)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from services.email.mime import charset, rtf

SIGNATURE = b"\x78\x9f\x3e\x22"
_MAX_DEPTH = 4

_BODY, _TITLE, _DATA = 0x800C, 0x8010, 0x800F
_NEW_FILE, _MESSAGE_PROPERTIES, _FILE_PROPERTIES, _CODE_PAGE = 0x9002, 0x9003, 0x9005, 0x9007
_TEXT_8BIT, _TEXT_16BIT, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x102
_FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_PLAIN_BODY, _RTF_BODY, _HTML_BODY = 0x1000, 0x1009, 0x1013
_FILE_DATA, _SHORT_NAME, _LONG_NAME, _DISPLAY_NAME = 0x3701, 0x3704, 0x3707, 0x3001
_FILE_TYPE, _CONTENT_ID, _HTML_CODE_PAGE = 0x370E, 0x3712, 0x3FDE


@dataclass(slots=True)
class Packed:
    """One file of a winmail.dat; an empty name or type was not given."""

    name: str = ""
    content: bytes = b""
    content_type: str = ""
    content_id: str = ""


@dataclass(slots=True)
class Unpacked:
    """What a winmail.dat holds; the texts are empty where it has none. `whole` is False where it was cut or broken,
    so that some of it may be missing.
    """

    files: list[Packed] = field(default_factory=list)
    text: str = ""
    html: str = ""
    rtf: bytes = b""
    whole: bool = True
    code_page: str = "cp1252"


def unpack(data: bytes, *, depth: int = 0) -> Unpacked | None:
    """The contents of a winmail.dat, as far as it is sound; None where it is none."""
    if not data.startswith(SIGNATURE):
        return None
    found = Unpacked()
    try:
        for kind, value in _attributes(data):
            _take(found, kind, value, depth)
    except (struct.error, ValueError, IndexError):
        found.whole = False
    if found.rtf and not found.text and not found.html:
        found.text = rtf.to_text(found.rtf)
    return found


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 6
    while at < len(data):
        kind, length = struct.unpack_from("<xHxxI", data, at)
        at += 9
        if at + length > len(data):
            raise ValueError("cut short")
        yield kind, data[at : at + length]
        at += length + 2


def _take(found: Unpacked, kind: int, value: bytes, depth: int) -> None:
    if kind == _CODE_PAGE and len(value) >= 4:
        found.code_page = f"cp{struct.unpack_from('<I', value)[0]}"
    elif kind == _NEW_FILE:
        found.files.append(Packed())
    elif kind == _BODY:
        found.text = _text(value, found)
    elif kind == _MESSAGE_PROPERTIES:
        _message(found, value)
    elif found.files and kind == _TITLE:
        found.files[-1].name = found.files[-1].name or _text(value, found)
    elif found.files and kind == _DATA:
        found.files[-1].content = value
    elif found.files and kind == _FILE_PROPERTIES:
        _file(found, value, depth)


def _message(found: Unpacked, data: bytes) -> None:
    properties = dict(_properties(data, found))
    page = properties.get(_HTML_CODE_PAGE)
    if isinstance(html := properties.get(_HTML_BODY), bytes) and html:
        label = f"cp{page}" if isinstance(page, int) and page != 65001 else "utf-8"
        found.html = charset.decode(html, label).text
    elif isinstance(html, str):
        found.html = html
    if isinstance(plain := properties.get(_PLAIN_BODY), str) and plain:
        found.text = plain
    if isinstance(packed := properties.get(_RTF_BODY), bytes):
        found.rtf = rtf.decompress(packed)


def _file(found: Unpacked, data: bytes, depth: int) -> None:
    file = found.files[-1]
    properties = dict(_properties(data, found))
    names = [properties.get(name) for name in (_LONG_NAME, _SHORT_NAME, _DISPLAY_NAME)]
    file.name = next((name for name in names[:1] if isinstance(name, str) and name), file.name) or next(
        (name for name in names if isinstance(name, str) and name), ""
    )
    if isinstance(kind := properties.get(_FILE_TYPE), str):
        file.content_type = kind
    if isinstance(content_id := properties.get(_CONTENT_ID), str):
        file.content_id = content_id
    content = properties.get(_FILE_DATA)
    if isinstance(content, bytes) and content:
        inner = unpack(content[16:], depth=depth + 1) if depth < _MAX_DEPTH else None
        if inner is not None and inner.whole:
            found.files.pop()
            found.files += [*_letter(inner, file.name), *inner.files]
        else:
            file.content = content


def _letter(inner: Unpacked, name: str) -> list[Packed]:
    """The text of a message that was attached to the message."""
    if inner.html:
        return [Packed(f"{name or 'message'}.html", inner.html.encode("utf-8", "replace"), "text/html")]
    if inner.text:
        return [Packed(f"{name or 'message'}.txt", inner.text.encode("utf-8", "replace"), "text/plain")]
    return []


def _properties(data: bytes, found: Unpacked) -> Iterator[tuple[int, str | bytes | int]]:
    """MAPI properties: (id, value), single values of the types that matter."""
    (count,) = struct.unpack_from("<I", data)
    at = 4
    for _ in range(min(count, 5000)):
        kind, name = struct.unpack_from("<HH", data, at)
        at += 4
        if name >= 0x8000:
            at = _after_name(data, at)
        value: str | bytes | int | None
        if kind & 0xFFF in _FIXED:
            at, value = _fixed(data, at, kind)
        else:
            at, value = _variable(data, at, kind, found)
        if value is not None and not kind & 0x1000:
            yield name, value


def _after_name(data: bytes, at: int) -> int:
    (kind,) = struct.unpack_from("<I", data, at + 16)
    if kind == 0:
        return at + 24
    (length,) = struct.unpack_from("<I", data, at + 20)
    return at + 24 + int(length) + -int(length) % 4


def _fixed(data: bytes, at: int, kind: int) -> tuple[int, int | None]:
    size = _FIXED[kind & 0xFFF]
    if kind & 0x1000:
        (count,) = struct.unpack_from("<I", data, at)
        return at + 4 + size * count, None
    return at + size, struct.unpack_from("<I", data, at)[0] if kind == 3 else None


def _variable(data: bytes, at: int, kind: int, found: Unpacked) -> tuple[int, str | bytes | None]:
    (count,) = struct.unpack_from("<I", data, at)
    at += 4
    value: str | bytes | None = None
    for _ in range(min(count, 1000)):
        (length,) = struct.unpack_from("<I", data, at)
        at += 4
        raw = data[at : at + length]
        if len(raw) < length:
            raise ValueError("cut short")
        value = _value(raw, kind & 0xFFF, found)
        at += length + -length % 4
    return at, value


def _value(raw: bytes, kind: int, found: Unpacked) -> str | bytes | None:
    if kind == _TEXT_16BIT:
        return raw.decode("utf-16-le", "replace").rstrip("\x00")
    if kind == _TEXT_8BIT:
        return _text(raw, found)
    return raw if kind in (_BINARY, _OBJECT) else None


def _text(raw: bytes, found: Unpacked) -> str:
    return charset.decode(raw.rstrip(b"\x00"), found.code_page).text
