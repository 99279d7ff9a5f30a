"""One HTTP connection of the server: it has a place among the others, and can be ended at once."""

import asyncio
import contextlib
import os
import socket
import struct
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from hub.connections import Connections, Place
from hub.kit.errors import HubError, TooManyRequests
from hub.kit.http import ABORT, IN_HAND, problem_of
from hub.kit.log import Log

_LATE = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
log = Log(__name__)


class Connection(AutoHTTPProtocol):  # type: ignore[valid-type, misc]
    """Lets the application end a connection at once; ASGI itself knows only an end that waits for the client."""

    app: ASGIApp

    def __init__(self, *args: Any, connections: Connections, **options: Any) -> None:
        super().__init__(*args, **options)
        self._connections = connections
        self._place: Place | None = None
        """None: it was refused."""
        self._spoke = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        connected = (transport.get_extra_info("peername") or ("-",))[0]
        try:
            self._place = self._connections.enter(self, str(connected))
        except HubError as exc:
            self._refuse(transport, problem_of(exc))
            return
        super().connection_made(transport)
        self.app = _tracked(self.app, transport, self._connections, self._place)

    def data_received(self, data: bytes) -> None:
        if self._place is not None:
            self._spoke = True
            super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.left(self)
        if self._place is not None:
            self._connections.leave(self._place)
            super().connection_lost(exc)

    @property
    def unread(self) -> int:
        return self._transport.get_write_buffer_size() if self._transport else 0

    def cut(self, why: str) -> None:
        log.debug("connection.cut", why=why)
        if self._transport is not None:
            _abort(self._transport)

    def late(self) -> None:
        """Who said nothing is told nothing."""
        if self._transport is not None and self._spoke:
            self._transport.write(_LATE)
        if self._transport is not None:
            self._transport.close()

    def _refuse(self, transport: asyncio.Transport, response: Response) -> None:
        """What he still sends is read for a moment: else the kernel would take the answer back with it."""
        if not self._connections.leaves(self):
            _abort(transport)
            return
        transport.write(_written(response))
        transport.write_eof()


def _written(response: Response) -> bytes:
    headers = [*response.raw_headers, (b"connection", b"close")]
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    return b"HTTP/1.1 %d \r\n%b\r\n%b" % (response.status_code, lines, bytes(response.body))


def _tracked(app: ASGIApp, transport: asyncio.Transport, connections: Connections, place: Place) -> ASGIApp:
    async def tracked(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            exchange = connections.begin(place, scope, receive, send)
        except TooManyRequests as exc:
            await problem_of(exc)(scope, receive, send)
            return
        scope.setdefault("extensions", {}).update({ABORT: lambda: _abort(transport), IN_HAND: exchange.take})
        try:
            await app(scope, exchange.receive, exchange.send)
        finally:
            exchange.end()

    return tracked


def _abort(transport: asyncio.Transport) -> None:
    """Also the kernel forgets what it has not sent: else it would keep megabytes of it for a quarter of an hour."""
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
