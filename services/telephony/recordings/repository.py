"""Recordings in the store: what is to be fetched, what is here, and until when it is kept."""

from collections.abc import Callable, Sequence

from hub.kit.clock import Clock, iso
from hub.kit.ids import derive
from hub.store.amend import amend
from hub.store.base import CollectionSpec, Document, Index, Page, Range, Store, Where

RECORDINGS = CollectionSpec(
    "recordings",
    (
        Index("exchange", "state", "next_at"),
        Index("state", "remove_at"),
        Index("interaction_id"),
        Index("text_next_at", sparse=True),
    ),
)


class RecordingRepository:
    """A document for each recording."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._recordings = store.collection(RECORDINGS)
        self._clock = clock

    async def want(self, exchange: str, call: Document, wanted: Sequence[tuple[str, str]]) -> None:
        """See `services.telephony.calls.service.Recorder`."""
        if not wanted:
            return
        now = iso(self._clock.now())
        await self._recordings.insert_many(
            [
                {
                    "_id": derive("rec", call["_id"], reference),
                    "interaction_id": call["_id"],
                    "exchange": exchange,
                    "line": call["line"],
                    "reference": reference,
                    "kind": kind,
                    "state": "pending",
                    "wanted_at": now,
                    "next_at": now,
                    "attempts": 0,
                }
                for reference, kind in wanted
            ]
        )

    async def get(self, recording_id: str) -> Document | None:
        return await self._recordings.get(recording_id)

    async def due(self, exchange: str, now: str, *, limit: int) -> list[Document]:
        where: Where = {"exchange": exchange, "state": "pending", "next_at": Range(since="", until=now)}
        return (await self._recordings.find(where, order="next_at", limit=limit)).items

    async def untold(self, now: str, *, limit: int) -> list[Document]:
        """Those that shall be written down by now."""
        where: Where = {"text_next_at": Range(since="", until=now)}
        return (await self._recordings.find(where, order="text_next_at", limit=limit)).items

    async def expired(self, now: str, *, limit: int) -> Page:
        where: Where = {"state": "ready", "remove_at": Range(since="", until=now)}
        return await self._recordings.find(where, order="remove_at", limit=limit)

    async def amend(self, recording_id: str, change: Callable[[Document], Document]) -> Document | None:
        return await amend(self._recordings, recording_id, change)

    async def save(self, document: Document) -> bool:
        """False when somebody else was faster."""
        return await self._recordings.swap(document)
