"""Addresses that somebody names: which of them are called; no name, redirect or way of writing leads around it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from hub.kit.errors import NotFound, ProviderUnavailable, TooLarge
from hub.kit.outside import ForbiddenAddress, Outside
from hub.kit.outside_http import ANSWER_LIMIT, client, download
from hub.kit.restraint import Restraint
from hub.kit.settings import Source
from hub.settings import HubSettings
from hub.testing.outside import HERE
from hub.testing.waiting import PATIENCE

CLOSED = (
    "127.0.0.1",
    "127.255.0.1",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "198.18.0.1",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%lo",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1",
    "2001:0:7f00:1::1",
    "2001:db8::1",
    "2a00:1450:4010::5efe:10.0.0.1",
    "2a00:1450:4010::200:5efe:192.168.0.1",
)
PUBLIC = ("93.184.216.34", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2a00:1450:4010:c0f::6a", "64:ff9b::8.8.8.8")


@pytest.mark.parametrize("address", CLOSED)
def test_what_is_not_public_is_closed_however_it_is_written(address: str) -> None:
    with pytest.raises(ForbiddenAddress, match=r"\[hub\] allowed_networks"):
        Outside().check(address, 443)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_open(address: str) -> None:
    Outside().check(address, 443)


def test_a_setting_opens_one_network_and_nothing_beside_it() -> None:
    outside = Outside(["10.1.0.0/16"])
    outside.check("10.1.2.3", 25)
    outside.check("::ffff:10.1.2.3", 25)
    for address in ("10.2.0.1", "::ffff:10.2.0.1", "127.0.0.1"):
        with pytest.raises(ForbiddenAddress):
            outside.check(address, 25)


def test_a_simulator_of_this_process_is_open_at_its_port_alone() -> None:
    restraint = Restraint()
    restraint.simulated_at("127.0.0.1:2525")
    Outside(restraint=restraint).check("127.0.0.1", 2525)
    with pytest.raises(ForbiddenAddress):
        Outside(restraint=restraint).check("127.0.0.1", 2526)


def test_the_setting_says_how_a_network_is_written() -> None:
    given = Source(environ={"OMNIHUB_HUB__ALLOWED_NETWORKS": "10.0.0.0/8, fd00::/8"})
    assert HubSettings.load(given).allowed_networks == ("10.0.0.0/8", "fd00::/8")
    with pytest.raises(Exception, match=r"'mail.local' is no network .* write it as 10.1.0.0/16"):
        HubSettings.load(Source(environ={"OMNIHUB_HUB__ALLOWED_NETWORKS": "mail.local"}))


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "0", "[::1]".strip("[]")])
async def test_a_name_is_checked_by_what_it_leads_to(host: str) -> None:
    with pytest.raises(ForbiddenAddress):
        await Outside().connected(host, 9)


@pytest.mark.parametrize("host", ["x" * 300, "a..b", "nobody.invalid"])
async def test_a_name_that_leads_nowhere_is_an_error_of_sockets(host: str) -> None:
    with pytest.raises(socket.gaierror):
        await Outside().connected(host, 9)


class Fickle(asyncio.SelectorEventLoop):
    """Answers the first look at a name with one address of this machine, every later one with another."""

    looks = 0

    async def getaddrinfo(self, _host: object, port: object, **_: object) -> Any:
        self.looks += 1
        where = "127.0.0.2" if self.looks == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (where, port))]


def test_a_name_that_leads_elsewhere_at_the_next_look_does_not_get_through() -> None:
    async def tried(loop: Fickle) -> list[str]:
        reached: list[str] = []

        def answer(path: str, _: Mapping[str, str]) -> bytes:
            reached.append(path)
            return said(b"")

        async with serving(answer) as url, client(Outside(["127.0.0.2"]), patience=PATIENCE) as http:
            for words in ("failed", "127.0.0.1 is this machine"):  # at .2 nobody listens, .1 is not open
                with pytest.raises(httpx.ConnectError, match=words):
                    await http.get(url.replace("127.0.0.1", "fickle.example"))
        assert loop.looks == 2  # one for each connection: what was checked is what is connected to
        return reached

    loop = Fickle()
    try:
        assert loop.run_until_complete(tried(loop)) == []
    finally:
        loop.close()


Answer = Callable[[str, Mapping[str, str]], bytes]


@asynccontextmanager
async def serving(answer: Answer, *, slowly: bool = False) -> AsyncIterator[str]:
    """Whoever asks gets these bytes, and the end of the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        content = answer(first.split()[1], headers)
        step = 1000 if slowly else len(content)
        try:
            for start in range(0, len(content), max(step, 1)):
                writer.write(content[start : start + step])
                await writer.drain()
                await asyncio.sleep(0)
        except ConnectionError:
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def said(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


async def fetched(url: str, **options: object) -> bytes:
    async with client(HERE, patience=PATIENCE) as http:
        return await download(http, url, **{"limit": 2**20, **options})  # type: ignore[arg-type]


async def test_a_file_that_comes_in_many_pieces_is_had_whole() -> None:
    content = bytes(range(256)) * 1000
    async with serving(lambda *_: said(content), slowly=True) as url:
        assert await fetched(url, size=len(content)) == content


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (said(b"half", length=8), "RemoteProtocolError"),
        (said(b"12345", "Content-MD5: 1B2M2Y8AsgTpgAmY7PhCfg=="), "Content-MD5"),
        (said(b"12345", "Repr-Digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"), "Repr-Digest"),
        (said(b"1234"), "4 bytes of a file of 5 came"),
        (said(b"\x1f\x8b", "Content-Encoding: gzip"), "packed"),
        (said(b"", status="503 Busy"), "answered 503"),
        (b"nonsense\r\n\r\n", "RemoteProtocolError"),
    ],
)
async def test_a_file_that_is_not_the_whole_one_is_not_taken(answer: bytes, words: str) -> None:
    async with serving(lambda *_: answer) as url:
        with pytest.raises(ProviderUnavailable, match=words):
            await fetched(url, size=5)


