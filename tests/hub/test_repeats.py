"""A service answers a write that comes again with what it answered the first time."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Response

from hub.api.actor import HEADER, Actor, Seal
from hub.idempotency import KEYS
from hub.kit.clock import SystemClock
from hub.kit.errors import Conflict, TooManyRequests
from hub.kit.http import service_app
from hub.repeats import answer_repeats
from hub.store.sqlite import SqliteStore
from hub.testing.fakes import FakeClock

SEAL = Seal(b"key", SystemClock())


@dataclass
class Things:
    """A service that counts what it does."""

    store: SqliteStore
    http: FastAPI
    client: httpx.AsyncClient
    clock: FakeClock
    done: list[str] = field(default_factory=list)
    refuse: list[Exception] = field(default_factory=list)

    async def write(self, method: str, path: str, *, key: str | None = "k", by: str = "anna") -> httpx.Response:
        headers = {HEADER: SEAL.header(Actor(login=by)), **({"Idempotency-Key": key} if key else {})}
        return await self.client.request(method, path, headers=headers)


@pytest.fixture
async def things(tmp_path: Path) -> AsyncIterator[Things]:
    store, clock, http = SqliteStore(tmp_path / "things.sqlite"), FakeClock(), service_app("things", checks={})
    answer_repeats(http, store, clock, service="things", seal=SEAL)
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=http, raise_app_exceptions=False), base_url="http://things"
    )
    made = Things(store, http, client, clock)

    @http.api_route("/things/{name}", methods=["POST", "PATCH", "DELETE", "GET"])
    async def act(name: str) -> Response:
        made.done.append(name)
        if made.refuse:
            raise made.refuse.pop(0)
        return Response(f"{name} {len(made.done)}", 201, {"Location": f"/{name}", "X-Other": "1"})

    await store.start()
    yield made
    await client.aclose()
    await store.stop()


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
async def test_a_repeat_is_answered_as_the_first_and_done_once(things: Things, method: str) -> None:
    first, again = [await things.write(method, "/things/a") for _ in range(2)]
    assert (first.status_code, first.text, first.headers["Location"]) == (201, "a 1", "/a")
    assert (again.status_code, again.text, again.headers["Location"]) == (201, "a 1", "/a")
    assert things.done == ["a"]


async def test_another_method_thing_employee_or_key_is_another_write(things: Things) -> None:
    await things.write("PATCH", "/things/a")
    await things.write("DELETE", "/things/a")
    await things.write("PATCH", "/things/b")
    await things.write("PATCH", "/things/a", by="boris")
    await things.write("PATCH", "/things/a", key="other")
    assert things.done == ["a", "a", "b", "a", "a"]


async def test_what_has_no_key_or_only_reads_is_done_every_time(things: Things) -> None:
    for _ in range(2):
        await things.write("PATCH", "/things/a", key=None)
        await things.write("GET", "/things/b")
    assert things.done == ["a", "b", "a", "b"]


@pytest.mark.parametrize("refusal", [Conflict(), TooManyRequests(), LookupError("a fault")])
async def test_what_may_be_otherwise_a_moment_later_is_done_anew(things: Things, refusal: Exception) -> None:
    things.refuse.append(refusal)
    statuses = [(await things.write("POST", "/things/a")).status_code for _ in range(3)]
    assert (statuses[1:], things.done) == ([201, 201], ["a", "a"])


async def test_answers_are_forgotten_after_a_day(things: Things) -> None:
    await things.write("POST", "/things/a")
    things.clock.advance(timedelta(hours=25))
    await things.write("POST", "/things/b")
    left = (await things.store.collection(KEYS).find({})).items
    assert len(left) == 1
    await things.write("POST", "/things/a")
    assert things.done == ["a", "b", "a"]
