"""The same flow of events through one Apache Kafka on this machine."""

import asyncio
import tempfile
from pathlib import Path

from bench.bus import flow, latency
from hub.bus.kafka import KafkaBus
from hub.bus.kafka_access import Access
from hub.kit.clock import SystemClock
from hub.testing.servers.kafka import missing, start_kafka

NAME = "bus_kafka"
GOAL = "at least 4,000 events/s, client and Kafka on the same two cores"


async def run() -> dict[str, float | str]:
    if reason := await asyncio.to_thread(missing):
        return {"skipped": reason}
    with tempfile.TemporaryDirectory(prefix="omnihub-bench-") as folder:
        server = await asyncio.to_thread(start_kafka, Path(folder))
        try:
            figures = await latency(KafkaBus(Access(server.bootstrap), "bench", SystemClock()))
            figures |= await flow(KafkaBus(Access(server.bootstrap), "bench", SystemClock()))
        finally:
            await asyncio.to_thread(server.stop)
    return figures
