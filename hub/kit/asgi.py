"""Asks an application of this process over HTTP, with bodies that stream both ways.

httpx's own transport for applications holds each body as a whole, and gives its beginning after its end.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
from starlette.types import ASGIApp, Message, Scope

_AHEAD = 4
"""Pieces of an answer that the application may be ahead of its reader."""


class InProcess(httpx.AsyncBaseTransport):
    """A transport that leads to an application instead of a socket."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises what the application raises before it answers; what it raises later is in its own log."""
        exchange = _Exchange(request)
        answering = asyncio.create_task(self._answer(exchange, _scope_of(request)))
        try:
            await exchange.begun.wait()
        except asyncio.CancelledError:
            await _ended(answering)
            raise
        if exchange.start is None:
            await answering
            raise httpx.RemoteProtocolError("the application gave no answer", request=request)
        start = exchange.start
        return httpx.Response(start["status"], headers=start["headers"], stream=_Pieces(exchange, answering))

    async def _answer(self, exchange: "_Exchange", scope: Scope) -> None:
        try:
            await self._app(scope, exchange.receive, exchange.send)
        finally:
            exchange.begun.set()
            exchange.pieces.put_nowait(None)


class _Exchange:
    """One request and its answer, on their way."""

    def __init__(self, request: httpx.Request) -> None:
        self.begun = asyncio.Event()
        self.start: Message | None = None
        self.pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        """None: that was all."""
        self.complete = False
        self._room = asyncio.Semaphore(_AHEAD)
        assert isinstance(request.stream, httpx.AsyncByteStream)
        self._body = aiter(request.stream)
        self._asked = False

    async def receive(self) -> Message:
        if self._asked:
            await asyncio.Event().wait()  # until the task is cancelled: who asks is still there
        try:
            return {"type": "http.request", "body": await anext(self._body), "more_body": True}
        except StopAsyncIteration:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
            return
        self.begun.set()
        if message["type"] != "http.response.body":
            return
        self.complete = not message.get("more_body", False)
        if piece := message.get("body", b""):
            await self._room.acquire()
            self.pieces.put_nowait(piece)

    async def next(self) -> bytes | None:
        piece = await self.pieces.get()
        self._room.release()
        return piece


class _Pieces(httpx.AsyncByteStream):
    """The body of an answer; left before its end, it ends the application's work on it."""

    def __init__(self, exchange: _Exchange, answering: "asyncio.Task[None]") -> None:
        self._exchange = exchange
        self._answering = answering

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (piece := await self._exchange.next()) is not None:
            yield piece
        if not self._exchange.complete:
            raise httpx.RemoteProtocolError("the application ended within its answer")

    async def aclose(self) -> None:
        if self._exchange.complete and self._exchange.pieces.empty():
            # What an application does after its answer belongs to the request.
            await asyncio.wait([self._answering])
        await _ended(self._answering)


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await task


def _scope_of(request: httpx.Request) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.partition(b"?")[0],
        "query_string": request.url.query,
        "server": (request.url.host, request.url.port),
        "client": ("127.0.0.1", 123),
        "root_path": "",
    }
