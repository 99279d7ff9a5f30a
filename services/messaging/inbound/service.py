"""The rules of receiving: bytes durable first, then the events, then the index (promises 1, 2 and 5)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from hashlib import sha256

from hub.bus.base import Bus
from hub.contracts.base import Envelope, Event, encode
from hub.contracts.interaction import InteractionReceived
from hub.contracts.park import MessageParked, RawPayloadStored
from hub.kit.blobs import Blobs, packed
from hub.kit.clock import Clock, iso
from hub.kit.errors import PermanentError
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.store.base import Document
from services.messaging.inbound.albums import album_event, with_item
from services.messaging.inbound.repository import InboundRepository
from services.messaging.metrics import PARKED, RECEIVED
from services.messaging.models import Account, Payload, Reading, WantedFile

SOURCE = "omnihub/messaging"
GROUP = "messaging"
_FIRST_BYTES = 16
log = Log(__name__)

Read = Callable[[Payload, Account, str, datetime], Reading]
"""What a payload says: from its form, whose it is, the blob key of its bytes, and the time. Never raises."""


class Poison(PermanentError):
    """What the provider handed over cannot be read; its bytes are kept."""

    def __init__(self, message: str, *, sender: str = "", blob: str = "") -> None:
        super().__init__(message)
        self.sender = sender
        self.blob = blob


@dataclass(frozen=True, slots=True)
class Stored:
    """A payload whose bytes are durable, and what it says."""

    fact: RawPayloadStored
    reading: Reading


class Intake:
    """Takes over what providers hand over, a batch at a time; any of it may come again."""

    def __init__(
        self,
        *,
        bus: Bus,
        blobs: Blobs,
        index: InboundRepository,
        read: Read,
        clock: Clock,
        files_wanted: Callable[[str], None],
    ) -> None:
        """`files_wanted` is called with each account that has files to be fetched."""
        self._bus = bus
        self._blobs = blobs
        self._index = index
        self._read = read
        self._clock = clock
        self._files_wanted = files_wanted

    async def take(self, account: Account, payloads: Sequence[Payload]) -> int:
        """How many events were published; when it returns, all of the batch is durable."""
        now = self._clock.now()
        facts = await self._store(account, payloads, now)
        seam("messaging.after_blob")
        stored = [
            Stored(fact, self._read(payload, account, fact.blob, now))
            for fact, payload in zip(facts, payloads, strict=True)
        ]
        return await self._publish(account, await self._whole(stored))

    async def replay(self, fact: RawPayloadStored, account: Account) -> None:
        """Reads a parked payload again.

        Raises:
            Poison: it still cannot be read.
        """
        payload = Payload(kind=fact.kind, raw=await self._blobs.get(fact.blob))
        reading = self._read(payload, account, fact.blob, fact.received_at)
        if reading.unreadable:
            raise Poison(reading.unreadable, sender=reading.sender, blob=fact.blob)
        await self._publish(account, await self._whole([Stored(fact, reading)]))

    async def _whole(self, stored: Sequence[Stored]) -> list[Stored]:
        """Formatted text becomes durable, and items of albums are put together."""
        pages = {_page(one.reading.html): one.reading.html.encode() for one in stored if one.reading.html}
        if pages:
            await self._blobs.put_many(pages)
        shown = [_shown(one) for one in stored]
        albums: dict[str, tuple[Document, bool]] = {}
        for one in shown:
            for event in _items(one.reading):
                album, is_new = await self._index.album(event.id, partial(with_item, event=event))
                albums[event.id] = album, is_new or albums.get(event.id, (album, False))[1]
        told: set[str] = set()
        return [_put_together(one, albums, told) for one in shown]

    async def _store(self, account: Account, payloads: Sequence[Payload], now: datetime) -> list[RawPayloadStored]:
        """All of them as one blob, whose name is the same for the same bytes."""
        digest = sha256(b"".join(sha256(payload.raw).digest() for payload in payloads)).hexdigest()
        key = f"raw/{account.channel}/{account.id}/{digest[:2]}/{digest[2 : 2 + 2 * _FIRST_BYTES]}"
        names, content = packed(key, [payload.raw for payload in payloads])
        await self._blobs.put(key, content)
        return [
            RawPayloadStored(
                channel=account.channel, account=account.id, received_at=now, blob=name, kind=payload.kind
            )
            for name, payload in zip(names, payloads, strict=True)
        ]

    async def _publish(self, account: Account, stored: Sequence[Stored]) -> int:
        now = self._clock.now()
        told = (account.line.stamped(fact) for one in stored for fact in _facts(one, now))
        facts = {fact.event_id(): fact for fact in told}
        known = await self._index.published(facts)
        new = {event_id: fact for event_id, fact in facts.items() if event_id not in known}
        await self._want(account, [file for one in stored for file in one.reading.files], now)
        if new:
            await self._bus.publish([Envelope(event=fact, source=SOURCE, time=now) for fact in new.values()])
        seam("messaging.after_publish")
        await self._index.record(new, iso(now))
        self._count(account, list(new.values()))
        return len(new)

    async def _want(self, account: Account, files: Sequence[WantedFile], now: datetime) -> None:
        """Before the message is told, so that a crash leaves no message that waits for ever."""
        await self._index.want([_file(account, file, now) for file in files])
        if files:
            self._files_wanted(account.id)

    def _count(self, account: Account, facts: Sequence[Event]) -> None:
        parked = [fact for fact in facts if isinstance(fact, MessageParked)]
        for fact in parked:
            log.warning("payload.parked", account=account.id, reason=fact.reason, blob=fact.blob)
        PARKED.labels(account.id).inc(len(parked))
        RECEIVED.labels(account.id).inc(len(facts) - len(parked))


def _facts(stored: Stored, now: datetime) -> Sequence[Event]:
    reading = stored.reading
    if not reading.unreadable:
        return reading.events
    record = encode(Envelope(event=stored.fact, source=SOURCE, time=now))
    poison = Poison(reading.unreadable, sender=reading.sender, blob=stored.fact.blob)
    return [MessageParked.of(record, group=GROUP, error=poison, parked_at=now)]


def _page(html: str) -> str:
    return f"html/messages/{sha256(html.encode()).hexdigest()}"


def _shown(stored: Stored) -> Stored:
    """With the blob key of the formatted text in the event."""
    reading = stored.reading
    if not reading.html:
        return stored
    events = tuple(
        event.model_copy(update={"html": _page(reading.html)}) if isinstance(event, InteractionReceived) else event
        for event in reading.events
    )
    return replace(stored, reading=replace(reading, events=events))


def _items(reading: Reading) -> list[InteractionReceived]:
    """The messages of a reading that are items of an album."""
    return [event for event in reading.events if reading.album and isinstance(event, InteractionReceived)]


def _put_together(stored: Stored, albums: Mapping[str, tuple[Document, bool]], told: set[str]) -> Stored:
    """The first item of each album tells all of it; the others are in that."""
    items = _items(stored.reading)
    if not items:
        return stored
    events = []
    for event in items:
        if event.id not in told:
            told.add(event.id)
            album, is_new = albums[event.id]
            events.append(album_event(album, first=is_new))
    return replace(stored, reading=replace(stored.reading, events=tuple(events)))


def _file(account: Account, file: WantedFile, now: datetime) -> Document:
    return {
        "_id": file.attachment.id,
        "account": account.id,
        "state": "pending",
        "next_at": iso(now),
        "wanted_at": iso(now),
        "attempts": 0,
        "reference": file.reference,
        "interaction_id": file.interaction_id,
        "sender": file.sender,
        "attachment": file.attachment.model_dump(mode="json"),
    }
