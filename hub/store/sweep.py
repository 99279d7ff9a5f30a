"""Removes what is over from a collection, a page at a time."""

from datetime import datetime

from hub.kit.clock import iso
from hub.store.base import Collection, Range

PAGE = 500


async def sweep(collection: Collection, field: str, now: datetime) -> None:
    """Deletes the documents whose moment in `field` (an index of its own) has passed; an empty one never does."""
    while True:
        page = await collection.find({field: Range(since="", until=iso(now))}, order=field, limit=PAGE)
        await collection.delete_many(str(document["_id"]) for document in page.items)
        if page.next is None:
            return
