"""A server beside clients that keep it waiting: they lose their places, and everybody else is answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from starlette.datastructures import Headers

from hub.connections import Bounds, Connections
from hub.kit.http import body_of, service_app
from hub.process import http_server, listening, url_of
from hub.testing.waiting import PATIENCE, eventually

HALF_A_HEAD = b"POST /letters HTTP/1.1\r\nHost: hub\r\nX-Note: "
LETTER = b"POST /letters HTTP/1.1\r\nHost: hub\r\nContent-Length: %d\r\n\r\n"
LONG = timedelta(minutes=10)
"""For what a test is not about."""
PROXY = "127.0.0.9"


class BehindAProxy:
    """One proxy is known, and says who calls."""

    def is_proxy(self, connected: str) -> bool:
        return connected == PROXY

    def caller(self, connected: str | None, headers: Headers) -> str:
        return headers.get("x-forwarded-for") or connected or "-"


@dataclass
class Door:
    url: str
    port: int
    connections: Connections
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def says(self, words: bytes, *, at: str = "127.0.0.1") -> asyncio.StreamReader:
        """A new connection from an address of this machine, and what comes back on it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(at, 0))
        writer.write(words)
        self.writers.append(writer)
        return reader

    async def asks(self, *, at: str = "127.0.0.1", by: str = "") -> httpx.Response:
        headers = {"X-Forwarded-For": by} if by else {}
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(local_address=at)) as client:
            return await client.get(f"{self.url}/healthz", headers=headers, timeout=PATIENCE)


@asynccontextmanager
async def door(**bounds: object) -> AsyncIterator[Door]:
    given = {"head": LONG, "body": LONG, "answer": LONG, **bounds}
    connections = Connections(Bounds(**given), BehindAProxy())  # type: ignore[arg-type]
    app = service_app("letters", checks={})
    with listening("127.0.0.1", 0) as bound:
        opened = Door(url_of(bound), bound.getsockname()[1], connections)
        _add_routes(app, opened.may_answer)
        async with http_server(app, bound, connections=connections, drain=_set(opened.may_answer)):
            try:
                yield opened
            finally:
                for writer in opened.writers:
                    writer.transport.abort()


def _set(event: asyncio.Event):  # type: ignore[no-untyped-def]
    async def drain() -> None:
        event.set()

    return drain


def _add_routes(app: FastAPI, may_answer: asyncio.Event) -> None:
    @app.post("/letters")
    async def take(request: Request) -> dict[str, int]:
        return {"bytes": len(await body_of(request, 2**20, words="too large"))}

    @app.get("/long")
    async def long() -> Response:
        return Response(b"x" * 64 * 2**20)

    @app.get("/late")
    async def late() -> dict[str, bool]:
        await may_answer.wait()
        return {"ok": True}

    @app.post("/kept")
    async def keep(request: Request) -> dict[str, int]:
        content = await body_of(request, 2**20, words="too large")
        await may_answer.wait()
        return {"bytes": len(content)}


async def test_a_caller_is_answered_beside_many_who_never_finish_their_heads() -> None:
    async with door(connections=40, per_address=20) as hub:
        for number in range(100):
            await hub.says(HALF_A_HEAD, at=f"127.0.0.{2 + number % 5}")
        for address in ("127.0.0.1", "127.0.0.2"):
            assert (await hub.asks(at=address)).status_code == 200
        assert len(hub.connections) <= 40


async def test_a_head_that_does_not_become_whole_in_time_is_given_up() -> None:
    async with door(head=timedelta(seconds=0.4)) as hub:
        told = await (await hub.says(HALF_A_HEAD)).read()
        assert told.startswith(b"HTTP/1.1 408 ")
        assert await (await hub.says(b"")).read() == b""
        await eventually(lambda: len(hub.connections) == 0)


async def test_a_second_head_on_one_connection_has_no_more_time_than_the_first() -> None:
    async with door(head=timedelta(seconds=0.4)) as hub:
        told = await (await hub.says(b"GET /healthz HTTP/1.1\r\nHost: hub\r\n\r\n" + HALF_A_HEAD)).read()
        assert told.startswith(b"HTTP/1.1 200 ")
        assert b"HTTP/1.1 408 " in told


