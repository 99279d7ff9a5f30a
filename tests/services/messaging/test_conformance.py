"""Telegram and SMS as channels of the hub."""

import pytest

from hub.testing.channel_contract import ChannelContract

pytestmark = pytest.mark.slow


class TestTelegram(ChannelContract):
    """On the simulated Bot API; the harness is in conftest.py."""
