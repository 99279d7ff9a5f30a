"""The words of strangers without what is not seen in them, or shows them as others.

A line (a name, a subject, the name of a file) loses it. A text keeps its length, because what formats it counts its
characters: each control character but tab and line feed, and each mark that overrides the direction of what follows,
is shown as U+FFFD. Lone halves of surrogate pairs, which no UTF-8 has, are a question mark in both.
"""

import re

HIDDEN = "\u00ad\u200b\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
"""What is not seen, or turns the direction of what is. Not the joiners: emoji and Persian need them."""
_CONTROLS = "\x00-\x1f\x7f-\x9f\u2028\u2029"
_BREAKS = re.compile(r"[\t\r\n\x0b\x0c\x85\u2028\u2029]+")
_NOT_IN_A_LINE = re.compile(f"[{_CONTROLS}{HIDDEN}]")
_NOT_IN_A_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e]")
_INSTEAD = "\ufffd"


def line(text: str) -> str:
    """On one line."""
    return _NOT_IN_A_LINE.sub("", _BREAKS.sub(" ", _encodable(text)))


def words(text: str) -> str:
    """As long as it was, counted in UTF-16 too; a carriage return is a space."""
    return _NOT_IN_A_TEXT.sub(_INSTEAD, _encodable(text).replace("\r", " "))


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
