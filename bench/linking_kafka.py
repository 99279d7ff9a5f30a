"""The same linking with Apache Kafka as the bus; the store stays embedded."""

import asyncio
import tempfile
from pathlib import Path

from bench.linking import ARRIVALS, a_store, measured
from hub.bus.kafka import KafkaBus
from hub.bus.kafka_access import Access
from hub.kit.clock import SystemClock
from hub.testing.servers.kafka import missing, start_kafka

NAME = "linking_kafka"
GOAL = "at least 2,500/s, client and Kafka on the same two cores"


async def run() -> dict[str, float | str]:
    if reason := await asyncio.to_thread(missing):
        return {"skipped": reason}
    with tempfile.TemporaryDirectory(prefix="omnihub-bench-") as name:
        server = await asyncio.to_thread(start_kafka, Path(name))
        try:
            async with a_store(Path(name)) as store:
                rate, used = await measured(
                    lambda door: KafkaBus(Access(server.bootstrap), door, SystemClock()), store
                )
        finally:
            await asyncio.to_thread(server.stop)
    return {"linked/s": round(rate), "CPU s/10,000": round(used / ARRIVALS * 10_000, 2)}
