"""What a mailing says, compiled once: constant texts, and places for what differs from one recipient to the next.

It lies in the blobs as JSON; each message of the mailing names it and brings its values, so that nothing is told
100,000 times. A piece is a text, or one of: `["value", SLOT, ESCAPED]`, `["link", NUMBER, PIECES]`,
`["page", NAME]`, `["pixel"]`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import unescape
from typing import Any

import orjson

from hub.channels.marks import click_url, open_url, page_url

Piece = str | list[Any]
Pieces = Sequence[Piece]
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&#39;", '"': "&#34;"})
"""As Jinja2 escapes, so that the short way says what the long way says."""
MAX_URL = 2_000
"""Bytes of an address that a link leads to; a longer one stays as it is, without being counted."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one recipient gets."""

    subject: str
    text: str
    html: str | None
    unsubscribe: str
    """Address of RFC 8058; empty: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The same for all recipients of a variant in one language."""

    mailing: str
    """Names the mailing in the addresses of links."""
    key: str
    """Signs the addresses, as hexadecimal digits: of this mailing alone."""
    base: str
    """Where links lead to, as `https://hub.example.com`; empty: nothing is counted, and no pages are linked."""
    subject: list[Piece] = field(default_factory=list)
    text: list[Piece] = field(default_factory=list)
    html: list[Piece] | None = None
    from_name: str = ""
    counts: bool = True
    """Links are counted."""
    leaves: bool = True
    """Its recipients can unsubscribe: it is no service message."""

    def to_json(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def of_json(cls, content: bytes) -> "Content":
        """Raises ValueError or TypeError for anything else; what a newer hub adds is left out."""
        given: Mapping[str, Any] = orjson.loads(content)
        return cls(**{name: value for name, value in given.items() if name in cls.__dataclass_fields__})

    def rendered(self, number: int, values: Sequence[str]) -> Rendered:
        """For the recipient of this number. Raises IndexError where a value is missing."""
        fill = Fill(self, number, values)
        return Rendered(
            subject=" ".join(fill.text(self.subject).split()),
            text=fill.text(self.text),
            html=fill.text(self.html) if self.html is not None else None,
            unsubscribe=fill.page("unsubscribe") if self.base and self.leaves else "",
        )


class Fill:
    """Fills in the places of one recipient."""

    def __init__(self, content: Content, number: int, values: Sequence[str]) -> None:
        self._content = content
        self._key = bytes.fromhex(content.key)
        self._number = number
        self._values = values

    def text(self, pieces: Pieces) -> str:
        return "".join([piece if isinstance(piece, str) else self.place(piece) for piece in pieces])

    def place(self, piece: list[Any]) -> str:
        kind = piece[0]
        if kind == "value":
            value: str = self._values[piece[1]]
            return value.translate(_ESCAPED) if piece[2] else value
        if kind == "link":
            return self._link(piece[1], self.text(piece[2]))
        return self._pixel() if kind == "pixel" else self.page(piece[1])

    def page(self, name: str) -> str:
        content = self._content
        return page_url(content.base, self._key, name, content.mailing, self._number) if content.base else ""

    def _link(self, number: int, written: str) -> str:
        content = self._content
        return tracked(
            content.base if content.counts else "", self._key, content.mailing, self._number, number, written
        )

    def _pixel(self) -> str:
        content = self._content
        if not (content.base and content.counts):
            return ""
        url = open_url(content.base, self._key, content.mailing, self._number)
        return f'<img src="{url}" alt="" width="1" height="1" style="border:0">'


def tracked(base: str, key: bytes, mailing: str, recipient: int, number: int, written: str) -> str:
    """The address of a link as HTML has it, by way of us; as it is where nothing is counted."""
    url = unescape(written).strip()
    if not base or not url.startswith(("http://", "https://")) or len(url.encode()) > MAX_URL:
        return written
    return click_url(base, key, mailing, recipient, number, url)
