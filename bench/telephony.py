"""Calls through a whole hub: a simulated Asterisk at a socket, until the ring is on the live stream, and stored."""

import asyncio
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from hub.channels.simulators.asterisk import AsteriskSimulator
from hub.channels.simulators.exchange import Exchange
from hub.testing.outside import OPEN
from hub.testing.processes import Api, embedded

NAME = "telephony"
GOAL = "ring to screen p99 under 200 ms with 125 concurrent calls; 2,000 events a second from a backlog"

AGENTS, EACH, WITHIN = 25, 5, 10.0
"""Phones, calls at once for each, and the seconds in which they begin."""
_BACKLOG = 400
"""Calls."""
_PATIENCE = 60.0
_USER, _SECRET, _LINE = "omnihub", "secret of the bench", "+74950000100"


async def run() -> dict[str, float | str]:
    os.environ.update(OPEN)
    with tempfile.TemporaryDirectory(prefix="omnihub-bench-") as name:
        async with AsteriskSimulator(_USER, _SECRET) as pbx:
            with embedded(Path(name) / "hub", forked=False) as hub:
                client = await asyncio.to_thread(Api, hub.facts()["api"])
                await asyncio.to_thread(_connect, client, pbx.port)
                await _until(lambda: pbx.logins > 1)
                rings = await _rung(client, pbx)
                backlog = await _backlog(client, pbx)
                client.close()
    return {
        "ring to screen p50 ms": round(statistics.median(rings) * 1000, 1),
        "p99 ms": round(statistics.quantiles(rings, n=100)[98] * 1000, 1),
        "calls at once": len(rings),
        "events a second from a backlog, to stored interactions": round(backlog),
    }


def _connect(client: Api, port: int) -> None:
    connection = {"kind": "ami", "host": "127.0.0.1", "port": port, "user": _USER, "secret": _SECRET}
    exchange = client.post("/exchanges", json={"name": "Bench", "connection": connection})["id"]
    client.post("/lines", json={"number": _LINE, "exchange": exchange})
    phones = [{"kind": "extension", "exchange": exchange, "number": str(101 + agent)} for agent in range(AGENTS)]
    client.request("PUT", "/phones/admin", json={"phones": phones})


async def _rung(client: Api, pbx: AsteriskSimulator) -> list[float]:
    """Seconds from the exchange's word to the event on the live stream, for each call; all of them go on at once."""
    seen: dict[str, float] = {}
    listening = asyncio.Event()
    listener = asyncio.create_task(_listen(client, seen, listening))
    await listening.wait()
    began = {}
    exchange, legs = pbx.exchange, []
    for number in range(AGENTS * EACH):
        customer = exchange.arrives(f"+7916{number:07}", _LINE.lstrip("+"))
        began[f"+7916{number:07}"] = time.perf_counter()
        legs.append((customer, exchange.rings(str(101 + number % AGENTS), by=customer)))
        await asyncio.sleep(WITHIN / (AGENTS * EACH))
    await _until(lambda: len(seen) == len(began))
    listener.cancel()
    for number, (customer, leg) in enumerate(legs):
        exchange.answers(leg, by=customer, bridge=f"b{number}")
        exchange.hangs_up(customer)
        exchange.ends(leg)
    return [seen[caller] - at for caller, at in began.items()]


async def _listen(client: Api, seen: dict[str, float], listening: asyncio.Event) -> None:
    token = client.request("GET", "/me").request.headers["Authorization"]
    async with (
        httpx.AsyncClient(timeout=None) as http,
        http.stream("GET", f"{client.url}/api/v1/live", headers={"Authorization": token}) as stream,
    ):
        listening.set()
        ringing = False
        async for line in stream.aiter_lines():
            if line.startswith("event: "):
                ringing = line == "event: call.ringing.v1"
            elif ringing and line.startswith("data: "):
                told: dict[str, Any] = json.loads(line[6:])
                if told["state"] == "ringing":
                    seen.setdefault(told["caller"], time.perf_counter())


async def _backlog(client: Api, pbx: AsteriskSimulator) -> float:
    """Events a second, all at once, until the last call is an interaction that is over."""
    story = Exchange(start=time.time())
    for number in range(_BACKLOG):
        customer = story.arrives(f"+7926{number:07}", _LINE.lstrip("+"))
        phone = story.rings("101", by=customer)
        story.answers(phone, by=customer, bridge=f"c{number}")
        story.hangs_up(customer)
        story.ends(phone)
    began = time.perf_counter()
    pbx.replay(story.stream)
    wanted = AGENTS * EACH + _BACKLOG
    await _until(lambda: _over(client) >= wanted, every=0.2)
    return len(story.said) / (time.perf_counter() - began)


def _over(client: Api) -> int:
    return sum(bool(one["call"] and one["call"]["complete"]) for one in client.all("/interactions", channel="call"))


async def _until(fits: Any, *, every: float = 0.02) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not await asyncio.to_thread(fits):
        if time.monotonic() > deadline:
            raise TimeoutError("the hub did not come so far")
        await asyncio.sleep(every)
