"""A table that a job wrote in parts, each a blob of its own."""

from collections.abc import AsyncIterator, Iterable

from hub.kit.blobs import Blobs
from hub.kit.errors import NotFound


async def joined(blobs: Blobs, header: bytes, keys: Iterable[str]) -> AsyncIterator[bytes]:
    """The whole of it; a part without rows was not written."""
    yield header
    for key in keys:
        try:
            yield await blobs.get(key)
        except NotFound:
            continue
