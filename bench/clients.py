"""What operators read, through the gateway of a whole hub, with a million interactions stored while more arrive.

`BENCH_STORED` is how many are stored before; filling takes some minutes.
"""

import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from bench._behind import PASSWORD
from bench.linking import ARRIVALS, a_store, mails
from bench.linking_full import fill
from hub.kit.asgi import InProcess
from hub.kit.memory import settle
from hub.kit.settings import Source
from hub.process import Embedded
from hub.testing.builders import envelopes

NAME = "clients"
GOAL = "chains, timelines and queues p95 under 30 ms, counters under 20 ms, 1,000,000 stored and 500/s arriving"

STORED = int(os.environ.get("BENCH_STORED", "1000000"))
_A_SECOND, _AT_ONCE = 500, 50
_ASKED = 150
"""Questions of each kind."""
_SEED = 70


async def run() -> dict[str, float | str]:
    with tempfile.TemporaryDirectory(dir=".") as name:
        async with a_store(Path(name)) as store:
            for part in range(max(1, STORED // ARRIVALS)):
                await fill(store, min(ARRIVALS, STORED), seed=part + 2)
        return await _measured(Path(name))


async def _measured(folder: Path) -> dict[str, float | str]:
    # What was filled in told nothing on a bus, which would be missed.
    hub = Embedded(folder, Source(environ={"OMNIHUB_ADMIN_PASSWORD": PASSWORD, "OMNIHUB_HUB__ACCEPT_LOSS": "bus"}))
    await hub.start()
    arriving: asyncio.Task[None] | None = None
    try:
        gateway = next(service for service in hub.services if service.name == "gateway")
        async with httpx.AsyncClient(transport=InProcess(gateway.http), base_url="http://hub/api/v1") as client:
            said = await client.post("/sessions", json={"login": "admin", "password": PASSWORD})
            client.headers["Authorization"] = f"Bearer {said.json()['token']}"
            newest = (await client.get("/interactions", params={"limit": 500})).json()["items"]
            settle()
            arriving = asyncio.create_task(_arrive(hub))
            took = {name: [await _asked(client, path) for path in paths] for name, paths in _questions(newest)}
            assert not arriving.done(), arriving.exception()
    finally:
        if arriving:
            arriving.cancel()
            await asyncio.wait([arriving])
        await hub.stop()
    p95 = {f"{name} p95 ms": round(statistics.quantiles(found, n=20)[18], 1) for name, found in took.items()}
    return {"stored": STORED, **p95}


async def _arrive(hub: Embedded) -> None:
    """So many a second, until cancelled; what could not be in its time comes late."""
    bus = hub.footing.bus("bench")
    await bus.start()
    begun, sent, batch = time.monotonic(), 0, []
    for mail in mails(1_000_000, seed=_SEED):
        batch += envelopes(mail)
        if len(batch) == _AT_ONCE:
            await bus.publish(batch)
            sent, batch = sent + _AT_ONCE, []
            await asyncio.sleep(max(0.0, begun + sent / _A_SECOND - time.monotonic()))


def _questions(newest: list[dict[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    chance = random.Random(_SEED)
    some = [chance.choice(newest) for _ in range(_ASKED)]
    yield "queue", ["/inbox?view=unassigned&limit=50"] * _ASKED
    yield "chain", [f"/interactions?chain_id={one['chain_id']}&limit=50" for one in some]
    yield "timeline", [f"/interactions?client_id={one['client_id']}&limit=50" for one in some]
    yield "chains of a client", [f"/chains?client_id={one['client_id']}&limit=50" for one in some]
    yield "counters", ["/queues"] * _ASKED


async def _asked(client: httpx.AsyncClient, path: str) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    answer = await client.get(path)
    taken = (time.perf_counter() - started) * 1000
    assert answer.status_code == 200, answer.text
    return taken
