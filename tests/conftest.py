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
