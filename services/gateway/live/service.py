"""The live stream: one reader of the bus for each process, any number of listeners, each resuming where he was."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from prometheus_client import Gauge

from hub.api.actor import Actor
from hub.bus.base import Bus, Reader
from hub.contracts.base import Record
from hub.kit.errors import BusUnavailable, HubError
from hub.kit.log import Log
from services.gateway.errors import BadEventId
from services.gateway.live.position import NAMES, Vector, decode, encode, now_everywhere, ordered
from services.gateway.live.ring import Entry, Ring
from services.gateway.live.scopes import Scopes
from services.gateway.live.shown import About, Telling
from services.gateway.live.waiting import Waiting
from services.gateway.live.watch import Ticket, Watch

log = Log(__name__)
LISTENERS = Gauge("hub_live_listeners", "Connections to the live stream")
PIECE = 64 * 1024
"""Bytes of events sent in one piece, unless a single one is larger (at most 1 MB); as much again may wait in the
connection before a send waits. So a listener takes about 192 KiB of ours at the most, and one large event."""
_FIRST_READ, _MOST_READ = 16, 200
"""Records read from the bus at once for a listener who is caught up."""
_RECONNECT_MS = 2_000
_BACK_OFF = 1.0
_AHEAD_LOOKS = 2
_AHEAD_WAITS = 100
"""Tenths of a second for which a place that is ahead of us is waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveLimits:
    """How much is kept in memory, and how often a silent stream says that it is alive."""

    events: int
    size: int
    """Bytes."""
    waiting: int
    """Bytes of events that may come while a listener does not take what was sent to him."""
    heartbeat: timedelta


class Live:
    """Shows what is published, as server-sent events (WHATWG HTML, section 9.2)."""

    def __init__(self, bus: Bus, limits: LiveLimits, watch: Watch, scopes: Scopes) -> None:
        self._bus = bus
        self._scopes = scopes
        self.watch = watch
        self.waiting = Waiting(limits.waiting)
        self._limits = limits
        self._ring: Ring | None = None
        self._pump: asyncio.Task[None] | None = None
        self._stopping = False
        self._empty_reads = 0

    async def start(self) -> None:
        """Returns when events from now on will be seen; waits for the bus as long as it takes."""
        reader = await self._open(now_everywhere())
        limits = self._limits
        at = ordered(reader.positions())
        self._ring = Ring(at, events=limits.events, size=limits.size, waiting=self.waiting)
        self._pump = asyncio.create_task(self._read(reader, self._ring))
        await self.watch.start()

    async def stop(self) -> None:
        """Says goodbye to every listener; they reconnect to another gateway, or later."""
        self._stopping = True
        await self.watch.stop()
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.wait([self._pump])
        if self._ring is not None:
            self._ring.wake()

    async def place(self, last_event_id: str | None) -> Vector:
        """Where to begin: after the event with this id, or from now.

        Raises:
            BadEventId: it is no id of ours, or of events that this bus has never seen.
            BusUnavailable: the stream has not started yet, or cannot be read.
        """
        if self._ring is None:
            raise BusUnavailable
        if not last_event_id:
            return dict(self._ring.end)
        vector = decode(last_event_id, self._ring.end)
        await self._refuse_ahead(vector, self._ring)
        return vector

    async def events(
        self, vector: Vector, wanted: About, *, access_id: str, who: Callable[[str, str], Actor]
    ) -> AsyncIterator[str]:
        """The text of the stream from a `place` on, in pieces; ends with an event that says why.

        `who` says who listens, with his role of the moment, and whose of such things (a noun) he reads: what he does
        not see he does not hear of.
        """
        assert self._ring is not None
        LISTENERS.inc()
        try:
            with self.watch.over(access_id, self._ring.wake) as ticket:
                listener = _Listener(dict(vector), wanted, lambda noun: who(ticket.role, noun), self._scopes)
                yield f"retry: {_RECONNECT_MS}\n{listener.mark()}"
                async for piece in self._catch_up(listener, self._ring, ticket):
                    yield piece
                async for piece in self._follow(listener, self._ring, ticket):
                    yield piece
        finally:
            LISTENERS.dec()

    async def _catch_up(self, listener: "_Listener", ring: Ring, ticket: Ticket) -> AsyncIterator[str]:
        """What is older than the ring, read from the bus again."""
        if ring.covers(listener.vector):
            listener.number = ring.first
            return
        reader = await self._bus.reader(NAMES, at=listener.vector)
        most = _FIRST_READ
        try:
            while not self._stopping and not ticket.reason:
                entries = [Entry(record) for record in await reader.read(max_records=most)]
                most = _next_read(entries)
                await self._prepare(listener, entries, ticket)
                for piece in listener.pieces(entries):
                    if ticket.reason:
                        return
                    yield piece
                listener.passed(reader.positions())
                listener.number = ring.first
                if ring.covers(listener.vector):
                    return
        finally:
            await reader.close()

    async def _follow(self, listener: "_Listener", ring: Ring, ticket: Ticket) -> AsyncIterator[str]:
        heartbeat = self._limits.heartbeat.total_seconds()
        while not self._stopping and not ticket.reason:
            changed = ring.changed
            entries = ring.since(listener.number, PIECE)
            if entries is None:
                yield _farewell(
                    "cut_off", "you read too slowly; reconnect with Last-Event-ID to go on where you were"
                )
                return
            listener.number += len(entries)
            await self._prepare(listener, entries, ticket)
            if ticket.reason:
                break
            if piece := listener.told(entries):
                yield piece
            elif entries:
                # Whoever wants none of many events must not keep the others from theirs.
                await asyncio.sleep(0)
            if not entries and not await _within(heartbeat, changed):
                yield f": alive\n{listener.mark()}"
        if ticket.reason:
            yield _farewell("logged_out", ticket.reason)
        else:
            yield _farewell("stopping", "the hub is stopping; reconnect with Last-Event-ID")

    async def _prepare(self, listener: "_Listener", entries: Sequence[Entry], ticket: Ticket) -> None:
        """Waits until it is known who sees what these are about: nobody hears of anything before."""
        while not self._stopping and not ticket.reason:
            try:
                await self._scopes.know(listener.wanted(entries))
                return
            except HubError as exc:
                log.warning("live.scopes_unknown", reason=str(exc))
                await asyncio.sleep(_BACK_OFF)

    async def _refuse_ahead(self, vector: Vector, ring: Ring) -> None:
        """Another gateway may have seen a little more than this one; an id of another data folder is refused."""
        looks = self._empty_reads + _AHEAD_LOOKS
        for _ in range(_AHEAD_WAITS):
            if all(offset <= ring.end[place] for place, offset in vector.items()):
                return
            if self._empty_reads >= looks:
                raise BadEventId(fields={"Last-Event-ID": "of events this hub does not have; connect without it"})
            await asyncio.sleep(0.1)
        # The bus is away, or always busy: whoever comes again may find it otherwise.
        raise BusUnavailable

    async def _open(self, at: Vector) -> Reader:
        while True:
            try:
                return await self._bus.reader(NAMES, at=at)
            except BusUnavailable as exc:
                log.warning("live.waiting", reason=str(exc))
                await asyncio.sleep(_BACK_OFF)

    async def _read(self, reader: Reader, ring: Ring) -> None:
        while True:
            try:
                records: list[Record] = await reader.read()
                ring.add(records)
                self._empty_reads += not records
            except Exception as exc:
                # Whatever it is: a stream that stands still for good would look like a quiet day.
                log.error("live.interrupted", exc=exc)
                await asyncio.sleep(_BACK_OFF)
                with suppress(HubError):
                    await reader.close()
                reader = await self._open(ring.end)


