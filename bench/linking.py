"""Normalised mails linked into chains, stored, and their events out, on the embedded footing."""

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from hub.bus.base import Bus
from hub.bus.embedded import EmbeddedBus
from hub.bus.log import Log
from hub.contracts.base import Envelope
from hub.contracts.interaction import InteractionReceived
from hub.kit.clock import SystemClock
from hub.kit.memory import settle
from hub.store.base import Store
from hub.store.sqlite import SqliteStore
from hub.testing.builders import NOON, an_arrival, envelopes
from services.interactions.repository import Repository
from services.interactions.service import Interactions

NAME = "linking"
GOAL = "at least 5,000/s"

ARRIVALS = 20_000
BATCH = 1000
CLIENT_WRITES = 5
"""Mails of one client on average; most of them answer an earlier one."""


def mails(count: int, *, seed: int = 1) -> Iterator[InteractionReceived]:
    """Mails of 1 kB: a fifth opens a client, two thirds of the rest carry a reference."""
    chance = random.Random(seed)
    newest: dict[int, InteractionReceived] = {}
    for number in range(count):
        client = chance.randrange(max(1, count // CLIENT_WRITES))
        before = newest.get(client)
        refs = before.keys if before and chance.random() < 0.7 else ()
        newest[client] = an_arrival(
            f"{seed}-{number}",
            sender=f"client{seed}-{client}@example.com",
            at=NOON + timedelta(seconds=seed * count + number),
            refs=refs,
            subject=f"Заказ № {client}",
            text="Здравствуйте! " * 20,
        )
        yield newest[client]


async def link_all(bus: Bus, store: Store, arrivals: Sequence[Envelope]) -> float:
    """Seconds from the start of the consumer, with everything waiting on the bus, to the last event out."""
    service = Interactions(Repository(store), bus, SystemClock())
    linked, done = 0, asyncio.Event()

    async def count(batch: Sequence[Envelope]) -> None:
        nonlocal linked
        await service.receive(batch)
        linked += len(batch)
        if linked >= len(arrivals):
            done.set()

    bus.subscribe("inbound", group="interactions", handle=count, max_records=BATCH)
    await bus.start()
    started = time.perf_counter()
    await done.wait()
    return time.perf_counter() - started


@asynccontextmanager
async def a_store(folder: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(folder / "interactions.sqlite")
    Repository(store)
    await store.start()
    try:
        yield store
    finally:
        await store.stop()


async def measured(doors: Callable[[str], Bus], store: Store, *, seed: int = 1) -> tuple[float, float]:
    """Arrivals a second and seconds of processor time; `doors` opens the bus for a service."""
    waiting = doors("bench")
    await waiting.start()
    arrivals = envelopes(*mails(ARRIVALS, seed=seed))
    for first in range(0, ARRIVALS, BATCH):
        await waiting.publish(arrivals[first : first + BATCH])
    await waiting.stop()
    bus = doors("interactions")
    settle()
    used = time.process_time()
    seconds = await link_all(bus, store, arrivals)
    used = time.process_time() - used
    await bus.stop()
    return ARRIVALS / seconds, used


async def embedded(folder: Path, store: Store, *, seed: int = 1) -> tuple[float, float]:
    """Measured on a fresh embedded log."""
    log = Log(folder / f"bus-{seed}.sqlite")
    await log.open()
    try:
        return await measured(lambda name: EmbeddedBus(log, name, SystemClock()), store, seed=seed)
    finally:
        await log.close()


async def run() -> dict[str, float | str]:
    with tempfile.TemporaryDirectory(dir=".") as name:
        async with a_store(Path(name)) as store:
            rate, used = await embedded(Path(name), store)
    return {"linked/s": round(rate), "CPU s/10,000": round(used / ARRIVALS * 10_000, 2)}
