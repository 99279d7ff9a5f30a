"""How far each mailbox is taken over, and which mails were published."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from hub.kit.errors import Conflict
from hub.kit.every import pages
from hub.store.base import CollectionSpec, Document, Index, Page, Store
from services.email.models import Cursor

CURSORS = CollectionSpec("cursors")
_COUNTED = 1_000_000
VOUCHERS = CollectionSpec("vouchers")
MESSAGES = CollectionSpec("messages", (Index("mailbox_id"),))
SEEN = CollectionSpec("maildrop_seen", (Index("mailbox_id"),))
_TOGETHER = 1000


class InboundRepository:
    """Cursors by mailbox; an index of what was published, by interaction and mailbox."""

    def __init__(self, store: Store) -> None:
        self._cursors = store.collection(CURSORS)
        self._messages = store.collection(MESSAGES)
        self._vouchers = store.collection(VOUCHERS)

    async def cursor(self, mailbox_id: str) -> Cursor:
        stored = await self._cursors.get(mailbox_id)
        if stored is None:
            return Cursor(mailbox_id=mailbox_id)
        return Cursor(
            mailbox_id=mailbox_id,
            uid_validity=stored["uid_validity"],
            last_uid=stored["last_uid"],
            version=stored["_v"],
        )

    async def move(self, cursor: Cursor) -> Cursor:
        """Saves it.

        Raises:
            Conflict: another copy of the hub moved it meanwhile.
        """
        document: Document = {
            "_id": cursor.mailbox_id,
            "uid_validity": cursor.uid_validity,
            "last_uid": cursor.last_uid,
        }
        if cursor.version is None:
            saved = await self._cursors.insert(document)
        else:
            saved = await self._cursors.swap({**document, "_v": cursor.version})
        if not saved:
            raise Conflict(f"the cursor of mailbox {cursor.mailbox_id} was moved by another copy of the hub")
        return replace(cursor, version=(cursor.version or 0) + 1)

    async def published(self, entry_ids: Iterable[str]) -> set[str]:
        """Those of the entries that are in the index."""
        return set(await self._messages.get_many(entry_ids))

    async def page(self, mailbox_id: str, *, limit: int, after: str | None) -> Page:
        """What was published of a mailbox's mails, or parked."""
        return await self._messages.find({"mailbox_id": mailbox_id}, limit=limit, after=after)

    async def count(self, mailbox_id: str) -> int:
        return await self._messages.count({"mailbox_id": mailbox_id}, at_most=_COUNTED)

    async def voucher(self, mailbox_id: str) -> Document:
        """What is known of the server of a mailbox; see `services.email.mime.vouching`."""
        return await self._vouchers.get(mailbox_id) or {"_id": mailbox_id}

    async def vouch(self, mailbox_id: str, known: Document) -> None:
        """Of two copies that look after one mailbox for a moment the later one counts."""
        await self._vouchers.put_many([{**known, "_id": mailbox_id}])

    async def record(self, entries: list[Document]) -> None:
        """Adds what was published; an entry that is there stays as it is."""
        if entries:
            await self._messages.insert_many(entries)


class SeenRepository:
    """The mails of POP3 maildrops that need not be fetched any more, by the ids of their lasting names."""

    def __init__(self, store: Store) -> None:
        self._seen = store.collection(SEEN)

    async def all(self, mailbox_id: str) -> dict[str, bool]:
        """Whether each was taken over whole, and so may be deleted from the server."""
        found: dict[str, bool] = {}
        where = {"mailbox_id": mailbox_id}
        async for items in pages(lambda after: self._seen.find(where, limit=_TOGETHER, after=after)):
            found |= {item["_id"]: item["whole"] for item in items}
        return found

    async def add(self, mailbox_id: str, seen: Mapping[str, bool]) -> None:
        """What is known of a mail already stays."""
        await self._seen.insert_many(
            [{"_id": key, "mailbox_id": mailbox_id, "whole": whole} for key, whole in seen.items()]
        )

    async def forget(self, keys: Iterable[str]) -> None:
        gone = list(keys)
        for start in range(0, len(gone), _TOGETHER):
            await self._seen.delete_many(gone[start : start + _TOGETHER])
