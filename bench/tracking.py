"""Clicks on the links of a mailing: from a socket to the redirect, through the gateway, sixteen at once."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from hub.channels.marks import click_url, mailing_key
from hub.kit.secrets import SecretBox
from hub.testing.processes import embedded
from hub.testing.servers.process import HOST

NAME = "tracking"
GOAL = "2,000 clicks a second, p99 20 ms"

CLICKS, CONNECTIONS = 4_000, 16
MAILING = "ml_" + "1" * 32
_HEAD = "GET {} HTTP/1.1\r\nHost: x\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/126.0\r\n\r\n"


async def run() -> dict[str, float | str]:
    with tempfile.TemporaryDirectory(prefix="omnihub-bench-") as name, embedded(Path(name), forked=False) as hub:
        port = int(hub.facts()["api"].rpartition(":")[2])
        master = SecretBox.open(Path(name) / "secret.key").derived("mailings")
        key = mailing_key(master, MAILING)
        urls = [click_url("", key, MAILING, n, 1, f"https://example.com/sale?n={n}") for n in range(CLICKS)]
        await _clicked(port, urls[:200])  # what is loaded at the first one
        started = time.perf_counter()
        took = await _clicked(port, urls)
        whole = time.perf_counter() - started
    return {
        "clicks/s": round(CLICKS / whole),
        "p50 ms": round(statistics.median(took) * 1000, 1),
        "p99 ms": round(sorted(took)[int(len(took) * 0.99)] * 1000, 1),
    }


async def _clicked(port: int, urls: list[str]) -> list[float]:
    shares = [urls[start::CONNECTIONS] for start in range(CONNECTIONS)]
    done = await asyncio.gather(*(_one(port, share) for share in shares))
    return [one for some in done for one in some]


async def _one(port: int, urls: list[str]) -> list[float]:
    reader, writer = await asyncio.open_connection(HOST, port)
    took = []
    for url in urls:
        started = time.perf_counter()
        writer.write(_HEAD.format(url).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 302"), head
        took.append(time.perf_counter() - started)
    writer.close()
    return took
