"""`Content-Type` and `Content-Disposition`: the value and its parameters (RFC 2045, RFC 2231), however written."""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from services.email.mime import charset, words

_MAIN = re.compile(r"[^;\s(]*+(?:\s*+/\s*+[^;\s(]*+)?")
# An unquoted value may hold blanks ("filename=my file.pdf") but not the next parameter, whose ";" got lost.
_PARAM = re.compile(
    r'([^\s=;"]++)\s*+(?:=\s*+(?:"((?:[^"\\]|\\.)*+)"?+|((?:[^;\s]++|\s++(?![\w*%-]++\s*+=))*+)))?+', re.DOTALL
)
_SECTION = re.compile(r"([^*]+)(?:\*([0-9]{1,4}))?(\*?)")
_ESCAPED = re.compile(r'\\(["\\])')
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class Value(NamedTuple):
    """A main value in lower case, and its parameters by lower-case name."""

    main: str
    params: Mapping[str, str]


EMPTY = Value("", MappingProxyType({}))


@lru_cache(maxsize=128)
def _parse_short(raw: bytes) -> Value:
    return _parse(raw)


def parse(raw: bytes | None) -> Value:
    """`text/plain; charset=utf-8` taken apart. Never fails: what is no parameter is passed over."""
    if raw is None:
        return EMPTY
    return _parse_short(raw) if len(raw) < 200 else _parse(raw)


def _parse(raw: bytes) -> Value:
    text = words.text(raw)
    main = _MAIN.match(text)
    end = main.end() if main else 0
    if "=" in text[:end]:
        end = 0
    name = "".join(text[:end].split()).lower()
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for match in _PARAM.finditer(text, end):
        _note(match, plain, sections)
    for key, parts in sections.items():
        plain[key] = _join(parts)
    return Value(name, MappingProxyType(plain))


def _note(match: re.Match[str], plain: dict[str, str], sections: dict[str, dict[int, tuple[str, bool]]]) -> None:
    quoted, bare = match[2], match[3]
    if quoted is None and bare is None:
        return
    value = _ESCAPED.sub(r"\1", quoted) if quoted is not None else bare.strip()
    key = match[1].lower()
    if "*" in key and (section := _SECTION.fullmatch(key)):
        number = int(section[2]) if section[2] else 0
        sections.setdefault(section[1], {}).setdefault(number, (value, bool(section[3])))
    else:
        plain.setdefault(key, words.decode_words(value))


def _join(parts: dict[int, tuple[str, bool]]) -> str:
    """The sections of RFC 2231 in order; percent signs and the charset count only in the starred ones."""
    numbers = sorted(parts)
    first, starred = parts[numbers[0]]
    label = ""
    if starred and first.count("'") >= 2:
        label, _, first = first.split("'", 2)
    if not any(extended for _, extended in parts.values()):
        return words.decode_words("".join(parts[number][0] for number in numbers))
    out: list[bytes] = []
    for number in numbers:
        value, extended = parts[number]
        value = first if number == numbers[0] else value
        out.append(unquote_to_bytes(value) if extended else value.encode("utf-8", "replace"))
    return words.decode_words(charset.decode_word(b"".join(out), label))


def clean_filename(name: str | None) -> str | None:
    """A file name on one line, or None where nothing is left."""
    if not name:
        return None
    if name.isprintable():
        return name.strip() or None
    return _CONTROL.sub(" ", name).strip() or None
