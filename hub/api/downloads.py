"""How files are handed out: streamed, saved by a browser and never run in it (RFC 6266, RFC 8187)."""

import re
from collections.abc import AsyncIterator, Mapping
from urllib.parse import quote

from fastapi.responses import StreamingResponse

from hub.contracts.interaction import Attachment
from hub.kit.blobs import Blobs

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
MAX_NAME = 200
_UNFIT = re.compile(r"[\x00-\x1f\x7f/\\\u202a-\u202e\u2066-\u2069]+")
"""Control characters, path separators, and the marks that make `exe.gnp` look like `png.exe`."""


async def streamed(blobs: Blobs, blob: str, *, media_type: str, headers: Mapping[str, str]) -> StreamingResponse:
    """The content in pieces, whatever its size.

    Raises:
        NotFound: it is not kept any more.
    """
    size, pieces = await blobs.size(blob), blobs.stream(blob)
    return StreamingResponse(_all(pieces), media_type=media_type, headers={**headers, "Content-Length": str(size)})


async def _all(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in pieces:
        yield piece


def html_headers(*sources: str) -> dict[str, str]:
    """For the HTML of a mail: whoever opens it on its own runs nothing and fetches nothing but images of `sources`
    (`https:`); our pages may frame it. Its links may be followed, to pages that do not know where from.
    """
    images = " ".join(("img-src", *sources, "data:", "cid:"))
    return {
        "Content-Security-Policy": (
            "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline';"
            f" {images}; frame-ancestors 'self'"
        ),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }


def clean_name(name: str) -> str:
    """A file name without path and control characters; never empty."""
    cleaned = _UNFIT.sub("_", name.replace("\\", "/").rsplit("/", 1)[-1]).strip(" ._")
    return cleaned[-MAX_NAME:] or "file"


def download_headers(attachment: Attachment) -> dict[str, str]:
    """Headers under which a browser saves a file and never shows it."""
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
