"""A message in the parts that Telegram takes, in order: texts, files, albums. Pure, and the same at every try."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hub.contracts.interaction import Attachment, SendMessage
from hub.kit.errors import Unsupported
from services.messaging.telegram.html import telegram_html
from services.messaging.telegram.split import CAPTION, TEXT, split, units

PHOTO_LIMIT = 10 * 2**20
FILE_LIMIT = 50 * 2**20
"""Bytes that a bot may upload."""
ALBUM = 10
_PHOTOS = ("image/jpeg", "image/png", "image/webp")
_VIDEO = "video/mp4"
_VOICE = ("audio/ogg", "audio/opus")
_AUDIO = ("audio/mpeg", "audio/mp3", "audio/mp4", "audio/x-m4a", "audio/m4a")
Kind = Literal["text", "photo", "document", "video", "voice", "audio", "animation"]
_ALONE = ("voice", "animation")
"""Kinds that no album takes."""


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


def _albums(attachments: Sequence[Attachment]) -> list[Part]:
    """Files in order, neighbours of one kind together."""
    albums: list[Part] = []
    for attachment in attachments:
        kind = _kind(attachment)
        last = albums[-1] if albums else None
        if last and last.kind == kind and kind not in _ALONE and len(last.files) < ALBUM:
            albums[-1] = Part(kind, files=(*last.files, attachment))
        else:
            albums.append(Part(kind, files=(attachment,)))
    return albums


def _kind(attachment: Attachment) -> Kind:
    if attachment.size > FILE_LIMIT:
        raise Unsupported(
            f"{attachment.filename} has {attachment.size // 2**20} MB; a bot may send {FILE_LIMIT // 2**20} MB"
        )
    kind = attachment.content_type.partition(";")[0].strip().lower()
    if kind in _PHOTOS:
        return "photo" if attachment.size <= PHOTO_LIMIT else "document"
    if kind == "image/gif":
        return "animation"
    return "video" if kind == _VIDEO else "voice" if kind in _VOICE else "audio" if kind in _AUDIO else "document"


def left_of(parts: Sequence[Part], keys: int) -> tuple[int, list[Part]]:
    """How many parts were taken before, by the number of messages that they made, and those that are left."""
    done = 0
    while done < len(parts) and keys >= parts[done].messages:
        keys -= parts[done].messages
        done += 1
    return done, list(parts[done:])
