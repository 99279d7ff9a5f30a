"""The HTML of a message as it is shown: with the images that came in it, and those from afar if asked for."""

from base64 import b64encode
from collections.abc import Iterable, Mapping

from hub.api.downloads import html_headers
from hub.contracts.interaction import Attachment
from hub.kit.blobs import Blobs
from hub.kit.errors import NotFound
from hub.kit.safe_html import named_images, with_images
from hub.store.base import Document

MOST_BYTES = 8 * 1024 * 1024
"""Of the images of one message, each as often as it stands there; those that do not fit are files beside it like all
others.
"""
_TYPES = frozenset({"image/gif", "image/jpeg", "image/png", "image/webp"})
_ELSEWHERE = '<base target="_blank">'
"""A link that is followed opens beside the frame, which stays as it is."""


def headers(*, remote: bool) -> dict[str, str]:
    """Images from afar are fetched by the reader's browser, which says neither who he is nor where he reads."""
    return html_headers("https:", "http:") if remote else html_headers()


async def page(blobs: Blobs, document: Document, *, remote: bool) -> bytes:
    """Raises NotFound, BlobsUnavailable."""
    clean = (await blobs.get(document["html"])).decode("utf-8", "replace")
    named = named_images(clean)
    files = [Attachment.model_validate(each) for each in document["attachments"]]
    own = await _own(blobs, (file for file in files if file.content_id in named), named)
    return (_ELSEWHERE + with_images(clean, own, remote=remote)).encode("utf-8", "replace")


async def _own(blobs: Blobs, files: Iterable[Attachment], times: Mapping[str, int]) -> dict[str, str]:
    found, left = {}, MOST_BYTES
    for file in files:
        size = file.size * times[file.content_id]
        if file.state != "ready" or file.content_type not in _TYPES or size > left:
            continue
        left -= size
        try:
            content = await blobs.get(file.blob)
        except NotFound:
            continue
        found[file.content_id] = f"data:{file.content_type};base64,{b64encode(content).decode()}"
    return found
