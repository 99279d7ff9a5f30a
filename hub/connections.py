"""The connections of a server: how many there may be, how long one may keep it waiting, what they may hold.

Who waits for a head costs a file descriptor, who waits for a body also its bytes. So whoever is slow loses his place
to whoever is not: at a bound the connection that has waited longest for a head is closed, and one that none can be
closed for is refused. Time is counted in looks of the event loop: where the hub is slow, nobody's time runs.
"""

import asyncio
import resource
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from hub.kit.errors import Overloaded, TooManyRequests, TooSlow
from hub.kit.http import RETRY_AFTER
from hub.kit.log import Log
from hub.kit.loop import Loop
from hub.kit.networks import network_of
from hub.settings import HubSettings

LEAST_RATE = 1024
"""Bytes a second that a body must bring at the least, in each of the times that it may take."""
_LOOK = timedelta(seconds=1)
_LOOKS = 4
"""So often is looked at least within the shortest time that somebody has."""
_SHARES = 2
"""One address may hold this part of all bytes in hand."""
_RESERVED = 512
"""File descriptors for everything else: stores, blobs, mail servers, providers."""
_REFUSED = 256
"""So many refused ones may read why at once; more are cut."""
log = Log(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the connections of one server may take."""

    connections: int = 4096
    per_address: int = 512
    """Of one address (IPv6: one /64); of a trusted proxy's callers, requests at once."""
    head: timedelta = timedelta(seconds=10)
    """Until the head of a request is whole."""
    body: timedelta = timedelta(seconds=20)
    """Within each of these a body must bring `LEAST_RATE` bytes a second."""
    answer: timedelta = timedelta(seconds=60)
    """For which somebody may read nothing of his answer."""
    in_hand: int = 256 * 2**20
    """Bytes of bodies in memory."""

    @property
    def look(self) -> timedelta:
        return min(_LOOK, self.head / _LOOKS, self.body / _LOOKS, self.answer / _LOOKS)

    @classmethod
    def of(cls, settings: HubSettings) -> "Bounds":
        return cls(
            connections=settings.connections,
            per_address=settings.connections_per_address,
            head=settings.head_timeout,
            body=settings.body_timeout,
            in_hand=settings.bodies,
        )


class Callers(Protocol):
    """Who is behind a connection."""

    def is_proxy(self, connected: str) -> bool:
        """Whether many are behind it."""
        ...

    def caller(self, connected: str | None, headers: Headers) -> str:
        """The address of who asks by it."""
        ...


class Tracked(Protocol):
    """A connection, as it is ended."""

    @property
    def unread(self) -> int:
        """Bytes of its answers that wait here to be read."""
        ...

    def cut(self, why: str) -> None:
        """At once."""
        ...

    def late(self) -> None:
        """Its head did not come in time."""
        ...


class Place:
    """What one connection takes of a server."""

    def __init__(self, connection: Tracked, key: str) -> None:
        self.connection = connection
        self.key = key
        """What is counted as one with it; empty behind a trusted proxy."""
        self.waited = 0.0
        """Seconds for which it kept us waiting, of which what runs is not counted."""
        self.limit: asyncio.Timeout | None = None
        """Ends the wait for its body."""
        self.brought = 0
        """Bytes of the body in the time that runs."""
        self.writing = False
        """It is to read."""
        self.unread = 0
        """Bytes, at the last look."""


class Connections:
    """Those of one server."""

    def __init__(self, bounds: Bounds | None = None, callers: Callers | None = None) -> None:
        """Without `callers` each connection is one caller's."""
        self.bounds = bounds or Bounds()
        self._callers = callers
        self._places: dict[Place, None] = {}
        self._waiting: dict[str, dict[Place, None]] = {}
        """For a head, by key, those that wait longest first."""
        self._oldest: dict[Place, None] = {}
        """The same of all."""
        self._open: Counter[str] = Counter()
        self._requests: Counter[str] = Counter()
        """In hand, of those behind trusted proxies."""
        self._bytes: Counter[str] = Counter()
        self.in_hand = 0
        """Bytes of bodies in memory."""
        self._leaving: dict[Tracked, int] = {}
        self._refusals = 0
        self._most = min(self.bounds.connections, max(1, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _RESERVED))
        self._looking = Loop("connections", self._look, every=self.bounds.look, first=False)

    def __len__(self) -> int:
        return len(self._places)

    @property
    def requests(self) -> int:
        """In hand."""
        return self._requests.total()

    async def start(self) -> None:
        await self._looking.start()

    async def stop(self) -> None:
        await self._looking.stop()
        for connection in list(self._leaving):
            connection.cut("the server stops")

    def enter(self, connection: Tracked, connected: str) -> Place:
        """Its place among the others, which may cost another one his.

        Raises:
            TooManyRequests: its address has too many.
            Overloaded: all have.
        """
        proxied = self._callers is not None and self._callers.is_proxy(connected)
        key = "" if proxied else network_of(connected)
        if key and self._open[key] >= self.bounds.per_address and not self._cut_of(self._waiting.get(key, {})):
            raise self._refused(TooManyRequests(_too_many(self.bounds.per_address), retry_after=RETRY_AFTER))
        if len(self._places) >= self._most and not self._cut_of(self._oldest):
            raise self._refused(Overloaded(f"{self._most} connections are open; try again in a few seconds"))
        place = Place(connection, key)
        self._places[place] = None
        self._open[key] += 1
        self.awaits_head(place)
        return place

    def leave(self, place: Place) -> None:
        """Harmless for one that left before."""
        if place in self._places:
            del self._places[place]
            self._release(self._open, place.key)
            self._has_head(place)

    def leaves(self, connection: Tracked) -> bool:
        """Whether a refused one may stay to read why; it is cut soon."""
        if len(self._leaving) >= _REFUSED:
            return False
        self._leaving[connection] = 0
        return True

    def left(self, connection: Tracked) -> None:
        self._leaving.pop(connection, None)

    def awaits_head(self, place: Place) -> None:
        """From now on; its time begins."""
        place.waited = 0.0
        if place in self._places:
            self._waiting.setdefault(place.key, {})[place] = None
            self._oldest[place] = None

    def _has_head(self, place: Place) -> None:
        place.waited = 0.0
        if waiting := self._waiting.get(place.key):
            waiting.pop(place, None)
            if not waiting:
                del self._waiting[place.key]
        self._oldest.pop(place, None)

    def _cut_of(self, waiting: dict[Place, None]) -> bool:
        """Closes the one that waits longest; whether there was one."""
        place = next(iter(waiting), None)
        if place is None:
            return False
        place.connection.cut("another one needs its place")
        self.leave(place)
        return True

    def _refused(self, error: TooManyRequests | Overloaded) -> TooManyRequests | Overloaded:
        self._refusals += 1
        return error

    def begin(self, place: Place, scope: Scope, receive: Receive, send: Send) -> "Exchange":
        """A request whose head is here.

        Raises:
            TooManyRequests: the caller behind a trusted proxy has too many in hand.
        """
        caller = place.key or self._caller(scope)
        if not place.key and self._requests[caller] >= self.bounds.per_address:
            raise self._refused(TooManyRequests(_too_many(self.bounds.per_address), retry_after=RETRY_AFTER))
        self._has_head(place)
        self._requests[caller] += 1
        return Exchange(self, place, caller, receive, send)

    def ended(self, place: Place, caller: str, taken: int) -> None:
        """The request is answered, and `taken` bytes of it are no longer in memory."""
        self.in_hand -= taken
        self._release(self._bytes, caller, taken)
        self._release(self._requests, caller)
        self.awaits_head(place)

    def _caller(self, scope: Scope) -> str:
        connected = scope["client"][0] if scope.get("client") else None
        return network_of(self._callers.caller(connected, Headers(scope=scope))) if self._callers else ""

    def take(self, caller: str, size: int) -> None:
        """So many bytes more are in memory.

        Raises:
            Overloaded: there is no room for them.
        """
        share = self.bounds.in_hand // _SHARES
        if self.in_hand + size > self.bounds.in_hand or self._bytes[caller] + size > share:
            self._refusals += 1
            raise Overloaded("too many large requests are being read; try again in a few seconds")
        self.in_hand += size
        self._bytes[caller] += size

    @staticmethod
    def _release(counter: Counter[str], key: str, size: int = 1) -> None:
        counter[key] -= size
        if counter[key] <= 0:
            del counter[key]

    async def _look(self) -> None:
        seconds = self.bounds.look.total_seconds()
        for place in list(self._places):
            self._look_at(place, seconds)
        for connection, looks in list(self._leaving.items()):
            if looks:
                self.left(connection)
                connection.cut("it was refused")
            else:
                self._leaving[connection] = looks + 1
        if self._refusals:
            log.warning("connections.refused", refused=self._refusals, open=len(self._places), bytes=self.in_hand)
            self._refusals = 0

    def _look_at(self, place: Place, seconds: float) -> None:
        if place.writing or (place in self._oldest and place.connection.unread):
            self._look_at_reader(place, seconds)
        elif place in self._oldest:
            place.waited += seconds
            if place.waited >= self.bounds.head.total_seconds():
                place.connection.late()
                self.leave(place)
        elif place.limit is not None:
            place.waited += seconds
            if place.waited >= self.bounds.body.total_seconds():
                self._judge_body(place, place.limit)

    def _look_at_reader(self, place: Place, seconds: float) -> None:
        """Whoever reads something has the same time once more. An answer may be unread after its end."""
        unread = place.connection.unread
        place.waited = place.waited + seconds if unread == place.unread else 0.0
        place.unread = unread
        if place.waited >= self.bounds.answer.total_seconds():
            place.connection.cut("it does not read its answer")

    def _judge_body(self, place: Place, limit: asyncio.Timeout) -> None:
        """One that brought enough has the same time once more."""
        if place.brought < LEAST_RATE * place.waited:
            limit.reschedule(0)
        place.waited, place.brought = 0.0, 0


class Exchange:
    """One request on a connection and its answer."""

    def __init__(self, connections: Connections, place: Place, caller: str, receive: Receive, send: Send) -> None:
        self._connections = connections
        self._place = place
        self._caller = caller
        self._receive = receive
        self._send = send
        self._complete = False
        self._taken = 0

    async def receive(self) -> Message:
        """Raises TooSlow."""
        if self._complete:
            return await self._receive()  # whether he is still there
        try:
            async with asyncio.timeout(None) as self._place.limit:
                message = await self._receive()
        except TimeoutError as exc:
            raise TooSlow from exc
        finally:
            self._place.limit = None
        self._place.brought += len(message.get("body", b""))
        self._complete = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == TooSlow.status_code:
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        kept, self._place.waited, self._place.writing = self._place.waited, 0.0, True
        try:
            await self._send(message)
        finally:
            self._place.waited, self._place.writing = kept, False

    def take(self, size: int) -> None:
        """Raises Overloaded."""
        self._connections.take(self._caller, size)
        self._taken += size

    def end(self) -> None:
        self._connections.ended(self._place, self._caller, self._taken)


def raise_open_files() -> None:
    """As many as the system lets this process have open; what it starts with is often 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (ValueError, OSError) as exc:
            log.warning("files.not_raised", soft=soft, hard=hard, error=str(exc))


def _too_many(most: int) -> str:
    return f"{most} connections from one address are open; close some, or try again in a few seconds"
