"""Who may come in is the same where documents are kept in MongoDB: what accounts rest on, told once more there."""

# ruff: noqa: F401 - what is imported is run here with this world.

from pathlib import Path

import pytest

from hub.bus.log import Log
from hub.store.mongo import MongoStore
from hub.testing.servers.mongo import MongoServer
from tests.services.gateway.conftest import World
from tests.services.gateway.test_factors import (
    test_a_login_takes_a_code_once_it_is_confirmed_and_each_code_once,
    test_the_first_factor_gives_ten_codes_each_of_which_lets_in_once_and_is_audited,
)
from tests.services.gateway.test_idempotency import (
    test_a_write_that_a_crash_cut_short_is_done_again_once_its_lease_is_over,
    test_two_at_once_are_done_once,
)
from tests.services.gateway.test_passkeys import (
    test_a_challenge_is_answered_once_within_five_minutes_at_any_copy,
    test_a_removed_passkey_lets_nobody_in_and_ends_what_it_began,
    test_it_is_both_factors_and_the_password_alone_is_none,
)
from tests.services.gateway.test_sso import (
    test_a_logout_at_the_provider_ends_that_session_or_all_that_began_there,
    test_a_logout_that_comes_before_the_login_is_done_ends_it_too,
    test_he_is_known_by_issuer_and_subject_whatever_he_is_called_next_time,
    test_who_comes_for_the_first_time_is_made_an_employee_with_the_role_of_his_group,
)

__all__ = [name for name in globals() if name.startswith("test_")]
pytestmark = pytest.mark.connected


@pytest.fixture
def world(tmp_path: Path, log: Log, mongo_server: MongoServer, mongo_database: str) -> World:
    return World(tmp_path, log, store=lambda name: MongoStore(mongo_server.url, f"{mongo_database}_{name}"))
