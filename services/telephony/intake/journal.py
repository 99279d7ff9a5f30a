"""What an exchange said, kept before it counts: pieces of its stream in order, to be read again after a crash."""

import gzip
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import orjson

from hub.kit.blobs import Blobs
from hub.kit.clock import Clock, iso
from hub.kit.errors import NotFound
from hub.kit.every import pages
from hub.kit.ids import fresh
from hub.kit.seams import seam
from hub.store.base import CollectionSpec, Document, Index, Range, Store, Where
from services.telephony.errors import Overtaken

HEARD = CollectionSpec("heard", (Index("exchange", "place"), Index("at")))
PLACES = CollectionSpec("places")
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of one connection."""

    place: int
    """Among all pieces of the exchange, from 1."""
    connection: int
    arrived: float
    """Seconds since 1970."""
    raw: bytes


class Journal:
    """The pieces of one exchange. Who writes one at a place that is taken has been overtaken by another copy."""

    def __init__(self, exchange: str, *, store: Store, blobs: Blobs, clock: Clock) -> None:
        self._exchange = exchange
        self._store = store
        self._heard = store.collection(HEARD)
        self._places = store.collection(PLACES)
        self._blobs = blobs
        self._clock = clock
        self._last = 0
        self._connection = 0
        self._floor = 0
        self._version: int | None = None
        self._gone = ""
        self._token = fresh("jr")

    async def open(self) -> None:
        """Finds where it ends. Raises StoreUnavailable."""
        page = await self._heard.find({"exchange": self._exchange}, order="place", descending=True, limit=1)
        self._last = page.items[0]["place"] if page.items else 0
        self._connection = page.items[0]["connection"] if page.items else 0
        stored = await self._places.get(self._exchange)
        self._floor = stored["floor"] if stored else 0
        self._version = stored["_v"] if stored else None
        self._gone = stored["gone"] if stored else ""
        await self._take_in()

    async def _take_in(self) -> None:
        """A piece whose bytes are durable and that a crash kept from being written down: it was the last one."""
        for connection in (self._connection, self._connection + 1):
            blob = self._blob(self._last + 1, connection)
            try:
                arrived, raw = _unpacked(await self._blobs.get(blob))
            except NotFound:
                continue
            self._connection = connection
            await self.add(raw, arrived)
            return

    def _blob(self, place: int, connection: int) -> str:
        return f"raw/call/{self._exchange}/{place // 1000:06d}/{place:09d}-{connection}"

    def connected(self) -> None:
        """A new connection begins."""
        self._connection += 1

    async def add(self, raw: bytes, arrived: float) -> Piece:
        """Durable when it returns.

        Raises:
            Overtaken: another copy of the hub writes this journal.
            StoreUnavailable, BlobsUnavailable
        """
        piece = Piece(self._last + 1, self._connection, arrived, raw)
        blob = self._blob(piece.place, piece.connection)
        await self._blobs.put(blob, gzip.compress(f"{arrived!r}\n".encode() + raw, compresslevel=1))
        seam("telephony.after_blob")
        place = f"{self._exchange}/{piece.place:012d}"
        document = {
            "_id": place,
            "exchange": self._exchange,
            "place": piece.place,
            "connection": piece.connection,
            "arrived": arrived,
            "blob": blob,
            "at": iso(self._clock.now()),
            "by": self._token,
        }
        if not await self._heard.insert(document) and not await self._is_ours(place):
            raise Overtaken
        seam("telephony.after_heard")
        self._last = piece.place
        return piece

    async def _is_ours(self, place: str) -> bool:
        """Whether it is there from an earlier try, whose confirmation was lost."""
        stored = await self._heard.get(place)
        return stored is not None and stored.get("by") == self._token

    async def read(self) -> AsyncIterator[Piece]:
        """All from the floor on, in order."""
        where: Where = {"exchange": self._exchange, "place": Range(since=self._floor)}
        async for found in pages(lambda after: self._heard.find(where, order="place", limit=_AT_ONCE, after=after)):
            for one in found:
                yield await self._piece(one)

    async def _piece(self, document: Document) -> Piece:
        _, raw = _unpacked(await self._blobs.get(document["blob"]))
        return Piece(document["place"], document["connection"], document["arrived"], raw)

    async def settle(self, floor: int, gone: Mapping[str, float]) -> None:
        """What lies before this place is not needed any more to know what goes on now; `gone` was let go since.

        Raises:
            Overtaken: another copy of the hub writes this journal.
        """
        if floor <= self._floor:
            return
        blob = f"raw/call/{self._exchange}/gone/{floor:09d}"
        await self._blobs.put(blob, gzip.compress(orjson.dumps(gone), compresslevel=1))
        document: Document = {"_id": self._exchange, "floor": floor, "gone": blob}
        if self._version is None:
            saved = await self._places.insert(document)
        else:
            saved = await self._places.swap({**document, "_v": self._version})
        if not saved:
            raise Overtaken
        before, self._gone = self._gone, blob
        self._floor, self._version = floor, (self._version or 0) + 1
        if before:
            await self._blobs.delete([before])

    async def gone(self) -> dict[str, float]:
        """What had been let go when it was settled last."""
        if not self._gone:
            return {}
        found: dict[str, float] = orjson.loads(gzip.decompress(await self._blobs.get(self._gone)))
        return found

    @property
    def end(self) -> int:
        """The place of the newest piece."""
        return self._last


def _unpacked(packed: bytes) -> tuple[float, bytes]:
    """When it came, and the bytes."""
    arrived, _, raw = gzip.decompress(packed).partition(b"\n")
    return float(arrived), raw


class Cleaner:
    """Removes what was kept for long enough."""

    def __init__(self, *, store: Store, blobs: Blobs, clock: Clock, retention: timedelta) -> None:
        self._heard = store.collection(HEARD)
        self._places = store.collection(PLACES)
        self._blobs = blobs
        self._clock = clock
        self._retention = retention

    async def clean(self) -> int:
        """How many pieces were removed; those from the floor on stay however old they are."""
        oldest = iso(self._clock.now() - self._retention)
        page = await self._heard.find({"at": Range(since="", until=oldest)}, order="at", limit=_AT_ONCE)
        floors = await self._places.get_many({one["exchange"] for one in page.items})
        gone = [one for one in page.items if one["place"] < floors.get(one["exchange"], {}).get("floor", 0)]
        await self._blobs.delete([one["blob"] for one in gone])
        return await self._heard.delete_many([one["_id"] for one in gone])
