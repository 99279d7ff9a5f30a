"""Messages that wait for their time: changed or taken back until they leave, and released when they are due."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from hub.bus.base import Bus
from hub.contracts.base import Envelope
from hub.contracts.interaction import DeliveryState, InteractionChanged, SendMessage
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, InvalidInput, NotFound, TransientError
from hub.kit.html_text import to_text
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.store.base import Document
from hub.store.outbox import owing, publish_owed
from services.interactions.answers import move_on
from services.interactions.models import interaction_from
from services.interactions.moments import leaving
from services.interactions.repository import Repository
from services.interactions.service import SOURCE
from services.interactions.writing import MAX_TEXT

LOOK = timedelta(seconds=0.5)
"""Pause between two looks for what is due."""
_SECONDS_TO_FINISH = 5
log = Log(__name__)


class Rewrite(BaseModel):
    """What shall be different about a message that waits; what is left out stays."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str | None = Field(default=None, min_length=1, max_length=MAX_TEXT)
    html: str | None = Field(default=None, max_length=MAX_TEXT)
    subject: str | None = Field(default=None, max_length=1000)
    send_at: datetime | None = None
    send_at_local: datetime | None = None
    time_zone: str | None = Field(default=None, max_length=100)

    undo_seconds: int | None = Field(default=None, exclude=True, init=False)


class Planned:
    """Whoever swaps the document first decides what becomes of it: the release, a change or the withdrawal."""

    def __init__(self, repository: Repository, bus: Bus, clock: Clock) -> None:
        self._repository = repository
        self._bus = bus
        self._clock = clock

    async def rewrite(self, interaction_id: str, change: Rewrite) -> Document:
        """The message as it waits now.

        Raises:
            NotFound: there is none.
            Conflict: it waits no more.
            InvalidInput: the new time is wrong.
        """
        document = await self._waiting(interaction_id)
        return await self._save(document, self._rewritten(document, change))

    async def cancel(self, interaction_id: str) -> Document:
        """Takes it back. Raises NotFound, and Conflict when it has left."""
        document = await self._waiting(interaction_id)
        delivery = {**document["delivery"], "state": DeliveryState.CANCELLED.value}
        return await self._save(document, _settled({**document, "delivery": delivery}))

    async def release_due(self) -> int:
        """Sends what is due; how many this copy released."""
        released = 0
        now = self._clock.now()
        for document in await self._repository.due(iso(now)):
            released += await self._release(document, now)
        return released

    async def _release(self, document: Document, now: datetime) -> bool:
        delivery = {**document["delivery"], "state": DeliveryState.QUEUED.value}
        request = SendMessage.model_validate(document["command"])
        after = _settled({**document, "delivery": delivery, "at": iso(now)})
        told = self._changed(after)
        after = owing(after, [told, told.caused(request, source=SOURCE, time=now)])
        if not await self._repository.interactions.swap(after):
            return False  # changed, taken back, or released by another copy
        seam("interactions.after_release")
        stored = {**after, "_v": after["_v"] + 1}
        await publish_owed(self._repository.interactions, stored, self._bus)
        await move_on(self._repository, interaction_from(after))
        log.info("message.released", interaction_id=document["_id"])
        return True

    async def _waiting(self, interaction_id: str) -> Document:
        document = await self._repository.interactions.get(interaction_id)
        if document is None:
            raise NotFound(f"there is nothing under {interaction_id}")
        if not document.get("planned"):
            raise Conflict(_past(document))
        return document

    async def _save(self, document: Document, after: Document) -> Document:
        after = owing(after, [self._changed(after)])
        if not await self._repository.interactions.swap(after):
            newer = await self._repository.interactions.get(document["_id"])
            raise Conflict(_past(newer) if newer and not newer.get("planned") else None)
        stored = {**after, "_v": after["_v"] + 1}
        await publish_owed(self._repository.interactions, stored, self._bus)
        return stored

    def _rewritten(self, document: Document, change: Rewrite) -> Document:
        request = SendMessage.model_validate(document["command"])
        news = change.model_dump(exclude_none=True, include={"text", "html", "subject"})
        if "html" in news and "text" not in news:
            news["text"] = to_text(news["html"])
        if "text" in news and "html" not in news:
            news["html"] = None  # it would say what the text said before
        leaves = leaving(change, now=self._clock.now(), undo=timedelta())
        when: dict[str, Any] = {"send_at": iso(leaves), "due_at": iso(leaves), "at": iso(leaves)} if leaves else {}
        if when and change.time_zone:
            when["time_zone"] = change.time_zone
        if not news and not when:
            raise InvalidInput("nothing to change; give text, html, subject, send_at or send_at_local")
        shown = {name: value for name, value in news.items() if name in ("text", "subject")}
        rewritten = request.model_copy(update=news).model_dump(mode="json")
        return {**document, **shown, **when, "command": rewritten}

    def _changed(self, document: Document) -> Envelope:
        change = InteractionChanged(interaction=interaction_from(document), revision=document["_v"] + 1)
        return Envelope(event=change, source=SOURCE, time=self._clock.now())


class Releaser:
    """Looks for what is due; every copy of the service may, one of them wins for each message."""

    def __init__(self, planned: Planned) -> None:
        self._planned = planned
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._stopping.clear()
        self._task = asyncio.create_task(self._run(), name="releaser")

    async def stop(self) -> None:
        """Finishes the look in hand."""
        if self._task is None:
            return
        self._stopping.set()
        await asyncio.wait([self._task], timeout=_SECONDS_TO_FINISH)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._task = None

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._planned.release_due()
            except TransientError as exc:
                log.warning("release.waiting", reason=str(exc))
            except Exception as exc:
                log.error("release.failed", exc=exc)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK.total_seconds()):
                    await self._stopping.wait()


def _settled(document: Document) -> Document:
    """It waits no more."""
    return {name: value for name, value in document.items() if name not in ("planned", "due_at", "command")}


def _past(document: Document) -> str:
    state = (document.get("delivery") or {}).get("state")
    if state == DeliveryState.CANCELLED:
        return "it was taken back already"
    return "it does not wait any more: " + (f"its delivery is {state}" if state else "it came in")
