"""A message in the parts that Telegram takes, in order: texts, files, albums. Pure, and the same at every try."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import nh3

from hub.contracts.interaction import Attachment, SendMessage
from hub.kit.errors import Unsupported
from services.messaging.telegram.split import CAPTION, TEXT, split, units

PHOTO_LIMIT = 10 * 2**20
FILE_LIMIT = 50 * 2**20
"""Bytes that a bot may upload."""
ALBUM = 10
_PHOTOS = ("image/jpeg", "image/png", "image/webp")
_TAGS = {"b", "strong", "i", "em", "u", "ins", "s", "del", "code", "pre", "a", "blockquote"}
_BREAKS = (("<br>", "\n"), ("<br />", "\n"), ("<br/>", "\n"), ("</p>", "\n\n"), ("</div>", "\n"), ("</li>", "\n"))
Kind = Literal["text", "photo", "document"]


@dataclass(frozen=True, slots=True)
class Part:
    """One request. `html` is the text formatted, where there is such a form; files of an album are of one kind."""

    kind: Kind
    text: str = ""
    html: str = ""
    files: tuple[Attachment, ...] = ()

    @property
    def messages(self) -> int:
        """How many messages Telegram makes of it."""
        return max(1, len(self.files))


def parts_of(message: SendMessage) -> list[Part]:
    """All parts.

    Raises:
        Unsupported: a file is too large, or there is nothing to send.
    """
    albums = _albums(message.attachments)
    parts = [Part("text", text) for text in split(message.text)]
    if albums and units(message.text.strip()) <= CAPTION:
        first = Part(albums[0].kind, message.text.strip(), files=albums[0].files)
        parts = [_formatted(first, message, CAPTION), *albums[1:]]
    elif len(parts) == 1:
        parts = [_formatted(parts[0], message, TEXT), *albums]
    else:
        parts += albums
    if not parts:
        raise Unsupported("there is neither text nor a file to send")
    return parts


def _formatted(part: Part, message: SendMessage, limit: int) -> Part:
    """With the operator's formatting, where Telegram knows it and it fits."""
    html = telegram_html(message.html or "")
    fits = html and units(html) <= limit
    return Part(part.kind, part.text, html, part.files) if fits else part


def telegram_html(html: str) -> str:
    """The subset of HTML that Telegram takes; what it does not know is left out, its words stay."""
    for tag, line in _BREAKS:
        html = html.replace(tag, line)
    return nh3.clean(html, tags=_TAGS, attributes={"a": {"href"}}, link_rel=None).strip()


def _albums(attachments: Sequence[Attachment]) -> list[Part]:
    """Files in order, neighbours of one kind together."""
    albums: list[Part] = []
    for attachment in attachments:
        kind = _kind(attachment)
        last = albums[-1] if albums else None
        if last and last.kind == kind and len(last.files) < ALBUM:
            albums[-1] = Part(kind, files=(*last.files, attachment))
        else:
            albums.append(Part(kind, files=(attachment,)))
    return albums


def _kind(attachment: Attachment) -> Kind:
    if attachment.size > FILE_LIMIT:
        raise Unsupported(
            f"{attachment.filename} has {attachment.size // 2**20} MB; a bot may send {FILE_LIMIT // 2**20} MB"
        )
    small = attachment.content_type in _PHOTOS and attachment.size <= PHOTO_LIMIT
    return "photo" if small else "document"


def left_of(parts: Sequence[Part], keys: int) -> tuple[int, list[Part]]:
    """How many parts were taken before, by the number of messages that they made, and those that are left."""
    done = 0
    while done < len(parts) and keys >= parts[done].messages:
        keys -= parts[done].messages
        done += 1
    return done, list(parts[done:])
