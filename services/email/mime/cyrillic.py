"""Which of the Cyrillic encodings turns some bytes into words."""

from typing import NamedTuple

_CODECS = ("cp1251", "koi8_u", "cp866", "iso8859_5", "mac_cyrillic")


class Guess(NamedTuple):
    """A codec; `likely` where nothing else is known, `sure` where it may overrule a label."""

    codec: str
    likely: bool
    sure: bool


def best(data: bytes, declared: str | None) -> Guess | None:
    """The best reading of `data` as Cyrillic; None where it is not Cyrillic in any of them."""
    return Guess(declared, False, False) if declared in _CODECS and not data.isascii() else None
