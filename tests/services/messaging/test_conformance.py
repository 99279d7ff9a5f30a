"""Telegram and SMS as channels of the hub."""

import pytest

from hub.testing.channel_contract import ChannelContract
from tests.services.messaging.conftest import SmsHarness

pytestmark = pytest.mark.slow


class TestSms(ChannelContract):
    """On the simulated Twilio; the harness is in conftest.py."""

    @pytest.fixture
    def harness(self, sms: SmsHarness) -> SmsHarness:
        return sms


class TestTelegram(ChannelContract):
    """On the simulated Bot API; the harness is in conftest.py."""
