"""Whether the files of a data folder belong together."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.bus.log import Log
from hub.kit.errors import ConfigurationError
from hub.whole import check_stores


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Log]:
    log = Log(tmp_path / "bus.sqlite")
    await log.open()
    yield log
    await log.close()


async def test_a_loss_that_was_accepted_is_not_asked_for_again_where_its_service_runs_no_more(
    bus: Log, tmp_path: Path
) -> None:
    await bus.note_stores({"acme": 7})
    with pytest.raises(ConfigurationError, match=r"acme.sqlite is missing"):
        await check_stores(tmp_path, bus, accepted=())
    await check_stores(tmp_path, bus, accepted=("acme",))
    await check_stores(tmp_path, bus, accepted=())
