"""The send ledger in the store: one document for each mail, by interaction."""

from collections.abc import Iterable, Sequence
from typing import Any

from hub.kit.errors import Conflict
from hub.store.base import CollectionSpec, Document, Index, Range, Store
from services.email.models import SendState, Step

SENDS = CollectionSpec(
    "sends",
    (Index("mailbox_id", "step", "next_at"), Index("mailbox_id", "owed"), Index("mailbox_id", "state")),
)


class SendRepository:
    """Every query of the ledger."""

    def __init__(self, store: Store) -> None:
        self._sends = store.collection(SENDS)

    async def add(self, documents: Sequence[Document]) -> set[str]:
        """The ids that were new."""
        return await self._sends.insert_many(documents)

    async def get(self, interaction_id: str) -> Document | None:
        return await self._sends.get(interaction_id)

    async def get_many(self, ids: Iterable[str]) -> dict[str, Document]:
        return await self._sends.get_many(ids)

    async def save(self, document: Document, **changes: Any) -> Document:
        """The document as it is now.

        Raises:
            Conflict: somebody else changed it meanwhile.
        """
        changed = {**document, **changes}
        if not await self._sends.swap(changed):
            raise Conflict(f"the ledger's entry {document['_id']} was changed by another copy of the hub")
        return {**changed, "_v": document["_v"] + 1}

    async def due(self, mailbox_id: str, step: Step, now: str, *, limit: int = 20) -> list[Document]:
        """In the order in which they fall due; those before `now`."""
        where = {"mailbox_id": mailbox_id, "step": step.value, "next_at": Range(until=now)}
        return (await self._sends.find(where, order="next_at", limit=limit)).items

    async def all_at(self, mailbox_id: str, step: Step, *, limit: int = 200) -> list[Document]:
        where = {"mailbox_id": mailbox_id, "step": step.value}
        return (await self._sends.find(where, order="next_at", limit=limit)).items

    async def owing(self, mailbox_id: str, *, limit: int = 200) -> list[Document]:
        """Those whose state the bus was not told yet."""
        return (await self._sends.find({"mailbox_id": mailbox_id, "owed": True}, limit=limit)).items

    async def waiting(self, mailbox_id: str) -> int:
        counts = await self._sends.count_by("step", {"mailbox_id": mailbox_id, "step": Step.SEND.value})
        return sum(counts.values())

    async def unknown(self, mailbox_id: str) -> int:
        counts = await self._sends.count_by("state", {"mailbox_id": mailbox_id, "state": SendState.UNKNOWN.value})
        return sum(counts.values())
