"""The routes of what other services declare: guarded here, answered there, passed on byte for byte."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import Request, Response
from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

from hub.api.operation import Operation, Spread
from hub.api.rights import Right
from hub.kit.errors import NotFound, TooLarge
from services.gateway.guard import BASE, READS, Handler, Rule, acting_on, guarded
from services.gateway.parts import parts_of
from services.gateway.peers.forward import Content, Peer, as_they_came, passed_on, streamed_on
from services.gateway.peers.spread import of_the_owner, put_together
from services.gateway.peers.table import Table, Way
from services.gateway.staff.names import refuse_unknown_names

_NOWHERE = "there is no such address; the API is described at /api/v1/docs"
_ASKED_WITH = ("content-type", "accept-language")
"""Headers of a request that reach the service."""
_ASKED_FOR_A_FILE = (*_ASKED_WITH, "range", "if-none-match", "if-modified-since", "if-range")


@dataclass(slots=True)
class Place:
    """Of a request, for traces and the audit: the path as it is declared, without ids."""

    path: str
    operation_id: str | None = None


class Declared(BaseRoute):
    """Whatever the table knows. The gateway's own paths come first, so that no service takes one of them; before them
    stands one of these that leaves out whatever begins as they do, for most requests are for services.
    """

    def __init__(self, table: Table, *, but: Collection[str] = ()) -> None:
        """`but` are first words of paths, which are left to the next route."""
        self._table = table
        self._but = frozenset(but)

    def url_path_for(self, name: str, /, **path_params: Any) -> Any:
        """None of these is looked up by name."""
        raise NoMatchFound(name, path_params)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or not scope["path"].startswith(f"{BASE}/"):
            return Match.NONE, {}
        path = scope["path"][len(BASE) :]
        if self._but and (path.split("/")[1] in self._but or not self._table.at(path)):
            return Match.NONE, {}
        found = self._table.at(path)
        for way, parameters in found:
            if way.operation.method == scope["method"]:
                return Match.FULL, {"way": way, "path_params": parameters, "route": _place(way.operation)}
        if found or self._table.missing:
            allowed = ", ".join(way.operation.method for way, _ in found)
            return Match.PARTIAL, {"allowed": allowed, "route": Place(f"{BASE}/")}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._table.missing and _may_be_of_others(scope.get("way")):
            await self._table.look_again()
            scope.update(self.matches(scope)[1])
        if "way" not in scope and (allowed := scope.get("allowed")):
            raise HTTPException(405, headers={"Allow": allowed})
        way: Way | None = scope.get("way")
        request = Request(scope, receive, send)
        response = await (_guarded(way, self._table) if way else self._guarded_unknown())(request)
        await response(scope, receive, send)

    def _guarded_unknown(self) -> Handler:
        """Perhaps of a service that has not told yet what it does; nobody is told without a login."""

        async def refuse(_: Request) -> Response:
            raise self._table.unknown() if self._table.missing else NotFound(_NOWHERE)

        return guarded(refuse, Rule(Right.OWN_ACCOUNT, secret=True), Place(f"{BASE}/"))


def _may_be_of_others(way: Way | None) -> bool:
    return way is None or way.operation.spread is not Spread.ONE


def _guarded(way: Way, table: Table) -> Handler:
    operation = way.operation
    rule = Rule(
        way.right,
        secret=not operation.repeatable,
        streamed=bool(operation.upload),
        audited=operation.audited,
        personal=operation.personal,
    )

    async def forward(request: Request) -> Response:
        return await _forward(request, way, table.missing)

    return guarded(forward, rule, _place(operation))


def _place(operation: Operation) -> Place:
    return Place(f"{BASE}{operation.path}".replace(":path}", "}"), operation.id)


async def _forward(request: Request, way: Way, missing: list[str]) -> Response:
    query = URL(scope=request.scope).query
    content = await _content(request, way.operation)
    if way.operation.names and isinstance(content, bytes):
        parts = parts_of(request)
        await refuse_unknown_names(content, way.operation.names, staff=parts.staff, employees=parts.employees)
    actor = acting_on(request, way.operation.noun, way.operation.action)

    async def send(peer: Peer, *, stream: bool = False) -> httpx.Response:
        return await peer.send(
            request.method,
            way.url(request.path_params, query),
            actor=actor,
            headers=_headers(request, way.operation),
            content=content,
            stream=stream,
        )

    if way.operation.spread is Spread.ALL:
        return await put_together(way, query, send, missing)
    if way.operation.spread is Spread.OWNER:
        return await of_the_owner(way, send, missing)
    if way.operation.download:
        return streamed_on(await send(way.peers[0], stream=True))
    return passed_on(await send(way.peers[0]))


async def _content(request: Request, operation: Operation) -> Content:
    if request.method in READS:
        return None
    return _bounded(request, operation.upload) if operation.upload else await request.body() or None


async def _bounded(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body as it comes. Raises TooLarge."""
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise TooLarge(f"this may have {limit} bytes; send less")
        yield piece


def _headers(request: Request, operation: Operation) -> dict[bytes, bytes]:
    headers = as_they_came(request, _ASKED_FOR_A_FILE if operation.download else _ASKED_WITH)
    if request.method in READS:
        return headers
    return {**headers, b"idempotency-key": request.state.write.key.encode("latin-1")}
