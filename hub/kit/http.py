"""What every service's HTTP door has: RFC 9457 problem documents, health and metrics."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Match, Route

from hub.kit.errors import (
    ConfigurationError,
    Forbidden,
    HubError,
    InvalidInput,
    Overloaded,
    TooLarge,
    TooManyRequests,
    TransientError,
    Unauthenticated,
)
from hub.kit.log import Log
from hub.kit.numbers import whole
from hub.kit.restraint import Restraint
from hub.kit.troubles import Troubles
from hub.kit.turns import PeopleFirst

log = Log(__name__)
Ping = Callable[[], Awaitable[None]]

ABORT = "hub.abort"
"""Extension of the ASGI scope where the hub serves: a function that ends the connection with all that waits in it."""
IN_HAND = "hub.in_hand"
"""The same: a function that is told how many bytes of the body are kept in memory, up to the end of the request."""
RETRY_AFTER = 5
"""Seconds after which a caller should ask again when something the hub depends on is down."""
CHECK_SECONDS = 3.0
"""What a check of `/readyz` may take; who asks gives up after five."""

_FIXES = {
    "extra_forbidden": "unknown field; remove it",
    "missing": "required; add it",
}
_HTTP_FIXES = {
    404: "there is no such address; the API is described at /api/v1/docs",
    405: "this address does not take this method; it takes {allow}",
}


def service_app(
    title: str,
    *,
    checks: dict[str, Ping],
    check_seconds: float = CHECK_SECONDS,
    may_look: Callable[[Request], bool] = lambda _: True,
    **options: Any,
) -> FastAPI:
    """An application with problem documents, `/healthz` (alive, and whether it may send: `app.state.restraint`),
    `/readyz` (each check answers; `degraded` says what of it does not work all the same: `app.state.troubles`),
    `/metrics`.

    Who may not look inside is told by `/readyz` whether it is ready, without reasons, and has no metrics.
    """
    app = FastAPI(title=title, **options)
    for expected in (HubError, RequestValidationError, HTTPException):
        app.add_exception_handler(expected, _on_expected)
    app.add_exception_handler(ClientDisconnect, _on_gone)
    app.add_exception_handler(Exception, _on_bug)
    _add_health(app, checks, check_seconds, may_look)
    app.add_middleware(PeopleFirst)
    return app


def problem(
    status: int, title: str, detail: str, errors: dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> JSONResponse:
    """An RFC 9457 document; `errors` maps each field to what is wrong and how to mend it."""
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if errors:
        body["errors"] = errors
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def problem_of(exc: Exception) -> JSONResponse:
    """The problem document of any error; one that nobody foresaw is a 500 without details."""
    if isinstance(exc, HubError):
        return _of_hub_error(exc)
    if isinstance(exc, RequestValidationError):
        return _of_invalid(exc)
    if isinstance(exc, HTTPException):
        return _of_http(exc)
    if isinstance(exc, ConfigurationError):
        return problem(500, HubError.title, str(exc))
    return problem(500, HubError.title, "this is a fault of the hub; the log of the service says more")


async def body_of(request: Request, limit: int, *, words: str) -> bytes:
    """The whole body; raises as `pieces_of`."""
    content = bytearray()
    async for piece in pieces_of(request, limit, words=words):
        content += piece
    return bytes(content)


async def pieces_of(request: Request, limit: int, *, words: str) -> AsyncIterator[bytes]:
    """The body as it comes, of one that will be in memory as a whole; there is room for only so much of all.

    Raises:
        TooLarge: more than `limit` bytes, as soon as that is known; `words` say so.
        Overloaded: too much of other requests is in memory.
        TooSlow: it does not come.
    """
    if (whole(request.headers.get("Content-Length", "")) or 0) > limit:
        raise TooLarge(words)
    take: Callable[[int], None] = request.scope.get("extensions", {}).get(IN_HAND, lambda _: None)
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise TooLarge(words)
        take(len(piece))
        yield piece


_UNPARSED = "There was an error parsing the body"
"""What FastAPI says of a body that is no text."""
_NOT_JSON = "not JSON in UTF-8"


async def _on_expected(request: Request, exc: Exception) -> Response:
    if isinstance(exc, HTTPException) and exc.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        exc.headers = {**(exc.headers or {}), "Allow": ", ".join(_allowed(request, exc))}
    return problem_of(exc)


def _allowed(request: Request, exc: HTTPException) -> list[str]:
    """The methods of all routes of an address: a route knows its own alone."""
    routes: Sequence[BaseRoute] = request.app.router.routes
    scope = {**request.scope, "method": ""}
    at = [route for route in routes if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE]
    # Where a path is there by name, it is no parameter of another one.
    named = [route for route in at if not route.param_convertors] or at
    methods = [method for route in named for method in route.methods or ()]
    known = (exc.headers or {}).get("Allow", "").split(", ")
    return sorted({*methods, *([] if named else filter(None, known))})


async def _on_gone(_: Request, __: Exception) -> Response:
    """Whoever asked went away before all of it was here: no fault of ours, and anybody can do it as often as he
    likes, so that it must cost nothing.
    """
    return Response(status_code=HTTPStatus.BAD_REQUEST)


async def _on_bug(_: Request, exc: Exception) -> Response:
    log.error("http.failed", exc=exc)
    return problem_of(exc)


def _of_hub_error(exc: HubError) -> JSONResponse:
    if exc.status_code >= 500 and not isinstance(exc, Overloaded):
        log.error("http.failed", exc=exc)
    return problem(exc.status_code, exc.title, str(exc), exc.fields, _headers_of(exc))


def _headers_of(exc: HubError) -> dict[str, str] | None:
    if isinstance(exc, TooManyRequests):
        return {"Retry-After": str(exc.retry_after)}
    if isinstance(exc, TransientError | Overloaded):
        return {"Retry-After": str(RETRY_AFTER)}
    return {"WWW-Authenticate": "Bearer"} if isinstance(exc, Unauthenticated) else None


def _of_invalid(exc: RequestValidationError) -> JSONResponse:
    errors = dict(_name_and_fix(error) for error in exc.errors())
    detail = "; ".join(f"{name}: {message}" for name, message in errors.items())
    return problem(422, InvalidInput.title, detail, errors)


def _name_and_fix(error: Mapping[str, Any]) -> tuple[str, str]:
    where, *path = error["loc"]
    if error["type"] == "json_invalid":
        return "body", f"not JSON: {error.get('ctx', {}).get('error', '')} at character {path[0] if path else 0}"
    name = ".".join(str(part) for part in path) or str(where)
    return name, _FIXES.get(error["type"], error["msg"].removeprefix("Value error, "))


def _of_http(exc: HTTPException) -> JSONResponse:
    if exc.status_code == HTTPStatus.BAD_REQUEST:
        # A body that is no text, or no form of the kind that it says.
        fix = _NOT_JSON if exc.detail == _UNPARSED else str(exc.detail)
        return problem(422, InvalidInput.title, f"body: {fix}", {"body": fix})
    headers = dict(exc.headers or {})
    title = HTTPStatus(exc.status_code).phrase
    fix = _HTTP_FIXES.get(exc.status_code, title).format(allow=headers.get("Allow", "others"))
    return problem(exc.status_code, title, fix if exc.detail == title else str(exc.detail), None, headers)


def _add_health(app: FastAPI, checks: dict[str, Ping], seconds: float, may_look: Callable[[Request], bool]) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str | bool]:
        restraint: Restraint = getattr(app.state, "restraint", None) or Restraint()
        return {"status": "ok", "sandbox": restraint.sandbox, "held": restraint.held}

    @app.get("/readyz", include_in_schema=False)
    async def readyz(request: Request) -> Response:
        failed = await _failing(checks, seconds)
        if failed and not may_look(request):
            return problem(503, "Not ready", "the log of the service says why")
        if failed:
            return problem(503, "Not ready", "; ".join(f"{k}: {v}" for k, v in failed.items()), failed)
        troubles: Troubles | None = getattr(app.state, "troubles", None)
        degraded = troubles.all() if troubles and may_look(request) else {}
        return JSONResponse({"status": "ready", **({"degraded": degraded} if degraded else {})})

    @app.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        if not may_look(request):
            raise Forbidden("the metrics are for whoever shows `Authorization: Bearer` with [gateway] metrics_token")
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _failing(checks: dict[str, Ping], seconds: float) -> dict[str, str]:
    """What each check that does not answer says."""
    answers = await asyncio.gather(*(_answer(ping, seconds) for ping in checks.values()))
    return {name: answer for name, answer in zip(checks, answers, strict=True) if answer}


async def _answer(ping: Ping, seconds: float) -> str:
    """Empty when all is well."""
    try:
        async with asyncio.timeout(seconds):
            await ping()
    except TimeoutError:
        return f"no answer within {seconds:g} seconds"
    except HubError as exc:
        return str(exc)
    return ""
