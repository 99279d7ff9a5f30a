"""The same linking with a million interactions stored before it. Takes some minutes."""

import asyncio
import os
import tempfile
from pathlib import Path

from bench.linking import ARRIVALS, BATCH, a_store, embedded, mails
from hub.kit.clock import SystemClock
from hub.store.base import Store
from hub.testing.builders import envelopes
from hub.testing.fakes import FakeBus
from services.interactions.repository import Repository
from services.interactions.service import Interactions

NAME = "linking_full"
GOAL = "at 1 million stored at least 0.8 of the rate when empty"

STORED = int(os.environ.get("BENCH_STORED", "1000000"))


async def fill(store: Store, count: int, *, seed: int) -> None:
    """Stores mails through the service itself; what it tells goes nowhere."""
    service = Interactions(Repository(store), FakeBus(), SystemClock())
    batch = []
    for mail in mails(count, seed=seed):
        batch += envelopes(mail)
        if len(batch) == BATCH:
            await service.receive(batch)
            batch = []


async def run() -> dict[str, float | str]:
    with tempfile.TemporaryDirectory(dir=".") as name:
        async with a_store(Path(name)) as store:
            empty, empty_cpu = await embedded(Path(name), store)
            for part in range(STORED // ARRIVALS - 1):
                # A service of its own for each part: the bus that collects is thrown away with it.
                await fill(store, ARRIVALS, seed=part + 2)
            full, full_cpu = await embedded(Path(name), store, seed=STORED)
        size = await asyncio.to_thread(_gigabytes, Path(name))
    return {
        "empty/s": round(empty),
        "full/s": round(full),
        "full to empty": round(full / empty, 2),
        "CPU full to empty": round(full_cpu / empty_cpu, 2),
        "stored": STORED,
        "GB": round(size, 1),
    }


def _gigabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.glob("interactions*")) / 1e9
