"""Every query about static lists: a document for each, its rows in blobs."""

from collections.abc import AsyncIterator

from hub.kit.blobs import Blobs
from hub.store.amend import Change, amend
from hub.store.base import CollectionSpec, Document, Index, Store

LISTS = CollectionSpec("lists", (Index("removed", "at"),))


class ListRepository:
    """Lists and their rows."""

    def __init__(self, store: Store, blobs: Blobs) -> None:
        self.lists = store.collection(LISTS)
        self._blobs = blobs

    async def amend(self, list_id: str, change: Change) -> Document | None:
        return await amend(self.lists, list_id, change)

    async def write(self, list_id: str, part: int, rows: bytes) -> None:
        await self._blobs.put(part_of(list_id, part), rows)

    async def parts(self, found: Document) -> AsyncIterator[bytes]:
        """The rows, in parts of some megabytes: lines of JSON, `a` is the address and `d` what is said of it."""
        for part in range(found["parts"]):
            yield await self._blobs.get(part_of(found["_id"], part))

    async def piece(self, blob: str, start: int, length: int) -> bytes:
        return await self._blobs.get_range(blob, start, length)

    async def size(self, blob: str) -> int:
        return await self._blobs.size(blob)


def part_of(list_id: str, part: int) -> str:
    return f"lists/{list_id}/{part}"