async def test_a_body_that_trickles_is_refused_and_its_connection_closed() -> None:
    async with door(body=timedelta(seconds=0.4)) as hub:
        told = await (await hub.says(LETTER % 1_000_000 + b"x" * 100)).read()
        assert told.startswith(b"HTTP/1.1 408 ")
        assert b"faster than 1 KiB a second" in told


async def test_a_body_may_take_as_long_as_it_comes() -> None:
    async with door(body=timedelta(seconds=0.2)) as hub:
        reader = await hub.says(LETTER % 6_000)
        for _ in range(6):
            hub.writers[-1].write(b"x" * 1_000)
            await asyncio.sleep(0.05)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")


async def test_the_time_that_the_hub_takes_to_answer_is_nobodys() -> None:
    async with door(head=timedelta(seconds=0.2), body=timedelta(seconds=0.2)) as hub:
        reader = await hub.says(b"GET /late HTTP/1.1\r\nHost: hub\r\n\r\n")
        # Ten times as long as anybody else would have: another one is given up meanwhile.
        for _ in range(10):
            await (await hub.says(HALF_A_HEAD)).read()
        hub.may_answer.set()
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")


async def test_who_does_not_read_his_answer_is_cut_off() -> None:
    async with door(answer=timedelta(seconds=0.4)) as hub:
        await hub.says(b"GET /long HTTP/1.1\r\nHost: hub\r\n\r\n")
        hub.writers[-1].transport.pause_reading()  # type: ignore[attr-defined]
        await eventually(lambda: len(hub.connections) == 1)
        await eventually(lambda: len(hub.connections) == 0)


async def test_an_address_with_too_many_requests_in_hand_is_refused_and_others_are_not() -> None:
    async with door(per_address=3) as hub:
        for _ in range(3):
            await hub.says(b"GET /late HTTP/1.1\r\nHost: hub\r\n\r\n")
        await eventually(lambda: hub.connections.requests == 3)
        refused = await hub.asks()
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
        assert "3 connections from one address" in refused.json()["detail"]
        assert (await hub.asks(at="127.0.0.2")).status_code == 200


async def test_a_hub_whose_connections_are_all_at_work_says_when_to_ask_again() -> None:
    async with door(connections=3) as hub:
        for number in range(3):
            await hub.says(b"GET /late HTTP/1.1\r\nHost: hub\r\n\r\n", at=f"127.0.0.{2 + number}")
        await eventually(lambda: hub.connections.requests == 3)
        refused = await hub.asks()
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        hub.may_answer.set()
        await eventually(lambda: hub.connections.requests == 0)
        assert (await hub.asks()).status_code == 200


async def test_callers_behind_a_trusted_proxy_are_told_apart() -> None:
    async with door(per_address=3) as hub:
        late = b"GET /late HTTP/1.1\r\nHost: hub\r\nX-Forwarded-For: %b\r\n\r\n"
        for number in range(9):
            await hub.says(late % b"192.0.2.%d" % (number // 3), at=PROXY)
        await eventually(lambda: hub.connections.requests == 9)
        refused = await hub.asks(at=PROXY, by="192.0.2.1")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
        assert (await hub.asks(at=PROXY, by="192.0.2.7")).status_code == 200


async def test_bodies_in_memory_are_bounded_for_each_address_and_for_all() -> None:
    async with door(in_hand=400_000) as hub:
        kept = b"POST /kept HTTP/1.1\r\nHost: hub\r\nContent-Length: 150000\r\n\r\n" + b"x" * 150_000
        for address in ("127.0.0.2", "127.0.0.3"):
            await hub.says(kept, at=address)
        await eventually(lambda: hub.connections.in_hand == 300_000)
        for address in ("127.0.0.2", "127.0.0.4"):
            told = await (await hub.says(kept, at=address)).readuntil(b"}")
            assert told.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 5" in told
        hub.may_answer.set()
        await eventually(lambda: hub.connections.in_hand == 0)
        assert (await (await hub.says(kept)).readline()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("status", [408, 503])
def test_what_a_slow_or_refused_caller_may_be_told_is_in_the_described_api(status: int) -> None:
    from hub.api.problems import problems

    assert problems(status)[status]["description"]