class _Listener:
    """One connection: what it wants and where it is."""

    def __init__(self, vector: Vector, wanted: About, who: Callable[[str], Actor], scopes: Scopes) -> None:
        self.vector = vector
        self._who = who
        self._scopes = scopes
        self.number = 0
        """Of the next entry of the ring."""
        self._wanted = wanted

    def wanted(self, entries: Iterable[Entry]) -> Iterator[Telling]:
        """What of them it wants to hear about, seen or not."""
        for entry in entries:
            telling = entry.told() if entry.offset >= self.vector[entry.place] else None
            if telling and self._wanted.wants(telling.about):
                yield telling

    def told(self, entries: Iterable[Entry]) -> str:
        """The text of those it has not had yet and wants to hear."""
        return "".join(self._tell(entry) for entry in entries)

    def pieces(self, entries: Iterable[Entry]) -> Iterator[str]:
        """The same in pieces of `PIECE` bytes, or of one event."""
        held: list[str] = []
        size = 0
        for entry in entries:
            if held and size + entry.size > PIECE:
                yield "".join(held)
                held, size = [], 0
            if text := self._tell(entry):
                held.append(text)
                size += entry.size
        if held:
            yield "".join(held)

    def passed(self, positions: Vector) -> None:
        """Everything before `positions` was read; retention may have dropped some of it."""
        self.vector = {place: max(offset, positions.get(place, 0)) for place, offset in self.vector.items()}

    def mark(self) -> str:
        """Moves the client's Last-Event-ID without an event, so that silence does not make the way back long."""
        return f"id: {encode(self.vector)}\n\n"

    def _tell(self, entry: Entry) -> str:
        if entry.offset < self.vector[entry.place]:
            return ""
        self.vector[entry.place] = entry.offset + 1
        telling = entry.told()
        if telling is None or not self._wanted.wants(telling.about):
            return ""
        actor = self._who(telling.noun)
        level = self._scopes.level(telling, actor)
        if level == "nothing":
            return ""
        data = entry.data(level, actor.hides, actor.reach)
        return f"id: {encode(self.vector)}\nevent: {telling.type}\ndata: {data}\n\n"


def _next_read(entries: Sequence[Entry]) -> int:
    """How many records to read next, so that they take about two pieces."""
    if not entries:
        return _FIRST_READ
    average = sum(entry.size for entry in entries) // len(entries)
    return max(1, min(_MOST_READ, 2 * PIECE // max(1, average)))


def _farewell(event: str, reason: str) -> str:
    return f'event: {event}\ndata: {{"reason": "{reason}"}}\n\n'


async def _within(seconds: float, changed: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await changed.wait()
    except TimeoutError:
        return False
    return True
