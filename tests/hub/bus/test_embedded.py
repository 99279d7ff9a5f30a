"""The embedded bus passes the behaviour suite."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.bus.embedded import EmbeddedBroker, EmbeddedBus
from hub.bus.log import Log
from hub.contracts.topics import DEAD_LETTERS, Topic
from hub.kit.clock import SystemClock
from hub.testing.bus_contract import BusContract
from hub.testing.bus_harness import Collector, an_arrival, on_topic, running, until_lag
from hub.testing.waiting import PATIENCE


class CountedLog(Log):
    """Knows how often it was looked into."""

    looks = 0

    async def fetch(self, *arguments: Any) -> Any:
        self.looks += 1
        return await super().fetch(*arguments)


class OneLog:
    """Doors to one log."""

    topic = "letters"
    group = "readers"

    def __init__(self, folder: Path) -> None:
        self.log = CountedLog(folder / "bus.sqlite")

    def door(self) -> EmbeddedBus:
        return EmbeddedBus(
            self.log, "tests", SystemClock(), [Topic(self.topic, "sender", partitions=4), DEAD_LETTERS]
        )


class TestEmbeddedBus(BusContract):
    @pytest.fixture
    async def cluster(self, tmp_path: Path) -> AsyncIterator[OneLog]:
        one_log = OneLog(tmp_path)
        yield one_log
        await one_log.log.close()


async def test_decorators_of_faststream_work_on_the_embedded_broker(tmp_path: Path) -> None:
    log = Log(tmp_path / "bus.sqlite")
    await log.open()
    await log.create_topics([Topic("letters", "sender", partitions=4)])
    broker = EmbeddedBroker(log)
    got: list[str] = []
    done = asyncio.Event()

    @broker.subscriber("letters", group_id="readers", auto_offset_reset="earliest")
    async def read(body: str) -> None:
        got.append(body)
        if len(got) == 5:
            done.set()

    await broker.start()
    await broker.publish("раз", topic="letters", key=b"anna")
    await broker.publish_batch("два", "три", topic="letters", partition=2)
    await (await broker.publish("четыре", topic="letters", no_confirm=True))
    await broker.publisher("letters", autoflush=True).publish("пять")
    async with asyncio.timeout(PATIENCE):
        await done.wait()
    assert await broker.ping(1.0)
    await broker.stop()
    await log.close()
    assert sorted(got) == sorted(["раз", "два", "три", "четыре", "пять"])


async def test_an_idle_bus_rests_and_is_woken_by_what_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.bus.embedded_consumer.POLL", 10 * PATIENCE)
    one_log, seen = OneLog(tmp_path), Collector()
    door = one_log.door()
    door.subscribe("letters", group="readers", handle=seen)
    async with running(door):
        await asyncio.sleep(0.5)
        assert 0 < one_log.log.looks < 5
        await door.publish_records(on_topic("letters", [an_arrival("one")]))
        await seen.until(1)
    await one_log.log.close()


_SERVICE = """
import asyncio, sys
from pathlib import Path
from typing import Any
from hub.testing.bus_harness import Collector, an_arrival, on_topic, running
from hub.bus.embedded import EmbeddedBus
from hub.bus.log import Log
from hub.contracts.topics import DEAD_LETTERS, Topic
from hub.kit.clock import SystemClock

async def serve():
    topics = [Topic("letters", "sender", partitions=4), DEAD_LETTERS]
    door = EmbeddedBus(Log(Path(sys.argv[1]) / "bus.sqlite"), "tests", SystemClock(), topics)
    door.subscribe("letters", group="readers", handle=Collector())
    async with running(door):
        await door.publish_records(on_topic("letters", [an_arrival("one"), an_arrival("two")]))
        await asyncio.sleep(60)

asyncio.run(serve())
"""


@pytest.mark.slow
async def test_a_kill_between_the_handler_and_the_commit_repeats_the_batch(tmp_path: Path) -> None:
    killed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", _SERVICE, str(tmp_path)],
        env={**os.environ, "OMNIHUB_SEAM": "bus.after_handle.letters"},
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    one_log, seen = OneLog(tmp_path), Collector()
    door = one_log.door()
    door.subscribe("letters", group="readers", handle=seen)
    async with running(door):
        assert await seen.until(2) == ["one", "two"]
        await until_lag(door, 0)
    await one_log.log.close()
