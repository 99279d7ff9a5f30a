"""Email as a channel of the hub."""

import pytest

from hub.testing.channel_contract import ChannelContract

pytestmark = pytest.mark.slow


class TestEmail(ChannelContract):
    """On the mail simulator; the harness is in conftest.py."""