async def test_a_file_is_never_longer_than_the_limit() -> None:
    for answer in (said(b"x" * 2000), b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 200_000):
        async with serving(lambda *_, answer=answer: answer) as url:  # type: ignore[misc]
            with pytest.raises(TooLarge):
                await fetched(url, limit=1000)


async def test_an_answer_without_an_end_is_cut_off() -> None:
    endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * (ANSWER_LIMIT + 1)
    async with serving(lambda *_: endless) as url, client(HERE, patience=PATIENCE) as http:
        with pytest.raises(httpx.RemoteProtocolError, match="an answer of more than"):
            await http.get(url)


async def test_every_hop_of_a_redirect_is_checked_and_a_login_stays_where_it_is_for() -> None:
    shown: list[tuple[str, str | None]] = []

    def answer(path: str, headers: Mapping[str, str]) -> bytes:
        shown.append((path, headers.get("authorization")))
        where = path.partition("?")[2]
        return said(b"", f"Location: {where}", status="302 Found") if where else said(b"there")

    def login(url: httpx.URL) -> Mapping[str, str]:
        return {"Authorization": "secret"} if url.host == "127.0.0.1" else {}

    async with serving(answer) as url:
        port = url.rpartition(":")[2]
        assert await fetched(f"{url}/a?http://localhost:{port}/b", headers=login) == b"there"
        assert shown == [(f"/a?http://localhost:{port}/b", "secret"), ("/b", None)]
        for where, refusal in (
            ("http://169.254.169.254/latest", ProviderUnavailable),
            ("file:///etc/passwd", NotFound),
            ("ftp://127.0.0.1/x", NotFound),
            ("http://[/x", (ProviderUnavailable, NotFound)),
        ):
            with pytest.raises(refusal):
                await fetched(f"{url}/a?{where}")
    around: list[str] = []

    def back(path: str, _: Mapping[str, str]) -> bytes:
        around.append(path)
        return said(b"", "Location: /again", status="307 Temporary Redirect")

    async with serving(back) as url:
        with pytest.raises(NotFound, match="more than 3 redirects"):
            await fetched(f"{url}/")
    assert len(around) == 4
