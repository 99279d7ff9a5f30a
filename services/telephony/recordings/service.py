"""Who may hear a recording: whoever sees all of its call, as long as it is kept."""

from collections.abc import AsyncIterator
from typing import Protocol

from hub.api.actor import Actor
from hub.kit.blobs import Blobs
from hub.kit.errors import Conflict, NotFound
from hub.store.base import Document
from services.telephony.recordings.repository import RecordingRepository

_NOT_READY = {
    "pending": "the recording is still being fetched from the exchange; try again in a few seconds",
    "failed": "the recording could not be fetched: {reason}",
    "removed": "the recording is not kept any more",
}


class Seen(Protocol):
    """Knows who sees what."""

    async def sees_whole(self, actor: Actor, interaction_id: str) -> bool:
        """Raises HubError where nobody can be asked."""
        ...


class Recordings:
    """Hands them out."""

    def __init__(self, *, repository: RecordingRepository, seen: Seen, blobs: Blobs) -> None:
        self._repository = repository
        self._seen = seen
        self._blobs = blobs

    async def get(self, recording_id: str, actor: Actor) -> Document:
        """Raises NotFound, also where he does not see the call, or not all of it."""
        document = await self._repository.get(recording_id)
        if document is None or not await self._seen.sees_whole(actor, document["interaction_id"]):
            raise NotFound(f"there is no recording {recording_id}")
        return document

    async def ready(self, recording_id: str, actor: Actor) -> Document:
        """Raises NotFound; Conflict where it is not here."""
        document = await self.get(recording_id, actor)
        if document["state"] != "ready":
            raise Conflict(_NOT_READY[document["state"]].format(reason=document.get("reason", "")))
        return document

    def stream(self, document: Document) -> AsyncIterator[bytes]:
        return self._blobs.stream(document["blob"])

    async def piece(self, document: Document, start: int, length: int) -> bytes:
        return await self._blobs.get_range(document["blob"], start, length)
