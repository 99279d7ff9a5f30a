"""An application of this process is asked as over a socket, with bodies that stream both ways."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from hub.kit.asgi import InProcess
from hub.kit.errors import TooLarge


def asking(app: object) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=InProcess(app), base_url="http://app")


def start(status: int = 200) -> Message:
    return {"type": "http.response.start", "status": status, "headers": [(b"x-a", b"b")]}


def piece(content: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": more}


async def echo(_: Scope, receive: Receive, send: Send) -> None:
    await send(start(201))
    more = True
    while more:
        asked = await receive()
        more = asked["more_body"]
        await send(piece(asked["body"], more=more))


async def test_a_request_and_its_answer_come_through_whole() -> None:
    async with asking(echo) as client:
        answer = await client.post("/x?y=z", content=b"hello")
    assert (answer.status_code, answer.content, answer.headers["X-A"]) == (201, b"hello", "b")


async def test_the_first_piece_is_there_before_the_last_one_is_made() -> None:
    go_on = asyncio.Event()

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send(start())
        await send(piece(b"first", more=True))
        await go_on.wait()
        await send(piece(b"last", more=False))

    async with asking(app) as client, client.stream("GET", "/") as answer:
        pieces = answer.aiter_raw()
        assert await anext(pieces) == b"first"
        go_on.set()
        assert [one async for one in pieces] == [b"last"]


async def test_an_application_is_not_far_ahead_of_who_reads_it() -> None:
    made: list[int] = []

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send(start())
        for number in range(100):
            made.append(number)
            await send(piece(b"x", more=number < 99))

    async with asking(app) as client, client.stream("GET", "/") as answer:
        assert await anext(answer.aiter_raw()) == b"x"
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(made) < 10


async def test_who_leaves_before_the_end_ends_the_work() -> None:
    ended = asyncio.Event()

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send(start())
        try:
            while True:
                await send(piece(b"x", more=True))
        finally:
            ended.set()

    async with asking(app) as client, client.stream("GET", "/"):
        pass
    assert ended.is_set()


async def test_what_an_application_raises_before_it_answers_comes_out() -> None:
    async def app(_: Scope, __: Receive, ___: Send) -> None:
        raise ValueError("broken")

    async with asking(app) as client:
        with pytest.raises(ValueError, match="broken"):
            await client.get("/")


async def test_an_answer_that_breaks_off_is_no_whole_one() -> None:
    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send(start())
        await send(piece(b"half", more=True))

    async with asking(app) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/")


async def test_a_body_that_cannot_be_read_to_its_end_is_the_applications_to_refuse() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"x"
        raise TooLarge

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        try:
            while (await receive())["more_body"]:
                pass
        except TooLarge:
            await send(start(413))
            await send(piece(b"", more=False))

    async with asking(app) as client:
        assert (await client.post("/", content=body())).status_code == 413
