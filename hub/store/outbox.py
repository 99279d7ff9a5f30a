"""The outbox: a document is stored together with the events it owes, so that no crash can part the two.

A document that owes holds them in `outbox` and has `owes` true; its collection declares `OWES`. They are published
after the write, then cleared; a sweeper finishes what a crash or a bus that was down has left. An event may therefore
be published more than once, with the same id.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from hub.bus.base import Bus
from hub.contracts.base import Envelope
from hub.contracts.registry import REGISTRY
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import TransientError, Undecodable
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.store.base import Collection, Document, Index

log = Log(__name__)
OWES = Index("owes", sparse=True)
_SECONDS_TO_FINISH = 5.0


def owed(envelopes: Iterable[Envelope]) -> list[dict[str, Any]]:
    """The events as JSON, for the field `outbox`; set `owes` to true beside it."""
    return [
        {
            "type": envelope.event.TYPE,
            "source": envelope.source,
            "time": iso(envelope.time),
            "correlation_id": envelope.correlation_id,
            "causation_id": envelope.causation_id,
            "body": envelope.event.model_dump(mode="json", exclude_none=True),
        }
        for envelope in envelopes
    ]


def envelopes_of(document: Document) -> list[Envelope]:
    """What a document owes, in order.

    Raises:
        Undecodable: this version does not know such an event.
    """
    try:
        return [_envelope(stored) for stored in document.get("outbox") or []]
    except (KeyError, ValidationError) as exc:
        raise Undecodable(f"outbox of {document['_id']}: {exc}") from exc


def _envelope(stored: dict[str, Any]) -> Envelope:
    return Envelope(
        event=REGISTRY.events[stored["type"]].model_validate(stored["body"]),
        source=stored["source"],
        time=from_iso(stored["time"]),
        correlation_id=stored["correlation_id"],
        causation_id=stored["causation_id"],
    )


def owing(document: Document, envelopes: Iterable[Envelope]) -> Document:
    """The document with these events owed too, after those it owes already."""
    return {**document, "outbox": [*(document.get("outbox") or []), *owed(envelopes)], "owes": True}


async def publish_owed(collection: Collection, document: Document, bus: Bus) -> bool:
    """Publishes what the document owes, then clears it.

    `document` is as it is stored now, with that version; if somebody has changed it since, it goes on owing and the
    sweeper clears it. False: the bus or the store is down; it goes on owing, and the sweeper publishes it later.

    Raises:
        Undecodable: this version does not know such an event.
    """
    try:
        await publish_owed_many(collection, [document], bus)
    except TransientError as exc:
        log.warning("outbox.waiting", document=document["_id"], reason=str(exc))
        return False
    return True


async def publish_owed_many(collection: Collection, documents: Sequence[Document], bus: Bus) -> None:
    """The same for several documents, in one step each of bus and store.

    Raises:
        TransientError: the bus or the store did not confirm; they go on owing.
        Undecodable: this version does not know such an event.
    """
    envelopes = [envelope for document in documents for envelope in envelopes_of(document)]
    if not envelopes:
        return
    seam("outbox.before_publish")
    await bus.publish(envelopes)
    seam("outbox.after_publish")
    await collection.swap_many([{**document, "outbox": [], "owes": None} for document in documents])


class Sweeper:
    """Publishes what documents have owed for longer than `interval`, every `interval`."""

    def __init__(self, collections: Sequence[Collection], bus: Bus, clock: Clock, interval: timedelta) -> None:
        self._collections = collections
        self._bus = bus
        self._clock = clock
        self._interval = interval
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if self._task is None:
            self._stopping.clear()
            self._task = asyncio.create_task(self._run(), name="outbox sweeper")

    async def stop(self) -> None:
        """Finishes the sweep in hand, unless the bus keeps it waiting."""
        task, self._task = self._task, None
        if task is None:
            return
        self._stopping.set()
        await asyncio.wait([task], timeout=_SECONDS_TO_FINISH)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def sweep(self) -> int:
        """One round over all collections; how many documents were cleared of what they owed.

        Raises:
            TransientError: the bus or the store is down; what is left stays owed.
        """
        return sum([await self._sweep(collection) for collection in self._collections])

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if swept := await self.sweep():
                    log.info("outbox.swept", documents=swept)
            except TransientError as exc:
                log.warning("outbox.waiting", reason=str(exc))
            except Exception as exc:
                log.error("outbox.failed", exc=exc)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._interval.total_seconds())

    async def _sweep(self, collection: Collection) -> int:
        # Younger ones are most likely being published this very moment by whoever wrote them.
        ripe = iso(self._clock.now() - self._interval)
        swept = 0
        after = None
        while True:
            page = await collection.find({"owes": True}, after=after)
            due = [document for document in page.items if _known(document) and _told(document) <= ripe]
            await publish_owed_many(collection, due, self._bus)
            swept += len(due)
            after = page.next
            if after is None or self._stopping.is_set():
                return swept


def _told(document: Document) -> str:
    return max((event["time"] for event in document.get("outbox") or []), default="")


def _known(document: Document) -> bool:
    """One that cannot be read must not keep the others waiting."""
    try:
        return bool(envelopes_of(document))
    except Undecodable as exc:
        log.error("outbox.unreadable", document=document["_id"], reason=str(exc))
        return False
