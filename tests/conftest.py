"""What every test may use: the fixtures that `hub.testing` ships."""

import pytest

# Before they are imported, so that a failed assert in them shows its values.
pytest.register_assert_rewrite(
    "hub.testing.store_contract",
    "hub.testing.store_find_contract",
    "hub.testing.bus_contract",
    "hub.testing.bus_faults",
    "hub.testing.bus_harness",
    "hub.testing.channel_contract",
)

pytest_plugins = ["hub.testing.fixtures"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each group runs in one process, one test after another: what shares a server, or a fixture of its module."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None and (group := _shares(item)):
            item.add_marker(pytest.mark.xdist_group(group))


def _shares(item: pytest.Item) -> str:
    for server in ("kafka", "mongo"):
        if f"{server}_server" in getattr(item, "fixturenames", ()):
            return server
    fixtures = getattr(item, "_fixtureinfo").name2fixturedefs.values()  # noqa: B009 (pytest has no public way)
    if not any(fixture.scope == "module" for found in fixtures for fixture in found):
        return ""
    world = item.callspec.params.get("world", "") if hasattr(item, "callspec") else ""
    return "kafka" if world == "distributed" else f"{item.path.stem} {world}".strip()
