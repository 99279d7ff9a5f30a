"""The rules about files: an upload is durable before it has an id, a download never runs in a browser."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from hub.contracts.interaction import Attachment
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock, iso
from hub.kit.errors import InvalidInput, NotFound, TooLarge
from hub.kit.ids import derive
from hub.store.base import CollectionSpec, Document, Store

UPLOADS = CollectionSpec("uploads")
UNKNOWN_TYPE = "application/octet-stream"
SAFE_TYPES = frozenset(
    {
        "application/pdf",
        "application/zip",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
        "text/plain",
        "video/mp4",
    }
)
"""What no browser runs as a page; all else is sent as bytes without a type."""
HTML_HEADERS = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: cid:; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""For the HTML of a mail: whoever opens it on its own runs nothing and fetches nothing."""
MAX_NAME = 200
_TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}(?:;[\x20-\x7e]{0,200})?", re.ASCII)
_UNFIT = re.compile(r"[\x00-\x1f\x7f/\\\u202a-\u202e\u2066-\u2069]+")
"""Control characters, path separators, and the marks that make `exe.gnp` look like `png.exe`."""


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file."""

    filename: str
    content_type: str
    content: bytes


class Attachments:
    """Keeps what employees upload."""

    def __init__(self, store: Store, blobs: Blobs, clock: Clock, *, limit: int) -> None:
        self._uploads = store.collection(UPLOADS)
        self._blobs = blobs
        self._clock = clock
        self._limit = limit

    async def keep(self, file: File, *, login: str, write: str) -> Attachment:
        """The descriptor; the same for the same `write` repeated, which nobody can guess. Raises TooLarge."""
        if len(file.content) > self._limit:
            raise TooLarge(f"a file may have {self._limit} bytes; send less, or raise attachment_limit in [gateway]")
        kept_id = derive("att", write)
        if (before := await self.get(kept_id)) is not None:
            return before
        attachment = Attachment(
            id=kept_id,
            filename=clean_name(file.filename),
            content_type=file.content_type if _TYPE.fullmatch(file.content_type) else UNKNOWN_TYPE,
            size=len(file.content),
            blob=f"uploads/{kept_id}",
        )
        await self._blobs.put(attachment.blob, file.content)
        by = {"by": login, "at": iso(self._clock.now())}
        await self._uploads.insert({"_id": kept_id, **by, **attachment.model_dump(exclude={"id"})})
        return attachment

    async def get(self, attachment_id: str) -> Attachment | None:
        document = await self._uploads.get(attachment_id)
        return _attachment(document) if document else None

    async def all_of(self, ids: list[str]) -> list[Attachment]:
        """In the order given.

        Raises:
            InvalidInput: one of them was never uploaded.
        """
        found = await self._uploads.get_many(ids)
        if missing := [one for one in ids if one not in found]:
            fix = f"no upload {', '.join(missing)}; send the file to POST /api/v1/attachments first and give its id"
            raise InvalidInput(f"attachments: {fix}", fields={"attachments": fix})
        return [_attachment(found[one]) for one in ids]

    async def content(self, attachment: Attachment) -> bytes:
        return await self._blobs.get(attachment.blob)

    async def html(self, blob: str) -> bytes:
        """The sanitised HTML of a message; raises NotFound without naming the blob."""
        try:
            return await self._blobs.get(blob)
        except NotFound as exc:
            raise NotFound("the HTML of this message is no longer kept; read its text") from exc


def clean_name(name: str) -> str:
    """A file name without path and control characters; never empty."""
    cleaned = _UNFIT.sub("_", name.replace("\\", "/").rsplit("/", 1)[-1]).strip(" ._")
    return cleaned[-MAX_NAME:] or "file"


def download_headers(attachment: Attachment) -> dict[str, str]:
    """Headers under which a browser saves a file and never shows it (RFC 6266, RFC 8187)."""
    name = clean_name(attachment.filename)
    ascii_name = re.sub(r'[^\x20-\x7e]|["%;]', "_", name)
    return {
        "Content-Disposition": f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
    }


def download_type(attachment: Attachment) -> str:
    """The content type to send, without parameters unless it is safe."""
    bare = attachment.content_type.partition(";")[0].strip().lower()
    return bare if bare in SAFE_TYPES else UNKNOWN_TYPE


def _attachment(document: Document) -> Attachment:
    return Attachment.model_validate({**document, "id": document["_id"]})
