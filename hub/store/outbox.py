"""The sweeper of what documents owe: publishes what a crash, or a bus that was down, has left."""

from collections.abc import Sequence
from datetime import timedelta

import orjson

from hub.bus.base import Bus
from hub.bus.deadletters import park
from hub.contracts.base import Record, encode
from hub.kit.clock import Clock, iso
from hub.kit.errors import TransientError, Undecodable
from hub.kit.log import Log
from hub.kit.loop import Loop
from hub.store.base import Document
from hub.store.told import Told, tell

log = Log(__name__)
_GROUP = "outbox"
"""Of dead letters whose event could never be published."""
_PAGE = 200
_NEWER = timedelta(days=1)


class Sweeper:
    """Publishes what documents have owed for longer than `interval`, every `interval`.

    Each document stands for itself: what can never be published is parked with its reason, and the rest goes on.
    """

    def __init__(self, collections: Sequence[Told], bus: Bus, clock: Clock, interval: timedelta) -> None:
        self._collections = collections
        self._bus = bus
        self._clock = clock
        self._interval = interval
        self._loop = Loop("outbox", self.sweep, every=interval)

    async def start(self) -> None:
        await self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()

    async def sweep(self) -> int:
        """One round over all collections; how many documents were cleared of what they owed.

        Raises:
            TransientError: the bus or the store is down; what is left stays owed.
        """
        swept = sum([await self._sweep(told) for told in self._collections])
        if swept:
            log.info("outbox.swept", documents=swept)
        return swept

    async def _sweep(self, told: Told) -> int:
        # Younger ones are most likely being published this very moment by whoever wrote them.
        ripe = iso(self._clock.now() - self._interval)
        swept = 0
        after = None
        while True:
            page = await told.find({"owes": True}, after=after, limit=_PAGE)
            due = [document for document in page.items if _owed_at(document) <= ripe]
            await self._settle(told, due)
            swept += len(due)
            after = page.next
            if after is None or self._loop.stopping:
                return swept

    async def _settle(self, told: Told, documents: Sequence[Document]) -> None:
        """All together; where that fails for good, one by one to find whose fault it is."""
        try:
            for document in documents:
                told.envelopes(document)
            await tell((told, documents))
        except TransientError:
            raise
        except Exception as exc:
            if len(documents) == 1:
                await self._park(told, documents[0], exc)
                return
            for document in documents:
                await self._settle(told, [document])

    async def _park(self, told: Told, document: Document, error: Exception) -> None:
        """A person sees it, with what it would have told; the document stays and owes no more.

        An event that this version does not know may be a newer copy's, which will publish it: it has a day for that.
        """
        if isinstance(error, Undecodable) and _owed_at(document) > iso(self._clock.now() - _NEWER):
            log.error("outbox.unreadable", document=document["_id"], reason=str(error))
            return
        for record in _records(told, document):
            await park(self._bus, record, group=_GROUP, error=error, source=told.source, clock=self._clock)
        await told.clear([document])
        log.error("outbox.parked", document=document["_id"], exc=error)


def _records(told: Told, document: Document) -> list[Record]:
    """The events as they would be published, or where they cannot be made, what was stored of them."""
    try:
        return [encode(envelope) for envelope in told.envelopes(document)]
    except Undecodable:
        value = orjson.dumps(document.get("outbox"))
        return [Record(topic=_GROUP, key=str(document["_id"]).encode(), value=value)]


def _owed_at(document: Document) -> str:
    return max((str(event["time"]) for event in document.get("outbox") or ()), default="")
