"""How far each bot is taken over, what was published, and the files that are still to be fetched."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hub.kit.errors import Conflict
from hub.store.base import CollectionSpec, Document, Index, Range, Store, Where

CURSORS = CollectionSpec("cursors")
PUBLISHED = CollectionSpec("published")
ALBUMS = CollectionSpec("albums")
FILES = CollectionSpec("files", (Index("account", "state", "next_at"),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far an account is taken over. `version` is the stored one's, none before the first."""

    account: str
    last: int = 0
    """Number of the newest update that is durable and published."""
    version: int | None = None


class InboundRepository:
    """Cursors by account; events by their id; files by that of their attachment."""

    def __init__(self, store: Store) -> None:
        self._cursors = store.collection(CURSORS)
        self._published = store.collection(PUBLISHED)
        self._files = store.collection(FILES)
        self._albums = store.collection(ALBUMS)

    async def cursor(self, account: str) -> Cursor:
        stored = await self._cursors.get(account)
        return (
            Cursor(account=account, last=stored["last"], version=stored["_v"]) if stored else Cursor(account=account)
        )

    async def move(self, cursor: Cursor) -> Cursor:
        """Saves it.

        Raises:
            Conflict: another copy of the hub moved it meanwhile.
        """
        document: Document = {"_id": cursor.account, "last": cursor.last}
        if cursor.version is None:
            saved = await self._cursors.insert(document)
        else:
            saved = await self._cursors.swap({**document, "_v": cursor.version})
        if not saved:
            raise Conflict(f"the cursor of {cursor.account} was moved by another copy of the hub")
        return replace(cursor, version=(cursor.version or 0) + 1)

    async def published(self, event_ids: Iterable[str]) -> set[str]:
        """Those that were published before."""
        return set(await self._published.get_many(event_ids))

    async def record(self, event_ids: Iterable[str], at: str) -> None:
        """Adds what was published; what is there stays as it is."""
        documents: list[Document] = [{"_id": event_id, "at": at} for event_id in event_ids]
        if documents:
            await self._published.insert_many(documents)

    async def album(self, album_id: str, change: Callable[[Document], Document]) -> tuple[Document, bool]:
        """The album after the change, whoever else changes it; and whether it is new."""
        fresh: Document = {"_id": album_id, "items": {}}
        while True:
            stored = await self._albums.get(album_id)
            after = change(stored or fresh)
            if stored is not None and after is stored:
                return stored, False
            if await (self._albums.swap(after) if stored else self._albums.insert(after)):
                return after, stored is None

    async def want(self, files: Sequence[Document]) -> None:
        """Adds files to be fetched; those that are known stay as they are."""
        if files:
            await self._files.insert_many(files)

    async def due_files(self, account: str, now: str, *, limit: int) -> list[Document]:
        """Those that are pending, in the order in which they fall due."""
        where: Where = {"account": account, "state": "pending", "next_at": Range(until=now)}
        return (await self._files.find(where, order="next_at", limit=limit)).items

    async def save_file(self, document: Document, **changes: Any) -> Document:
        """The file as it is now.

        Raises:
            Conflict: somebody else changed it meanwhile.
        """
        changed = {**document, **changes}
        if not await self._files.swap(changed):
            raise Conflict(f"the file {document['_id']} was changed by another copy of the hub")
        return {**changed, "_v": document["_v"] + 1}
