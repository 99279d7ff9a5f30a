"""How texts are taken apart for the search, and how numbers are found by their last digits: pure."""

import re
from collections.abc import Iterator

WORD = re.compile(r"[^\W_]+")
_PHONE = re.compile(r"(?<![^\W_])\+?\(?\d(?:[ ()\u00a0./-]{0,3}\d){6,14}(?![^\W_])")
_NUMBER = re.compile(r"(?<![^\W_])[^\W\d_]*+\d[^\W_]*+")
_DIGIT = re.compile(r"\d")
FEWEST_DIGITS = 3
"""Of what is found by its tail."""
_NATIONAL = 10
"""Digits of a phone number that count: whoever dials 8 and whoever writes +7 mean the same."""
_LONGEST = 40


def folded(text: str) -> str:
    """As words are compared: in one case, `ё` as `е`."""
    return text.casefold().replace("ё", "е")


def is_number(word: str) -> bool:
    """Whether a word is found by its tail: it has enough digits."""
    return len(_DIGIT.findall(word)) >= FEWEST_DIGITS and len(word) <= _LONGEST


def backwards(number: str) -> str:
    """What a number is kept under: its last letters come first."""
    return folded("".join(WORD.findall(number)))[::-1]


def wanted_tail(number: str) -> str:
    """The beginning of what a number is kept under, whatever stands before its national part."""
    turned = backwards(number)
    return turned[:_NATIONAL] if turned.isdigit() else turned


def numbers(text: str) -> Iterator[tuple[int, int]]:
    """Where the numbers of a text are: phone numbers whole, however they are written, and words with digits."""
    for found in _PHONE.finditer(text):
        yield found.span()
    for found in _NUMBER.finditer(text):
        if is_number(found[0]):
            yield found.span()


def tails(text: str) -> set[str]:
    """What its numbers are kept under."""
    return {backwards(text[start:end]) for start, end in numbers(text)}
