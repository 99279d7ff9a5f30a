"""Email as a channel of the hub."""

from hub.testing.channel_contract import ChannelContract


class TestEmail(ChannelContract):
    """On the mail simulator; the harness is in conftest.py."""
