"""What providers post about calls: kept, then put together with what they posted of the same call before."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import orjson

from hub.bus.base import Bus
from hub.contracts.base import Envelope, encode
from hub.contracts.park import MessageParked, RawPayloadStored
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock, iso
from hub.kit.errors import PermanentError, StoreUnavailable
from hub.kit.seams import seam
from hub.store.amend import TRIES, contended
from hub.store.base import CollectionSpec, Document, Index, Range, Store
from services.telephony.calls.mapping import RECEIVED
from services.telephony.calls.models import Call, Result
from services.telephony.calls.service import Book
from services.telephony.exchanges.models import Exchange, Kind
from services.telephony.metrics import EVENTS, PARKED

POSTS = {kind: CollectionSpec(f"posts_{kind}", (Index("last_at"),)) for kind in ("webhook", "twilio")}
"""By the kind of exchange."""
SOURCE, GROUP = "omnihub/telephony", "telephony"
MOST, MOST_BYTES = 300, 400_000
"""Bodies of one call that are kept, and their bytes; what comes beyond them changes nothing any more."""
_KEY = 32
_AT_ONCE = 200


class Poison(PermanentError):
    """What the provider posted cannot be read; its bytes are kept."""

    def __init__(self, message: str, *, blob: str = "") -> None:
        super().__init__(message)
        self.sender = ""
        self.blob = blob


@dataclass(frozen=True, slots=True)
class Told:
    """One body, and the call that it is about."""

    call: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Post:
    """What was posted, as it is kept."""

    kind: str
    """Which of a provider's posts it is, and as what it came: `calls application/json`."""
    raw: bytes


Read = Callable[[Exchange, Post], Sequence[Told]]
"""What a post tells. Pure; raises ValueError for what cannot be read."""
Fold = Callable[[Exchange, Sequence[Mapping[str, Any]]], Sequence[Call]]
"""The calls of all that was told of one. Pure: the same for the same bodies in any order."""


class Posts:
    """Takes posts over; any of them may come again."""

    def __init__(
        self, kind: Kind, *, store: Store, bus: Bus, blobs: Blobs, book: Book, clock: Clock, read: Read, fold: Fold
    ) -> None:
        """For exchanges of a kind."""
        self._posts = store.collection(POSTS[kind])
        self._bus = bus
        self._blobs = blobs
        self._book = book
        self._clock = clock
        self._read = read
        self._fold = fold

    async def take(self, exchange: Exchange, post: Post) -> list[Document]:
        """The calls that it changed, as they are stored; when it returns, all of it is durable and told."""
        now = self._clock.now()
        digest = sha256(post.kind.encode() + b"\0" + post.raw).hexdigest()[:_KEY]
        blob = f"raw/call/{exchange.id}/{digest[:2]}/{digest}"
        await self._blobs.put(blob, post.raw)
        seam("telephony.after_blob")
        fact = RawPayloadStored(channel="call", account=exchange.id, received_at=now, blob=blob, kind=post.kind)
        try:
            return await self._heard(exchange, post, digest, blob, now.timestamp())
        except ValueError as exc:
            await self._park(fact, exc)
            return []

    async def replay(self, exchange: Exchange, fact: RawPayloadStored) -> None:
        """Reads a parked post again. Raises Poison when it still cannot be read."""
        post = Post(fact.kind, await self._blobs.get(fact.blob))
        digest = fact.blob.rpartition("/")[2]
        try:
            await self._heard(exchange, post, digest, fact.blob, fact.received_at.timestamp())
        except ValueError as exc:
            raise Poison(str(exc), blob=fact.blob) from exc

    async def _heard(self, exchange: Exchange, post: Post, digest: str, blob: str, at: float) -> list[Document]:
        told = self._read(exchange, post)
        EVENTS.labels(exchange.id).inc(len(told))
        calls: list[Call] = []
        for place, one in enumerate(told):
            stored = await self._add(exchange, one, f"{digest}/{place}", at)
            calls += self._fold(exchange, [body["body"] for body in stored["bodies"]])
        seam("telephony.after_heard")
        documents = await self._book.take(exchange, calls, raw=blob)
        seam("telephony.after_calls")
        return documents

    async def _add(self, exchange: Exchange, told: Told, digest: str, at: float) -> Document:
        """All that is known of the call, whoever adds to it at that moment. Of a body the first arrival counts."""
        post_id = f"{exchange.id}/{sha256(told.call.encode()).hexdigest()[:_KEY]}"
        body = {"digest": digest, "body": {**told.body, RECEIVED: at}}
        for attempt in range(TRIES):
            stored = await self._posts.get(post_id)
            if stored is None:
                fresh = self._fresh(post_id, exchange, told.call, body)
                if await self._posts.insert(fresh):
                    return fresh
            else:
                if any(one["digest"] == digest for one in stored["bodies"]) or _is_full(stored):
                    return stored
                changed = {**stored, "bodies": [*stored["bodies"], body], "last_at": iso(self._clock.now())}
                if await self._posts.swap(changed):
                    return changed
            await contended(attempt)
        raise StoreUnavailable("posts about one call come too fast; try again")

    def _fresh(self, post_id: str, exchange: Exchange, call: str, body: Document) -> Document:
        now = iso(self._clock.now())
        return {"_id": post_id, "exchange": exchange.id, "call": call, "bodies": [body], "last_at": now}

    async def let_go(self, limit: timedelta, opened: Callable[[str], Awaitable[Exchange | None]]) -> None:
        """What nothing was posted of for so long is over: a call without an end is closed, and marked so."""
        until = iso(self._clock.now() - limit)
        page = await self._posts.find({"last_at": Range(since="", until=until)}, order="last_at", limit=_AT_ONCE)
        for document in page.items:
            exchange = await opened(document["exchange"])
            if exchange:
                bodies = [one["body"] for one in document["bodies"]]
                calls = [_closed(call, bodies) for call in self._fold(exchange, bodies) if not call.complete]
                await self._book.take(exchange, calls)
            await self._posts.delete(document)

    async def _park(self, fact: RawPayloadStored, error: ValueError) -> None:
        now = self._clock.now()
        record = encode(Envelope(event=fact, source=SOURCE, time=now))
        poison = Poison(str(error), blob=fact.blob)
        parked = MessageParked.of(record, group=GROUP, error=poison, parked_at=now)
        await self._bus.publish([Envelope(event=parked, source=SOURCE, time=now)])
        PARKED.labels(fact.account).inc()


def _closed(call: Call, bodies: Sequence[Mapping[str, Any]]) -> Call:
    """A call of which no end was told, as it was known last."""
    last = max(body[RECEIVED] for body in bodies)
    unsure = tuple(sorted({*call.unsure, "ended_at"}))
    result = call.result or Result.MISSED
    return replace(call, complete=True, closed_by_limit=True, ended_at=last, result=result, unsure=unsure)


def _is_full(stored: Document) -> bool:
    return len(stored["bodies"]) >= MOST or len(orjson.dumps(stored)) >= MOST_BYTES
