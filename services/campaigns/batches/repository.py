"""Every query about batches of letters: what is printed together, and the files."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, get_args

import orjson

from hub.kit.blobs import Blobs
from hub.store.amend import amend
from hub.store.base import Document, Page, Store
from services.campaigns.batches.models import BATCHES, Part

_AT_ONCE = 100


class BatchRepository:
    """The letters themselves are rows of their mailing."""

    def __init__(self, store: Store, blobs: Blobs) -> None:
        self.batches = store.collection(BATCHES)
        self._blobs = blobs

    async def page(self, mailing_id: str, *, limit: int, after: str | None) -> Page:
        return await self.batches.find({"mailing": mailing_id}, order="at", descending=True, limit=limit, after=after)

    async def opened(self, *, after: str | None) -> Page:
        """Those that a job has to do with, or had until a moment ago."""
        return await self.batches.find({"open": True}, limit=_AT_ONCE, after=after)

    async def amend(self, batch_id: str, change: Callable[[Document], Document]) -> Document | None:
        return await amend(self.batches, batch_id, change)

    async def keep(self, batch_id: str, files: Mapping[str, bytes]) -> None:
        await self._blobs.put_many({_file(batch_id, name): content for name, content in files.items()})

    async def forget(self, batch_id: str) -> None:
        """Its files; there may be none."""
        await self._blobs.delete([_file(batch_id, name) for name in get_args(Part)])

    async def file(self, batch_id: str, name: str) -> AsyncIterator[bytes]:
        """Raises NotFound."""
        yield await self._blobs.get(_file(batch_id, name))

    # --- files of letters that came back ---

    async def upload(self, blob: str) -> bytes:
        return await self._blobs.get(blob)

    async def keep_returned(self, run: str, letters: list[Any]) -> None:
        await self._blobs.put(f"batches/returned/{run}", orjson.dumps(letters))

    async def returned(self, run: str) -> list[Any]:
        found: list[Any] = orjson.loads(await self._blobs.get(f"batches/returned/{run}"))
        return found

    async def forget_returned(self, run: str) -> None:
        await self._blobs.delete([f"batches/returned/{run}"])


def _file(batch_id: str, name: str) -> str:
    return f"batches/{batch_id}/{name}"


def settled(batch: Document) -> Document:
    """Nobody has to look at it any more. Pure."""
    return {name: value for name, value in batch.items() if name != "open"}
