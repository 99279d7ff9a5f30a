"""Recordings of calls: shown, played, downloaded; by those who see the call."""

from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from hub.api.actor import Acting
from hub.api.downloads import SAFE_TYPES, UNKNOWN_TYPE
from hub.api.forms import Id
from hub.api.public import Public
from hub.api.rights import Right
from hub.kit.errors import Conflict
from services.telephony.recordings.ranges import asked_for
from services.telephony.recordings.service import Recordings

_SANDBOX = {
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-store",
}


class RecordingView(BaseModel):
    id: str
    interaction_id: str
    kind: str = Field(examples=["call"])
    state: str = Field(description="pending, ready, failed, removed")
    size: int = Field(default=0, description="Bytes")
    seconds: float | None = None
    content_type: str = ""
    reason: str = ""

    @classmethod
    def of(cls, document: dict[str, Any]) -> "RecordingView":
        return cls.model_validate({**document, "id": document["_id"], "reason": document.get("reason") or ""})


def add(routes: Public, recordings: Recordings) -> None:
    @routes.get("/recordings/{id}", right=Right.READ_CORRESPONDENCE, noun="recording")
    async def show_recording(recording_id: Id, actor: Acting) -> RecordingView:
        """What is known of a recording."""
        return RecordingView.of(await recordings.get(recording_id, actor))

    @routes.get(
        "/recordings/{id}/audio",
        right=Right.PLAY_RECORDINGS,
        noun="recording",
        action="play",
        download="audio/wav",
        audited=True,
        refuses=[Conflict],
    )
    async def play_recording(recording_id: Id, actor: Acting, request: Request) -> Response:
        """Listen to a recording, from any place in it (`Range`). It is in the audit that you did."""
        return await _streamed(recordings, recording_id, actor, request, "inline")

    @routes.get(
        "/recordings/{id}/file",
        right=Right.DOWNLOAD_RECORDINGS,
        noun="recording",
        action="download",
        download="audio/wav",
        audited=True,
        refuses=[Conflict],
    )
    async def download_recording(recording_id: Id, actor: Acting, request: Request) -> Response:
        """Keep a recording as a file. It is in the audit that you did."""
        return await _streamed(recordings, recording_id, actor, request, f'attachment; filename="{recording_id}"')


async def _streamed(
    recordings: Recordings, recording_id: str, actor: Acting, request: Request, disposition: str
) -> Response:
    document = await recordings.ready(recording_id, actor)
    size, kind = document["size"], document["content_type"]
    part = asked_for(request.headers.get("range"), size)
    headers = {**_SANDBOX, "Content-Disposition": disposition}
    media_type = kind if kind in SAFE_TYPES else UNKNOWN_TYPE
    if part is None:
        whole = {**headers, "Content-Length": str(size)}
        return StreamingResponse(recordings.stream(document), media_type=media_type, headers=whole)
    if part.length == 0:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    content = await recordings.piece(document, part.start, part.length)
    told = f"bytes {part.start}-{part.start + part.length - 1}/{size}"
    return Response(content, 206, media_type=media_type, headers={**headers, "Content-Range": told})
