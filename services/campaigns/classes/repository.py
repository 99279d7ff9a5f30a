"""Every query about classes: how they are counted, each time they were, and what was corrected by hand."""

from hub.kit.blobs import Blobs
from hub.kit.every import pages
from hub.store.amend import Change, amend
from hub.store.base import CollectionSpec, Document, Index, Page, Store

CLASSIFICATIONS = CollectionSpec("classifications", (Index("removed", "at"),))
RUNS = CollectionSpec("class_runs", (Index("classification", "until"), Index("classification", "state", "until")))
CORRECTIONS = CollectionSpec("class_corrections", (Index("classification", "at"),))
DONE = "done"


class ClassRepository:
    """Of a run its rows lie in a blob, as a Parquet file."""

    def __init__(self, store: Store, blobs: Blobs) -> None:
        self.classifications = store.collection(CLASSIFICATIONS)
        self.runs, self.corrections = store.collection(RUNS), store.collection(CORRECTIONS)
        self._blobs = blobs

    async def amend(self, given: str, change: Change) -> Document | None:
        return await amend(self.classifications, given, change)

    async def amend_run(self, run: str, change: Change) -> Document | None:
        return await amend(self.runs, run, change)

    async def amend_correction(self, correction: str, change: Change) -> Document | None:
        return await amend(self.corrections, correction, change)

    async def done(self, classification: str, *, limit: int) -> list[Document]:
        """Its runs that are over, the newest first."""
        where = {"classification": classification, "state": DONE}
        page = await self.runs.find(where, order="until", descending=True, limit=limit)
        return page.items

    async def page_of_runs(self, classification: str, *, limit: int, after: str | None) -> Page:
        where = {"classification": classification}
        return await self.runs.find(where, order="until", descending=True, limit=limit, after=after)

    async def page_of_corrections(self, classification: str, *, limit: int, after: str | None) -> Page:
        where = {"classification": classification}
        return await self.corrections.find(where, order="at", descending=True, limit=limit, after=after)

    async def all_corrections(self, classification: str) -> list[Document]:
        found: list[Document] = []
        async for page in pages(lambda after: self.page_of_corrections(classification, limit=500, after=after)):
            found += page
        return found

    async def keep(self, run: str, rows: bytes) -> None:
        await self._blobs.put(blob_of(run), rows)

    async def rows(self, run: str) -> bytes:
        return await self._blobs.get(blob_of(run))

    async def forget(self, run: str) -> None:
        """Its rows and it. May be repeated."""
        await self._blobs.delete([blob_of(run)])
        await self.runs.delete_many([run])


def blob_of(run: str) -> str:
    return f"classes/{run}"
