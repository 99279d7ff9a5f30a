"""What every test may use: the fixtures that `hub.testing` ships."""

import os
from collections.abc import Iterator

import pytest
from _pytest.nodeid import coerce_node_id
from hypothesis import HealthCheck, settings

# Before they are imported, so that a failed assert in them shows its values.
pytest.register_assert_rewrite(
    "hub.testing.store_contract",
    "hub.testing.store_find_contract",
    "hub.testing.bus_contract",
    "hub.testing.bus_faults",
    "hub.testing.bus_harness",
    "hub.testing.channel_contract",
    "hub.testing.call_contract",
)

pytest_plugins = ["hub.testing.fixtures"]
# A busy machine is no failure.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    """A command that runs in this process narrows it for good; servers of later tests could not read their files."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What shares a server, or a fixture of its module, runs in one process, one test after another."""
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        if group := _shared(item):
            # What the mark xdist_group is for; but xdist 3.8 writes the group where pytest 9.2 does not look.
            item._id = coerce_node_id(f"{item.nodeid}@{group}")


def _shared(item: pytest.Item) -> str:
    for server in ("kafka", "mongo"):
        if f"{server}_server" in getattr(item, "fixturenames", ()):
            return server
    fixtures = getattr(item, "_fixtureinfo").name2fixturedefs.values()  # noqa: B009 (pytest has no public way)
    if not any(fixture.scope == "module" for found in fixtures for fixture in found):
        return ""
    world = item.callspec.params.get("world", "") if hasattr(item, "callspec") else ""
    return "kafka" if world == "distributed" else f"{item.path.stem} {world}".strip()
