"""The simulators run on both event loops: the hub takes uvloop where it can, whose transports break in other ways."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

Loop = Callable[[], asyncio.AbstractEventLoop]


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, Loop]:
    del config
    loops: dict[str, Loop] = {"asyncio": asyncio.new_event_loop}
    if "faults" in item.path.name:
        loops["uvloop"] = pytest.importorskip("uvloop").new_event_loop
    return loops
