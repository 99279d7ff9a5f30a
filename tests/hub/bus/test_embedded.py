"""The embedded bus passes the behaviour suite."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.bus.embedded import EmbeddedBus
from hub.bus.log import Log
from hub.contracts.topics import DEAD_LETTERS, Topic
from hub.kit.clock import SystemClock
from hub.testing.bus_contract import BusContract, Collector, running, until_lag


class OneLog:
    """Doors to one log."""

    topic = "letters"
    group = "readers"

    def __init__(self, folder: Path) -> None:
        self.log = Log(folder / "bus.sqlite")

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


_SERVICE = """
import asyncio, sys
from pathlib import Path
from hub.testing.bus_contract import Collector, an_arrival, on_topic, running
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
        env={**os.environ, "OMNIHUB_SEAM": "bus.after_handle"},
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
