"""The embedded bus passes the behaviour suite."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.bus.embedded import EmbeddedBus
from hub.bus.log import Log
from hub.contracts.topics import DEAD_LETTERS, Topic
from hub.kit.clock import SystemClock
from hub.testing.bus_contract import BusContract


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
