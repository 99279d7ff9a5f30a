"""Every service's HTTP door: problem documents, health and metrics."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict

from hub.kit.errors import (
    Conflict,
    Forbidden,
    HubError,
    InvalidInput,
    NotFound,
    StoreUnavailable,
    TooManyRequests,
    Unauthenticated,
)
from hub.kit.http import service_app

RAISED: dict[str, Exception] = {
    "conflict": Conflict(),
    "forbidden": Forbidden("ask your supervisor"),
    "invalid": InvalidInput("port is wrong", fields={"port": "give a number"}),
    "missing": NotFound(),
    "many": TooManyRequests(retry_after=30),
    "stranger": Unauthenticated(),
    "down": StoreUnavailable(),
    "bug": RuntimeError("secret detail"),
    "gone": HTTPException(410, "this address was removed"),
}


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")
    port: int
    name: str


class Dependency:
    """Stands for a store or a bus."""

    def __init__(self) -> None:
        self.failure: HubError | None = None
        self.seconds = 0.0

    async def ping(self) -> None:
        await asyncio.sleep(self.seconds)
        if self.failure:
            raise self.failure


@pytest.fixture
def store() -> Dependency:
    return Dependency()


@pytest.fixture
async def client(store: Dependency) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=an_app(store), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        yield client


def an_app(store: Dependency) -> FastAPI:
    app = service_app("Example", checks={"store": store.ping, "bus": Dependency().ping})

    @app.get("/raise/{name}")
    async def fail(name: str) -> None:
        raise RAISED[name]

    @app.post("/forms")
    async def take(form: Form, limit: Annotated[int, Query(le=10)] = 1) -> int:
        return form.port + limit

    return app


async def asked(client: httpx.AsyncClient, method: str, path: str, **given: Any) -> tuple[int, dict[str, Any]]:
    answer = await client.request(method, path, **given)
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["type"], body["status"]) == ("about:blank", answer.status_code)
    return answer.status_code, body


@pytest.mark.parametrize(
    ("name", "status", "title"),
    [
        ("conflict", 409, "Conflict"),
        ("forbidden", 403, "Not allowed"),
        ("missing", 404, "Not found"),
        ("many", 429, "Too many requests"),
        ("stranger", 401, "Not logged in"),
        ("down", 503, "Temporarily unavailable"),
        ("gone", 410, "Gone"),
    ],
)
async def test_an_error_is_answered_with_its_status_and_words(
    client: httpx.AsyncClient, name: str, status: int, title: str
) -> None:
    raised = RAISED[name]
    detail = raised.detail if isinstance(raised, HTTPException) else str(raised)
    assert await asked(client, "GET", f"/raise/{name}") == (
        status,
        {"type": "about:blank", "title": title, "status": status, "detail": detail},
    )


async def test_invalid_input_names_each_field_and_the_fix(client: httpx.AsyncClient) -> None:
    status, body = await asked(client, "GET", "/raise/invalid")
    assert (status, body["errors"]) == (422, {"port": "give a number"})


async def test_a_bug_shows_nothing_of_its_inside(client: httpx.AsyncClient) -> None:
    status, body = await asked(client, "GET", "/raise/bug")
    assert status == 500
    assert "secret" not in str(body)


@pytest.mark.parametrize(
    ("name", "header", "value"),
    [
        ("many", "Retry-After", "30"),
        ("down", "Retry-After", "5"),
        ("stranger", "WWW-Authenticate", "Bearer"),
    ],
)
async def test_an_answer_says_how_to_go_on(client: httpx.AsyncClient, name: str, header: str, value: str) -> None:
    assert (await client.get(f"/raise/{name}")).headers[header] == value


async def test_a_wrong_form_names_each_field_and_the_fix(client: httpx.AsyncClient) -> None:
    status, body = await asked(client, "POST", "/forms?limit=11", json={"port": "x", "prot": 1})
    assert status == 422
    assert body["errors"] == {
        "limit": "Input should be less than or equal to 10",
        "port": "Input should be a valid integer, unable to parse string as an integer",
        "name": "required; add it",
        "prot": "unknown field; remove it",
    }


async def test_what_is_not_json_is_said_to_be_so(client: httpx.AsyncClient) -> None:
    status, body = await asked(
        client, "POST", "/forms", content=b'{"port":', headers={"Content-Type": "application/json"}
    )
    assert status == 422
    assert body["errors"]["body"].startswith("not JSON")


async def test_an_unknown_address_and_method_are_problems_too(client: httpx.AsyncClient) -> None:
    assert (await asked(client, "GET", "/nowhere"))[0] == 404
    status, body = await asked(client, "DELETE", "/forms")
    assert status == 405
    assert "POST" in body["detail"]


async def test_a_service_is_alive_whatever_it_depends_on(client: httpx.AsyncClient, store: Dependency) -> None:
    store.failure = StoreUnavailable()
    assert (await client.get("/healthz")).json() == {"status": "ok", "sandbox": False, "held": False}


async def test_a_service_is_ready_when_every_check_answers(client: httpx.AsyncClient, store: Dependency) -> None:
    assert (await client.get("/readyz")).json() == {"status": "ready"}
    store.failure = StoreUnavailable("mongo is away")
    status, body = await asked(client, "GET", "/readyz")
    assert (status, body["errors"]) == (503, {"store": "mongo is away"})


async def test_a_check_that_hangs_does_not_hang_the_answer(store: Dependency) -> None:
    store.seconds = 60
    app = service_app("Example", checks={"store": store.ping}, check_seconds=0.05)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://service") as client:
        status, body = await asked(client, "GET", "/readyz")
    assert (status, body["errors"]) == (503, {"store": "no answer within 0.05 seconds"})


async def test_metrics_are_told_in_prometheus_form(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "python_info" in answer.text


async def test_health_and_metrics_are_no_part_of_the_described_api(client: httpx.AsyncClient) -> None:
    assert set((await client.get("/openapi.json")).json()["paths"]) == {"/raise/{name}", "/forms"}


async def test_who_goes_away_before_his_request_is_whole_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    app = service_app("test", checks={})
    told: list[Any] = []

    @app.post("/letters")
    async def take(request: Request) -> int:
        return len(await request.body())

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        told.append(message)

    scope = {"type": "http", "method": "POST", "path": "/letters", "headers": [], "query_string": b""}
    await app(scope, receive, send)
    assert told[0]["status"] == 400
    assert not caplog.records
