"""What every service's HTTP door has: RFC 9457 problem documents, health and metrics."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException

from hub.kit.errors import HubError, InvalidInput, TooManyRequests
from hub.kit.log import Log

log = Log(__name__)
Ping = Callable[[], Awaitable[None]]


def service_app(title: str, *, checks: dict[str, Ping], **options: Any) -> FastAPI:
    """An application with problem documents, `/healthz` (alive), `/readyz` (each check answers) and `/metrics`."""
    app = FastAPI(title=title, **options)
    app.add_exception_handler(HubError, _on_hub_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_bug)
    _add_health(app, checks)
    return app


def problem(
    status: int, title: str, detail: str, errors: dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> JSONResponse:
    """An RFC 9457 document; `errors` maps each field to what is wrong and how to mend it."""
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if errors:
        body["errors"] = errors
    return JSONResponse(body, status, headers, media_type="application/problem+json")


async def _on_hub_error(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, HubError)
    headers = {"Retry-After": str(exc.retry_after)} if isinstance(exc, TooManyRequests) else None
    if exc.status_code >= 500:
        log.error("http.failed", exc=exc)
    return problem(exc.status_code, exc.title, str(exc), exc.fields, headers)


async def _on_invalid(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)
    errors = {".".join(str(part) for part in e["loc"][1:]) or str(e["loc"][0]): e["msg"] for e in exc.errors()}
    detail = "; ".join(f"{name}: {message}" for name, message in errors.items())
    return problem(422, InvalidInput.title, detail, errors)


async def _on_http(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    return problem(exc.status_code, exc.detail, exc.detail, headers=dict(exc.headers or {}))


async def _on_bug(_: Request, exc: Exception) -> Response:
    log.error("http.failed", exc=exc)
    return problem(500, HubError.title, "this is a fault of the hub; the log of the service says more")


def _add_health(app: FastAPI, checks: dict[str, Ping]) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        failed = {}
        for name, ping in checks.items():
            try:
                await ping()
            except HubError as exc:
                failed[name] = str(exc)
        if failed:
            return problem(503, "Not ready", "; ".join(f"{k}: {v}" for k, v in failed.items()), failed)
        return JSONResponse({"status": "ready"})

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
