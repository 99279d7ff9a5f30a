"""Recordings are written down: once they were fetched, where their line says so, again and again until it is done."""

import asyncio
from datetime import timedelta
from urllib.parse import urlsplit

from hub.api.actor import Actor
from hub.channels.entered import check_entered
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import HubError, NotFound
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.store.base import Document
from services.telephony.calls.repository import CallRepository
from services.telephony.lines.repository import LineRepository
from services.telephony.recordings.repository import RecordingRepository
from services.telephony.recordings.service import Recordings
from services.telephony.recordings.sources import Sound
from services.telephony.transcripts.models import TranscriberInput, TranscriberView, TranscriptView
from services.telephony.transcripts.repository import TranscriberRepository
from services.telephony.transcripts.speech import NotWritten, Speech, Transcriber

MOST = 50_000
"""Characters of a transcript that are kept: an hour and a half of talk, and what a search reads."""
MOST_BYTES = 25 * 2**20
"""Of a recording that is sent: what such services take."""
_PAUSES = (5.0, 30.0, 120.0, 600.0, 3600.0)
_AT_ONCE = 2
log = Log(__name__)


class Transcribers:
    """Says where."""

    def __init__(self, repository: TranscriberRepository) -> None:
        self._repository = repository

    async def show(self) -> TranscriberView:
        found = await self._repository.get()
        return _view(found)

    async def set(self, given: TranscriberInput) -> TranscriberView:
        """Raises InvalidInput: the key has to be entered again for another host."""
        before, key = await self._repository.get(), given.key.get_secret_value()
        if before and before.key:
            check_entered({"url": _host(before.url)}, {"url": _host(given.url)}, {"key": bool(key)})
        wanted = Transcriber(given.url.rstrip("/"), given.model, key or (before.key if before else ""))
        await self._repository.put(wanted)
        return _view(wanted)

    async def remove(self) -> None:
        """What waits, waits; nothing more is sent."""
        await self._repository.put(None)


class Transcripts:
    """Hands them out, to whom the recording may be played."""

    def __init__(self, recordings: Recordings, blobs: Blobs) -> None:
        self._recordings = recordings
        self._blobs = blobs

    async def get(self, recording_id: str, actor: Actor) -> TranscriptView:
        """Raises NotFound, also where he does not see the call, or not all of it."""
        document = await self._recordings.get(recording_id, actor)
        blob = document.get("text_blob")
        text = (await self._blobs.get(blob)).decode() if blob else ""
        return TranscriptView(
            id=document["_id"],
            interaction_id=document["interaction_id"],
            state=document.get("text_state") or "",
            reason=document.get("text_reason") or "",
            text=text,
            cut=bool(document.get("text_cut")),
        )


class Writer:
    """The step of a loop that has due recordings written down; every copy of the hub may do it."""

    def __init__(
        self,
        *,
        recordings: RecordingRepository,
        transcribers: TranscriberRepository,
        calls: CallRepository,
        lines: LineRepository,
        blobs: Blobs,
        speech: Speech,
        clock: Clock,
        patience: timedelta,
        expiry: timedelta,
    ) -> None:
        """`patience`: how long one may take; `expiry`: after so long it is given up."""
        self._recordings = recordings
        self._transcribers = transcribers
        self._calls = calls
        self._lines = lines
        self._blobs = blobs
        self._speech = speech
        self._clock = clock
        self._patience = patience
        self._expiry = expiry

    async def look(self) -> None:
        """Nothing while nobody is named who writes. Raises TransientError."""
        due = await self._recordings.untold(iso(self._clock.now()), limit=_AT_ONCE)
        given = await self._transcribers.get() if due else None
        if given:
            await asyncio.gather(*(self._one(document, given) for document in due))

    async def _one(self, document: Document, given: Transcriber) -> None:
        """Claimed for as long as it may take: what a crash leaves is taken up after that."""
        claim = {**document, "text_next_at": iso(self._clock.now() + 2 * self._patience)}
        if not await self._recordings.save(claim):
            return
        claimed = {**claim, "_v": document["_v"] + 1}
        try:
            await self._here(claimed, await self._written(claimed, given))
        except NotWritten as exc:
            await self._settle(claimed, {"text_state": "failed", "text_reason": str(exc)[:500]})
        except Exception as exc:
            await self._later(claimed, str(exc) if isinstance(exc, HubError) else f"{type(exc).__name__}: {exc}")

    async def _written(self, document: Document, given: Transcriber) -> str:
        """Raises NotWritten, and whatever keeps it from being done now."""
        if document["size"] > MOST_BYTES:
            raise NotWritten(f"it has {document['size']:,} bytes; {MOST_BYTES:,} are sent at most")
        line = await self._lines.line(document["line"])
        language = line.flow.language[:2] if line and line.flow else ""
        try:
            content = await self._blobs.get(document["blob"])
        except NotFound as exc:
            raise NotWritten("the recording is not here any more") from exc
        return await self._speech.write(Sound(content, document["content_type"]), given, language=language)

    async def _here(self, document: Document, text: str) -> None:
        kept = text.strip()[:MOST]
        blob = f"transcripts/{document['_id'][-2:]}/{document['_id']}"
        await self._blobs.put(blob, kept.encode())
        seam("telephony.after_transcript")
        about = {"text_state": "ready", "text_reason": "", "text_blob": blob, "text_cut": len(text.strip()) > MOST}
        # Before anybody is told: whoever removes the recording from now on removes this, too.
        if not await self._recordings.save({**document, **about}):
            await self._undone(document["_id"], blob)
            return
        seam("telephony.after_kept_transcript")
        await self._settle({**document, "_v": document["_v"] + 1}, about)

    async def _undone(self, recording_id: str, blob: str) -> None:
        """The recording was removed while it was written down: so is what was said in it. Else another copy of the
        hub was faster, and the words are the same.
        """
        found = await self._recordings.get(recording_id)
        if found is None or found["state"] == "removed":
            await self._blobs.delete([blob])

    async def _later(self, document: Document, words: str) -> None:
        if self._clock.now() - from_iso(document["text_wanted_at"]) >= self._expiry:
            await self._settle(document, {"text_state": "failed", "text_reason": f"given up: {words}"[:500]})
            return
        attempts = document["text_attempts"] + 1
        pause = timedelta(seconds=_PAUSES[min(attempts, len(_PAUSES)) - 1])
        again = {
            "text_attempts": attempts,
            "text_next_at": iso(self._clock.now() + pause),
            "text_reason": words[:500],
        }
        await self._recordings.save({**document, **again})
        log.warning("transcript.waiting", recording=document["_id"], reason=words[:200])

    async def _settle(self, document: Document, changes: Document) -> None:
        """The call tells of it, then it is done: what a crash parts is done once more."""
        told = {"transcript": changes["text_state"], "transcript_reason": changes["text_reason"]}
        told |= {"text_blob": changes["text_blob"]} if "text_blob" in changes else {}
        await self._calls.tell_recording(document["interaction_id"], document["_id"], told)
        bare = {name: value for name, value in document.items() if name != "text_next_at"}
        if await self._recordings.save({**bare, **changes}):
            return
        found = await self._recordings.get(document["_id"])
        if found is not None and found["state"] == "removed":
            removed = {"transcript": "removed", "transcript_reason": "", "text_blob": ""}
            await self._calls.tell_recording(document["interaction_id"], document["_id"], removed)


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _view(found: Transcriber | None) -> TranscriberView:
    return TranscriberView(
        url=found.url if found else "", model=found.model if found else "", has_key=bool(found and found.key)
    )
