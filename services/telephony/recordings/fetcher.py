"""The loop of an exchange that fetches what was recorded: after the call, again and again until it is here."""

import asyncio
from datetime import timedelta

from hub.kit.blobs import Blobs
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import HubError, TransientError
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.store.base import Document
from services.telephony.calls.repository import CallRepository
from services.telephony.errors import RecordingGone
from services.telephony.lines.repository import LineRepository
from services.telephony.recordings.repository import RecordingRepository
from services.telephony.recordings.sources import Sound, Source
from services.telephony.transcripts.models import wanted

_PAUSES = (2.0, 10.0, 30.0, 120.0, 600.0, 3600.0)
"""Seconds before the next try; the last one repeats. An exchange writes the file when the call is over."""
_LOOK = 1.0
_AT_ONCE = 5
log = Log(__name__)


class Fetcher:
    """Fetches for one exchange. The bytes are durable before the call tells of them."""

    def __init__(
        self,
        exchange: str,
        *,
        source: Source,
        recordings: RecordingRepository,
        calls: CallRepository,
        lines: LineRepository,
        blobs: Blobs,
        clock: Clock,
        limit: int,
        expiry: timedelta,
    ) -> None:
        self._exchange = exchange
        self._source = source
        self._recordings = recordings
        self._calls = calls
        self._lines = lines
        self._blobs = blobs
        self._clock = clock
        self._limit = limit
        self._expiry = expiry
        self.in_hand = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                due = await self._recordings.due(self._exchange, iso(self._clock.now()), limit=_AT_ONCE)
                for document in due:
                    async with self.in_hand:
                        await self._one(document)
            except TransientError as exc:
                log.warning("recordings.waiting", exchange=self._exchange, reason=str(exc))
            await asyncio.sleep(_LOOK)

    async def _one(self, document: Document) -> None:
        """One that fails keeps no other waiting."""
        try:
            sound = await self._source.fetch(document["reference"], limit=self._limit)
        except RecordingGone as exc:
            await self._settle(document, {"state": "failed", "reason": str(exc)})
        except Exception as exc:
            words = str(exc) if isinstance(exc, HubError) else f"{type(exc).__name__}: {exc}"
            await self._later(document, words)
        else:
            await self._here(document, sound)

    async def _here(self, document: Document, sound: Sound) -> None:
        blob = f"recordings/{document['_id'][-2:]}/{document['_id']}"
        await self._blobs.put(blob, sound.content)
        seam("telephony.after_recording")
        line = await self._lines.line(document["line"])
        days = line.retention_days if line else 0
        removed = {"remove_at": iso(self._clock.now() + timedelta(days=days))} if days else {}
        about = {"size": len(sound.content), "seconds": sound.seconds, "content_type": sound.content_type}
        written = {"transcript": "pending", **wanted(iso(self._clock.now()))} if line and line.transcribe else {}
        await self._settle(document, {"state": "ready", "blob": blob, **about, **removed, **written})
        log.info("recording.fetched", recording=document["_id"], size=len(sound.content))

    async def _later(self, document: Document, words: str) -> None:
        if self._clock.now() - from_iso(document["wanted_at"]) >= self._expiry:
            await self._settle(document, {"state": "failed", "reason": f"given up: {words}"[:500]})
            return
        attempts = document["attempts"] + 1
        pause = timedelta(seconds=_PAUSES[min(attempts, len(_PAUSES)) - 1])
        again = {"attempts": attempts, "next_at": iso(self._clock.now() + pause), "reason": words[:500]}
        await self._recordings.save({**document, **again})

    async def _settle(self, document: Document, changes: Document) -> None:
        """The call tells of it, then it is done: what a crash parts is done once more."""
        await self._calls.tell_recording(document["interaction_id"], document["_id"], changes)
        seam("telephony.after_told_recording")
        await self._recordings.save({**document, **changes})


class Remover:
    """Removes recordings that were kept as long as their line says."""

    def __init__(self, *, recordings: RecordingRepository, calls: CallRepository, blobs: Blobs, clock: Clock) -> None:
        self._recordings = recordings
        self._calls = calls
        self._blobs = blobs
        self._clock = clock

    async def remove(self) -> None:
        page = await self._recordings.expired(iso(self._clock.now()), limit=100)
        for document in page.items:
            changes = {"state": "removed", "reason": "kept as long as the line says"}
            written = {"transcript": "removed", "text_blob": ""} if document.get("text_state") else {}
            await self._calls.tell_recording(document["interaction_id"], document["_id"], {**changes, **written})
            await self._blobs.delete([one for one in (document["blob"], document.get("text_blob")) if one])
            text = {"text_state": "removed", "text_blob": ""} if written else {}
            bare = {name: value for name, value in document.items() if name != "text_next_at"}
            await self._recordings.save({**bare, **changes, **text, "blob": ""})
