"""Exchanges as channels of the hub, as far as what holds for messages holds for calls.

What an exchange said once it does not say again, and it goes on while the hub is stopped; who wants to call does not
want to be called back later.
"""

import pytest

from hub.testing.channel_contract import ChannelContract
from tests.services.telephony.conftest import AmiHarness

pytestmark = pytest.mark.slow


class TestAsterisk(ChannelContract):
    """On the simulated Asterisk; the harness is in conftest.py."""

    @pytest.fixture
    def harness(self, ami: AmiHarness) -> AmiHarness:
        return ami

    test_what_is_fetched_twice_has_one_id = None  # type: ignore[assignment]
    test_what_came_while_the_hub_was_stopped_is_taken_over = None  # type: ignore[assignment]
    test_poison_is_parked_and_what_follows_it_comes = None  # type: ignore[assignment]
    test_a_restart_in_the_middle_of_a_burst_loses_and_doubles_nothing = None  # type: ignore[assignment]
    test_what_is_refused_for_now_goes_later_and_nothing_to_the_same_person_overtakes_it = None  # type: ignore[assignment]
    test_an_answer_overtakes_what_was_refused_for_now_of_a_mailing = None  # type: ignore[assignment]
    test_a_restart_while_sending_sends_each_once_or_says_unknown = None  # type: ignore[assignment]
