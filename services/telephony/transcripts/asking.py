"""A person asks for a transcript: of what failed, or was recorded before its line said so."""

from typing import Protocol

from hub.api.actor import Actor
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict
from hub.store.base import Document
from services.telephony.calls.repository import CallRepository
from services.telephony.lines.models import OurLine
from services.telephony.recordings.repository import RecordingRepository
from services.telephony.recordings.service import Recordings
from services.telephony.transcripts.models import wanted


class Lines(Protocol):
    async def line(self, line_id: str) -> OurLine | None: ...


class Asking:
    """What waits is tried at its time, and what is ready stays as it is."""

    def __init__(
        self,
        recordings: Recordings,
        repository: RecordingRepository,
        calls: CallRepository,
        lines: Lines,
        clock: Clock,
    ) -> None:
        self._recordings = recordings
        self._repository = repository
        self._calls = calls
        self._lines = lines
        self._clock = clock

    async def again(self, recording_id: str, actor: Actor) -> None:
        """The loop that writes takes it up.

        Raises:
            NotFound: he does not see the call, or not all of it.
            Conflict: the recording is not here, or its line does not say that it be written down.
        """
        document = await self._recordings.ready(recording_id, actor)
        if _is_asked(document):
            return
        await self._check(document)
        now = iso(self._clock.now())
        after = await self._repository.amend(document["_id"], lambda one: _asked(one, now))
        if after and after.get("text_wanted_at") == now:
            told = {"transcript": "pending", "transcript_reason": ""}
            await self._calls.tell_recording(document["interaction_id"], document["_id"], told)

    async def _check(self, document: Document) -> None:
        """It leaves the hub for it, so the line has the word."""
        line = await self._lines.line(document["line"])
        if not (line and line.transcribe):
            fix = 'PATCH /api/v1/lines/{id} {"transcribe": true} has it say so'
            raise Conflict(f"its line does not say that what is said is written down; {fix}")


def _is_asked(document: Document) -> bool:
    return document.get("text_state") in ("pending", "ready")


def _asked(document: Document, now: str) -> Document:
    """The same one where somebody asked meanwhile, or it was removed."""
    if _is_asked(document) or document["state"] != "ready":
        return document
    return {**document, **wanted(now), "text_reason": ""}
