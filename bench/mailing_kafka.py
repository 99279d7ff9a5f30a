"""The same mailing by services of their own, on Apache Kafka and the stand-in of MongoDB, all on this machine."""

import asyncio
import tempfile
from pathlib import Path

from bench._sink import sink
from bench.mailing import Running, Variant, figures
from hub.kit.ids import fresh
from hub.testing.processes import Api, Distributed, simulators
from hub.testing.servers.kafka import missing, start_kafka
from hub.testing.servers.mongo import start_mongo

NAME = "mailing_kafka"
GOAL = "as mailing, over Kafka: the services, Kafka and the store on the same two cores"


async def run() -> dict[str, float | str]:
    if reason := await asyncio.to_thread(missing):
        return {"skipped": reason}
    return await asyncio.to_thread(_run)


def _run() -> dict[str, float | str]:
    with (
        sink() as taking,
        tempfile.TemporaryDirectory(prefix="omnihub-bench-") as name,
        simulators(Path(name) / "outside") as outside,
    ):
        kafka, mongo = start_kafka(Path(name) / "kafka"), start_mongo(Path(name) / "mongo")
        hub = Distributed(Path(name) / "hub", kafka=kafka.bootstrap, mongo=mongo.url, database=fresh("bench"))
        try:
            hub.start()
            running = Running(Api(hub.facts()["api"]), [copy.pid for copy in hub.copies.values()])
            return figures(running, outside.facts(), taking, Variant())
        finally:
            hub.stop()
            mongo.stop()
            kafka.stop()
