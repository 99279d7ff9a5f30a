"""How an SMS will be sent: its encoding, its segments, and what they cost. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import regex

from services.messaging.sms.gsm import BASIC, EXTENSION, SUBSTITUTES

Encoding = Literal["GSM-7", "UCS-2"]
_LIMITS: dict[Encoding, tuple[int, int]] = {"GSM-7": (160, 153), "UCS-2": (70, 67)}
"""Units of a message alone, and of each part of a longer one, where the concatenation header takes six bytes."""
_GRAPHEME = regex.compile(r"\X")


@dataclass(frozen=True, slots=True)
class Segments:
    """`characters`: septets in GSM-7, where some letters take two; what people count as one in UCS-2."""

    encoding: Encoding
    segments: int
    characters: int
    remaining: int
    """Units (septets, or UTF-16 units) that the last segment still has room for."""
    price: Decimal | None = None

    def view(self) -> dict[str, Any]:
        """As JSON, the price as text so that it stays exact."""
        return {
            "encoding": self.encoding,
            "segments": self.segments,
            "characters": self.characters,
            "remaining": self.remaining,
            "price": None if self.price is None else str(self.price),
        }


def count(text: str, *, tariff: Decimal | None = None) -> Segments:
    """`tariff` is the price of one segment."""
    encoding: Encoding = "GSM-7" if all(one in BASIC or one in EXTENSION for one in text) else "UCS-2"
    sizes = list(_sizes(text, encoding))
    alone, part = _LIMITS[encoding]
    segments, remaining = 1, alone - sum(sizes)
    if remaining < 0:
        segments, remaining = _filled(sizes, part)
    characters = sum(sizes) if encoding == "GSM-7" else len(_GRAPHEME.findall(text))
    return Segments(encoding, segments, characters, remaining, None if tariff is None else tariff * segments)


def substitute(text: str) -> str:
    """With the quotes, dashes and spaces of typography as the alphabet of SMS has them."""
    return text.translate(SUBSTITUTES)


def _sizes(text: str, encoding: Encoding) -> Iterator[int]:
    """Units of each character; an escape and its letter, and the halves of a surrogate pair, are never torn apart."""
    for one in text:
        wide = one in EXTENSION if encoding == "GSM-7" else ord(one) > 0xFFFF
        yield 2 if wide else 1


def _filled(sizes: list[int], limit: int) -> tuple[int, int]:
    """How many parts, and the room in the last one."""
    segments, room = 1, limit
    for size in sizes:
        if size > room:
            segments, room = segments + 1, limit
        room -= size
    return segments, room
