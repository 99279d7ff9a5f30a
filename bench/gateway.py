"""What the gateway adds to a call, asked through it and past it in turns; and what a thousand listeners take."""

import asyncio
import http.client
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from bench._behind import PASSWORD

NAME = "gateway"
GOAL = "adds at most 1 ms p50 to a call; 1,000 live listeners within 150 MB"

CALLS, WARM = 1_000, 100
LISTENERS = 1_000
_PATIENCE = 60.0
_ADDRESSES = 4


async def run() -> dict[str, float | str]:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory(prefix="omnihub-bench-") as name, _hub(Path(name)) as (process, told):
        token = await asyncio.to_thread(_post, told["gateway"], "/sessions", {"login": "admin", "password": PASSWORD})
        through = _Asking(told["gateway"], "/api/v1/chains", {"Authorization": f"Bearer {token}"})
        past = _Asking(told["interactions"], "/chains", {told["header"]: told["actor"]})
        added = await asyncio.to_thread(_added, through, past)
        idle = _megabytes(process.pid)
        held, heard = await _listening(told["gateway"], token, process.pid)
    return {
        "past p50 ms": round(added[1], 2),
        "through p50 ms": round(added[0], 2),
        "added p50 ms": round(added[0] - added[1], 2),
        f"{LISTENERS} listeners MB": round(held - idle),
        "all heard of one event in s": round(heard, 2),
    }


@contextmanager
def _hub(folder: Path) -> Iterator[tuple[subprocess.Popen[str], Mapping[str, Any]]]:
    command = [sys.executable, "-m", "bench._behind", str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(_PATIENCE)


class _Asking:
    """One kept connection that asks the same again and again."""

    def __init__(self, url: str, path: str, headers: Mapping[str, str]) -> None:
        where = urlsplit(url)
        self._connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=_PATIENCE)
        self._path = path
        self._headers = dict(headers)

    def ask(self) -> float:
        """Milliseconds."""
        started = time.perf_counter()
        self._connection.request("GET", self._path, headers=self._headers)
        answer = self._connection.getresponse()
        answer.read()
        taken = time.perf_counter() - started
        assert answer.status == http.client.OK, answer.status
        return taken * 1000


def _added(through: _Asking, past: _Asking) -> tuple[float, float]:
    for _ in range(WARM):
        through.ask()
        past.ask()
    pairs = [(through.ask(), past.ask()) for _ in range(CALLS)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


async def _listening(url: str, token: str, pid: int) -> tuple[float, float]:
    """Megabytes of the hub while they listen, and seconds until all of them heard of something."""
    where = urlsplit(url)
    async with AsyncExitStack() as stack:
        readers = []
        for number in range(LISTENERS):
            # Of several addresses: one alone has a bound.
            ours = (f"127.0.0.{2 + number % _ADDRESSES}", 0)
            reader, writer = await asyncio.open_connection(where.hostname, where.port, local_addr=ours)
            stack.callback(writer.close)
            writer.write(f"GET /api/v1/live HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
            await reader.readuntil(b"id: ")
            readers.append(reader)
        await asyncio.sleep(3)
        held = _megabytes(pid)
        started = time.perf_counter()
        await asyncio.to_thread(_post, url, "/chains/changes", {"ids": ["ch_none"], "owner": "admin"}, token)
        async with asyncio.timeout(_PATIENCE):
            await asyncio.gather(*(reader.readuntil(b"job.progressed.v1") for reader in readers))
        return held, time.perf_counter() - started


def _post(url: str, path: str, body: Mapping[str, Any], token: str = "") -> str:
    """The token of the answer, if it has one."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = httpx.post(f"{url}/api/v1{path}", json=body, headers=headers, timeout=_PATIENCE).raise_for_status()
    return str(answer.json().get("token", ""))


def _megabytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1_000_000
