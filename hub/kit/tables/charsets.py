"""Which charset a table is in: what Russian offices save is seldom said, and as seldom UTF-8."""

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CYRILLIC = ("cp1251", "koi8-r", "cp866")
_INSIDE = re.compile(
    "(?<=[а-яё])[А-ЯЁ]|(?<=[A-Za-z])[А-яЁё]|(?<=[А-яЁё])[A-Za-z]|[\u2500-\u259f]|[\x80-\x9f]|[ђѓєѕіїјљњћќўџ¤¦§]"
)
"""What no Russian text has inside its words."""
_COMMON = re.compile("[оеаинтсрвл]")
_LETTER = re.compile("[А-яЁё]")
_MOSTLY = 0.9
SAMPLE = 1 << 18
"""Bytes that are looked at."""


def charset_of(sample: bytes) -> str:
    """The name of a codec that reads the beginning of a file, up to `SAMPLE` bytes; `cp1252` where nothing fits."""
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    if wide := _without_mark(sample[:4000]):
        return wide
    if _is_utf8(sample):
        return "utf-8"
    return max((*_CYRILLIC, "cp1252"), key=lambda name: _fit(sample, name))


def _without_mark(sample: bytes) -> str:
    """UTF-16 that does not say so: every other byte is that of a page of letters, Latin or Cyrillic."""
    for name, high in (("utf-16-be", sample[::2]), ("utf-16-le", sample[1::2])):
        if high and (high.count(0) + high.count(4)) > _MOSTLY * len(high):
            return name
    return ""


def _is_utf8(sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(sample, final=False)
    except UnicodeDecodeError:
        return False
    return True


def _fit(sample: bytes, name: str) -> float:
    text = sample.decode(name, "replace")
    strange = len(_INSIDE.findall(text)) + 5 * text.count("\ufffd")
    if name == "cp1252":
        return -sum(letter > "\x7f" for letter in text) * 0.5 - strange
    return len(_COMMON.findall(text)) - 0.5 * len(_LETTER.findall(text)) - 2.0 * strange
