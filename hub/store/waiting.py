"""News about what is not here yet: it waits under the name of that thing, and is taken when the thing is stored.

Topics have no order between them, and a parked arrival may be replayed after its news. Whoever stores a thing takes
what waits for it; whoever puts something down to wait looks once more, for the thing may have come in that moment.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta

from hub.bus.base import Bus
from hub.bus.deadletters import park
from hub.contracts.base import Envelope, Record, encode
from hub.contracts.registry import REGISTRY
from hub.kit.clock import Clock, iso
from hub.kit.errors import PermanentError, TransientError, Undecodable
from hub.kit.log import Log
from hub.kit.loop import Loop
from hub.store.base import Collection, Document, In, Index, Range

log = Log(__name__)
BY_NAME, SINCE = Index("name", "since"), Index("since")
"""A collection of what waits declares both."""
PATIENCE = timedelta(days=1)
_LOOK = timedelta(minutes=1)
_AT_ONCE = 1000


Apply = Callable[[Sequence[Envelope]], Awaitable[list[tuple[str, Envelope]]]]
"""Takes news, which may come twice; what still cannot be placed, with the names it waits for."""


class NeverCame(PermanentError):
    """What this is about never came; replay it when it has, or discard it."""


class Waiting:
    """What waits in one collection. After `PATIENCE` it becomes a dead letter of `group`."""

    def __init__(self, collection: Collection, bus: Bus, clock: Clock, *, source: str, group: str) -> None:
        self._waiting = collection
        self._bus = bus
        self._clock = clock
        self._source = source
        self._group = group
        self._loop = Loop("waiting news", self.expire, every=_LOOK)

    async def start(self) -> None:
        await self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()

    async def put(self, news: Iterable[tuple[str, Envelope]]) -> None:
        """Lets each wait under its name; what waits already does not wait twice."""
        since = iso(self._clock.now())
        documents = [_document(name, envelope, since, place) for place, (name, envelope) in enumerate(news)]
        await self._waiting.insert_many(documents)
        for document in documents:
            log.info("news.waiting", type=document["type"], name=document["name"])

    async def deliver(self, names: Sequence[str], apply: Apply) -> None:
        """Hands on what waits under these names, all together, in the order in which it came.

        What fails for good is parked by itself: neither the rest nor the thing it waited for is to suffer.
        """
        for first in range(0, len(names), _AT_ONCE):
            more = True
            while more:
                more = await self._deliver(names[first : first + _AT_ONCE], apply)

    async def _deliver(self, names: Sequence[str], apply: Apply) -> bool:
        """Whether there may be more."""
        page = await self._waiting.find({"name": In(names)}, order="since", limit=_AT_ONCE)
        found = await self._read(sorted(page.items, key=lambda one: (one["since"], one["place"])))
        if not found:
            return False
        try:
            done = await self._hand(found, apply)
        except TransientError:
            raise
        except Exception:
            for one in found:
                await self._hand_alone(one, apply)
            done = len(found)
        return page.next is not None and done > 0

    async def _read(self, documents: Sequence[Document]) -> list[tuple[Document, Envelope]]:
        """One that cannot be read is parked by itself."""
        found: list[tuple[Document, Envelope]] = []
        for document in documents:
            try:
                found.append((document, REGISTRY.decode(_record(document))))
            except Undecodable as exc:
                await self._park(document, exc)
        return found

    async def _hand(self, found: Sequence[tuple[Document, Envelope]], apply: Apply) -> int:
        """How many are placed now."""
        still = {envelope.id for _, envelope in await apply([envelope for _, envelope in found])}
        done = [document["_id"] for document, envelope in found if envelope.id not in still]
        return await self._waiting.delete_many(done)

    async def _hand_alone(self, found: tuple[Document, Envelope], apply: Apply) -> None:
        try:
            await self._hand([found], apply)
        except TransientError:
            raise
        except Exception as exc:
            await self._park(found[0], exc)

    async def expire(self) -> None:
        """Parks what has waited for too long; each by itself."""
        oldest = iso(self._clock.now() - PATIENCE)
        page = await self._waiting.find({"since": Range(since="", until=oldest)}, order="since", limit=_AT_ONCE)
        for document in page.items:
            try:
                await self._park(document, NeverCame(f"{document['type']} waited in vain for {document['name']}"))
            except TransientError:
                raise
            except Exception as exc:
                log.error("news.unparked", exc=exc, type=document.get("type"))

    async def _park(self, document: Document, error: Exception) -> None:
        await park(
            self._bus, _record(document), group=self._group, error=error, source=self._source, clock=self._clock
        )
        await self._waiting.delete(document)


def _document(name: str, envelope: Envelope, since: str, place: int) -> Document:
    record = envelope.record or encode(envelope)
    return {
        "_id": envelope.id,
        "name": name,
        "since": since,
        "place": place,
        "type": envelope.event.TYPE,
        "topic": record.topic,
        "key": record.key.decode(),
        "value": record.value.decode(),
        "headers": [[header, value.decode()] for header, value in record.headers],
    }


def _record(document: Document) -> Record:
    return Record(
        topic=document["topic"],
        key=document["key"].encode(),
        value=document["value"].encode(),
        headers=[(header, value.encode()) for header, value in document["headers"]],
    )
