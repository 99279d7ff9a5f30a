"""A stored password or consent goes only to where it was entered for, over addresses that are open to the hub."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.channels.entered import check_entered
from hub.channels.simulators.mail import MailSimulator
from hub.channels.simulators.tokens import TokenServer
from hub.kit.errors import InvalidInput
from tests.services.email.conftest import SALES, EmailHarness
from tests.services.email.test_oauth import OAuthHarness


@pytest.mark.parametrize("kind", ["imap", "smtp"])
@pytest.mark.parametrize("change", [{"host": "localhost"}, {"port": 9}, {"user": "other"}])
async def test_a_server_that_is_another_needs_the_password_again(
    harness: EmailHarness, kind: str, change: dict[str, Any]
) -> None:
    path = f"/mailboxes/{harness.mailbox_id}"
    alone = await harness.api.patch(path, json={kind: change})
    assert (alone.status_code, list(alone.json()["errors"])) == (422, [f"{kind}.password"])
    (field,) = change
    assert f"required where {kind}.{field} changes" in alone.json()["errors"][f"{kind}.password"]
    tried = await harness.api.patch(path, json={kind: {**change, "password": "support-password"}})
    assert list(tried.json().get("errors", {})) in ([], [kind])  # taken, or tried there


async def test_the_same_server_named_again_needs_nothing(harness: EmailHarness) -> None:
    same = harness.server(harness.simulator.imap_port)
    del same["password"]
    answer = await harness.api.patch(f"/mailboxes/{harness.mailbox_id}", json={"imap": same, "name": "Ромашка"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ("tls", "plain", True),
        ("tls", "starttls", True),
        ("starttls", "plain", True),
        ("plain", "tls", False),
        ("starttls", "tls", False),
        ("tls", "tls", False),
    ],
)
def test_a_weaker_security_is_another_place_and_a_stronger_one_is_not(before: str, after: str, refused: bool) -> None:
    def change() -> None:
        check_entered({"security": before}, {"security": after}, {"password": False}, within="imap")

    if refused:
        with pytest.raises(InvalidInput, match=r"imap\.password: required where imap\.security changes"):
            change()
    else:
        change()


async def test_a_mail_server_in_a_closed_network_is_told_with_the_setting(harness: EmailHarness) -> None:
    await harness.restart(OMNIHUB_HUB__ALLOWED_NETWORKS="")
    answer = await harness.api.post("/mailboxes", json=harness.mailbox(SALES))
    errors = answer.json()["errors"]
    assert (answer.status_code, sorted(errors)) == (422, ["imap", "smtp"])
    for words in errors.values():
        assert "127.0.0.1 is this machine" in words
        assert 'add "127.0.0.1/32" to [hub] allowed_networks' in words
    await harness.restart(OMNIHUB_HUB__ALLOWED_NETWORKS="127.0.0.1/32")
    assert (await harness.api.post("/mailboxes", json=harness.mailbox(SALES))).status_code == 201


async def test_what_a_server_of_another_kind_answers_is_not_shown(harness: EmailHarness) -> None:
    from tests.hub.kit.test_outside import said, serving

    async with serving(lambda *_: said(b"SECRET", "X-Secret: SECRET")) as url:
        port = int(url.rpartition(":")[2])
        servers = {"imap": harness.server(port, "sales"), "smtp": harness.server(port, "sales")}
        await harness.restart(OMNIHUB_EMAIL__TRIAL_TIMEOUT="2")
        answer = await harness.api.post("/mailboxes", json=harness.mailbox(SALES, **servers))
    assert (answer.status_code, "SECRET" in answer.text, "HTTP" in answer.text) == (422, False, False)


@pytest.fixture
async def tokens() -> AsyncIterator[TokenServer]:
    async with TokenServer() as running:
        yield running


@pytest.fixture
async def consented(tmp_path_factory: pytest.TempPathFactory, tokens: TokenServer) -> AsyncIterator[OAuthHarness]:
    from tests.services.email.test_oauth import CUSTOMER, OURS, Account

    accounts = [Account(address=one, user=one.partition("@")[0], password="p") for one in (OURS, SALES, CUSTOMER)]
    async with MailSimulator(accounts, tokens=tokens) as simulator:
        made = OAuthHarness(tmp_path_factory.mktemp("consented"), simulator, tokens)
        await made.open()
        yield made
        await made.close()


async def test_a_consent_goes_to_its_provider_and_its_tokens_to_their_servers(consented: OAuthHarness) -> None:
    async with TokenServer() as evil:
        status, problem = await consented.change(imap={"oauth": {"token_url": evil.token_url}})
        missing = ["imap.oauth.client_secret", "imap.oauth.refresh_token"]
        assert (status, sorted(problem["errors"])) == (422, missing)
        status, problem = await consented.change(smtp={"host": "localhost"})
        assert (status, list(problem["errors"])) == (422, ["smtp.oauth.refresh_token"])
        half = {"token_url": evil.token_url, "refresh_token": "mine"}
        status, problem = await consented.change(imap={"oauth": half})
        assert (status, list(problem["errors"])) == (422, ["imap.oauth.client_secret"])
        assert evil.requests == 0
    status, _ = await consented.change(imap={"oauth": consented.oauth()})
    assert status == 200
