"""Spans of requests: begun at the gateway, continued at the services that it asks.

A service that is asked says in a header of its answer which trace the request turned out to belong to.
"""

import re
from collections.abc import Callable
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.kit.tracing.requests import Request, in_hand
from hub.kit.tracing.spans import harmless, on, scope

ASKED = "traceparent"
"""Of a request between services: W3C Trace Context, the trace and span of who asks."""
BELONGS = "X-Hub-Trace"
"""Of the answer: the trace that the request belongs to, and the span it follows from there (zeros: none)."""
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_BELONGS = re.compile(r"([0-9a-f]{32})-([0-9a-f]{16})")
_QUIET = ("/healthz", "/readyz", "/metrics")


class _Traced:
    """An application whose requests are told. The first one begins, whatever its caller says; others go on."""

    def __init__(self, app: ASGIApp, *, service: str, first: bool) -> None:
        self._app = app
        self._service = service
        self._first = first

    async def __call__(self, connection: Scope, receive: Receive, send: Send) -> None:
        request = self._request(connection)
        if request is None:
            await self._app(connection, receive, send)
            return
        token, error = scope.set(request), ""
        try:
            await self._app(connection, receive, self._noting(request, send))
        except BaseException as exc:
            error = type(exc).__name__
            raise
        finally:
            scope.reset(token)
            with harmless():
                request.end(request.span(self._service, connection, error))

    def _request(self, connection: Scope) -> Request | None:
        if connection["type"] != "http" or connection["path"] in _QUIET:
            return None
        if self._first:
            return Request()
        asked = _TRACEPARENT.fullmatch(Headers(scope=connection).get(ASKED, ""))
        return Request(int(asked[1], 16), int(asked[2], 16)) if asked else None

    def _noting(self, request: Request, send: Send) -> Send:
        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.status = message["status"]
                if request.joined and not self._first:
                    headers = MutableHeaders(scope=message)
                    headers[BELONGS] = f"{request.trace:032x}-{request.follows:016x}"
            await send(message)

        return noted


def trace_requests(app: Starlette, service: str, *, first: bool) -> None:
    """Before it serves. `first`: requests come from outside, and begin here."""
    if on():
        app.add_middleware(_Traced, service=service, first=first)


def peer_hooks() -> dict[str, list[Callable[..., Any]]]:
    """For `event_hooks` of a client that asks another service."""
    return {"request": [_ask], "response": [_answered]} if on() else {}


async def _ask(request: httpx.Request) -> None:
    if doing := in_hand():
        request.headers[ASKED] = f"00-{doing.trace:032x}-{doing.id:016x}-01"


async def _answered(response: httpx.Response) -> None:
    doing = in_hand()
    belongs = _BELONGS.fullmatch(response.headers.get(BELONGS, ""))
    if doing and belongs and not doing.joined:
        doing.join(int(belongs[1], 16), int(belongs[2], 16))
