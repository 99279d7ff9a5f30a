"""Mailboxes that are opened with OAuth2 instead of passwords, against a simulated provider."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from hub.channels.simulators.mail import Account, MailSimulator
from hub.channels.simulators.tokens import TokenServer
from hub.contracts.interaction import DeliveryState
from hub.testing.outside import HERE
from hub.testing.servers.dovecot import DovecotServer
from hub.testing.waiting import PATIENCE, eventually
from services.email.adapters.imap import open_inbox
from services.email.adapters.oauth import AccessTokens, provider
from services.email.errors import AccessRefused, LoginRefused, MailServerUnavailable
from services.email.models import OAuth, Server
from tests.services.email.conftest import CUSTOMER, OURS, SALES, EmailHarness, a_mail

REVOKED = (
    "127.0.0.1 refused the refresh token: invalid_grant: Token has been expired or revoked; connect the mailbox again"
)


class OAuthHarness(EmailHarness):
    """Our mailbox is connected by consent."""

    def __init__(self, data: Path, simulator: MailSimulator, tokens: TokenServer, **settings: str) -> None:
        super().__init__(data, simulator, **settings)
        self.tokens = tokens
        self.refresh_token = tokens.grant("support")

    def oauth(self, **over: str) -> dict[str, str]:
        return {
            "token_url": self.tokens.token_url,
            "client_id": self.tokens.client_id,
            "client_secret": self.tokens.client_secret,
            "refresh_token": self.refresh_token,
            "scope": "https://mail.google.com/",
            **over,
        }

    def server(self, port: int, user: str = "support", **over: Any) -> dict[str, Any]:
        login = {"user": user, "oauth": self.oauth()}
        return {"host": "127.0.0.1", "port": port, "security": self.security, **login, **over}

    async def change(self, **change: Any) -> tuple[int, dict[str, Any]]:
        answer = await self.api.patch(f"/mailboxes/{self.mailbox_id}", json=change)
        return answer.status_code, answer.json()


@pytest.fixture
async def tokens() -> AsyncIterator[TokenServer]:
    async with TokenServer() as running:
        yield running


@pytest.fixture
async def simulator(tokens: TokenServer) -> AsyncIterator[MailSimulator]:
    accounts = [
        Account(address=address, user=address.partition("@")[0], password=f"{address.partition('@')[0]}-password")
        for address in (OURS, SALES, CUSTOMER)
    ]
    async with MailSimulator(accounts, tokens=tokens) as running:
        yield running


@pytest.fixture
async def harness(tmp_path: Path, simulator: MailSimulator, tokens: TokenServer) -> AsyncIterator[OAuthHarness]:
    made = OAuthHarness(tmp_path, simulator, tokens)
    await made.open()
    yield made
    await made.close()


async def test_mail_comes_and_goes_with_one_token_for_both_servers(harness: OAuthHarness) -> None:
    harness.customer_writes("by token")
    await harness.arrivals(1)
    message = harness.message("answered by token")
    await harness.give(message)
    await harness.delivery(message, DeliveryState.SENT)
    assert harness.simulator.sent[0].user == "support"
    assert harness.tokens.requests == 1


async def test_a_mailbox_is_shown_and_stored_without_the_secrets_of_its_consent(harness: OAuthHarness) -> None:
    shown = (await harness.api.get(f"/mailboxes/{harness.mailbox_id}")).json()
    assert shown["imap"]["oauth"] == {
        "token_url": harness.tokens.token_url,
        "client_id": harness.tokens.client_id,
        "scope": "https://mail.google.com/",
    }
    assert harness.refresh_token not in str(shown)
    await harness.stop()
    stored = b"".join(path.read_bytes() for path in harness.data.glob("email.sqlite*"))
    assert harness.tokens.client_id.encode() in stored
    assert harness.refresh_token.encode() not in stored
    assert harness.tokens.client_secret.encode() not in stored
    await harness.start()


async def test_a_token_refused_before_its_time_is_renewed_once(harness: OAuthHarness) -> None:
    await harness.until_healthy("green")
    harness.tokens.expire()
    harness.simulator.drop_imap()
    harness.simulator.drop_smtp()
    harness.customer_writes("after the token's end")
    await harness.arrivals(1)
    message = harness.message("and back")
    await harness.give(message)
    await harness.delivery(message, DeliveryState.SENT)
    assert harness.tokens.requests == 2
    assert (await harness.health()).credentials == "ok"


async def test_a_revoked_consent_turns_the_mailbox_red_once_and_a_new_one_green_again(
    harness: OAuthHarness, caplog: pytest.LogCaptureFixture
) -> None:
    await harness.until_healthy("green")
    caplog.set_level(logging.WARNING, "services.email")
    harness.tokens.revoke(harness.refresh_token)
    harness.simulator.drop_imap()
    red = await harness.until_healthy("red")
    assert (red.reason, red.credentials) == (f"receiving: {REVOKED}", "refused")
    await asyncio.sleep(2)
    told = [line for line in caplog.records if getattr(line, "hub_fields", {}).get("error") == REVOKED]
    assert len(told) == 1

    harness.customer_writes("meanwhile")
    fresh = harness.tokens.grant("support")
    status, _ = await harness.change(imap={"oauth": {"refresh_token": fresh}})
    assert status == 200
    green = await harness.until_healthy("green")
    assert (green.reason, green.credentials) == (None, "ok")
    await harness.arrivals(1)
    message = harness.message("the other server has the new consent, too")
    await harness.give(message)
    await harness.delivery(message, DeliveryState.SENT)


async def test_a_consent_that_is_not_good_is_not_saved(harness: OAuthHarness) -> None:
    dead = harness.oauth(refresh_token="never given")
    imap = harness.server(harness.simulator.imap_port, "sales", oauth=dead)
    smtp = harness.server(harness.simulator.smtp_port, "sales", oauth=harness.oauth(client_secret="wrong"))
    answer = await harness.api.post("/mailboxes", json=harness.mailbox(SALES, imap=imap, smtp=smtp))
    assert answer.status_code == 422
    assert answer.json()["errors"] == {
        "imap": REVOKED,
        "smtp": "127.0.0.1 refused the client: invalid_client: The OAuth client was not found;"
        " check client_id and client_secret",
    }
    status, problem = await harness.change(smtp={"oauth": {"refresh_token": "never given"}})
    assert (status, problem["errors"]) == (422, {"imap": REVOKED, "smtp": REVOKED})
    await harness.until_healthy("green")


async def test_a_consent_for_another_mailbox_is_told_as_a_refused_login(harness: OAuthHarness) -> None:
    answer = await harness.api.post("/mailboxes", json=harness.mailbox(SALES))
    errors = answer.json()["errors"]
    assert errors["imap"].startswith("login refused: ")
    assert errors["smtp"] == (
        "login refused: 535 5.7.8 token not accepted; check the user, and that the consent covers IMAP and SMTP"
    )


@pytest.mark.parametrize(
    ("login", "errors"),
    [
        ({}, {"imap": "give either password or oauth"}),
        ({"password": "p", "oauth": {}}, None),
        ({"oauth": {"token_url": "https://x.example/token"}}, None),
    ],
)
async def test_a_login_is_either_a_password_or_a_whole_consent(
    harness: OAuthHarness, login: dict[str, Any], errors: dict[str, str] | None
) -> None:
    imap = {"host": "127.0.0.1", "port": 1, "security": "plain", "user": "sales", **login}
    answer = await harness.api.post("/mailboxes", json=harness.mailbox(SALES, imap=imap))
    assert answer.status_code == 422
    assert errors is None or answer.json()["errors"] == errors


@pytest.mark.parametrize("url", ["http://login.example/token", "ftp://x.example", "https://u:p@x.example/t", "token"])
async def test_secrets_go_to_a_provider_over_https_only(harness: OAuthHarness, url: str) -> None:
    imap = harness.server(harness.simulator.imap_port, oauth=harness.oauth(token_url=url))
    answer = await harness.api.post("/mailboxes", json=harness.mailbox(SALES, imap=imap))
    assert list(answer.json()["errors"]) == ["imap.oauth.token_url"]


async def test_a_mailbox_goes_from_password_to_consent_and_back(harness: OAuthHarness) -> None:
    status, shown = await harness.change(imap={"password": "support-password"}, smtp={"password": "support-password"})
    assert (status, shown["imap"]["oauth"], shown["smtp"]["oauth"]) == (200, None, None)
    status, problem = await harness.change(imap={"oauth": {"refresh_token": harness.refresh_token}})
    assert (status, sorted(problem["errors"])) == (422, ["imap.oauth.client_id", "imap.oauth.token_url"])
    status, shown = await harness.change(imap={"oauth": harness.oauth()})
    assert (status, shown["imap"]["oauth"]["client_id"]) == (200, harness.tokens.client_id)
    harness.customer_writes("still here")
    await harness.arrivals(1)


async def test_a_server_without_oauth2_is_told_as_such(harness: OAuthHarness) -> None:
    async with MailSimulator([Account(address=SALES, user="sales", password="p")]) as old:
        servers = {"imap": harness.server(old.imap_port, "sales"), "smtp": harness.server(old.smtp_port, "sales")}
        answer = await harness.api.post("/mailboxes", json=harness.mailbox(SALES, **servers))
    said = "login refused: the server offers no OAuth2 login (XOAUTH2); use a password, or check host and port"
    assert answer.json()["errors"] == {"imap": said, "smtp": said}


@pytest.mark.slow
async def test_a_provider_that_is_down_is_no_refusal(harness: OAuthHarness) -> None:
    await harness.until_healthy("green")
    harness.tokens.down = True
    harness.tokens.expire()
    harness.simulator.drop_imap()
    harness.customer_writes("during the outage")
    health = await eventually(harness.health, lambda health: "answered 503" in (health.reason or ""))
    assert (health.state, health.credentials) == ("green", "ok")
    harness.tokens.down = False
    await harness.arrivals(1)


async def test_a_refresh_token_that_is_replaced_at_every_use_outlives_a_restart(harness: OAuthHarness) -> None:
    harness.tokens.rotating = True
    for number in range(1, 4):
        harness.tokens.expire()
        harness.simulator.drop_imap()
        harness.customer_writes(f"number {number}")
        await harness.arrivals(number)
        await harness.stop()
        await harness.start()
    assert (await harness.until_healthy("green")).credentials == "ok"


class Grants:
    """Kept in memory; `taken` says whether the store takes anything."""

    def __init__(self) -> None:
        self.kept: dict[OAuth, str] = {}
        self.taken = True

    async def newest(self, oauth: OAuth) -> str:
        return self.kept.get(oauth, oauth.refresh_token)

    async def renewed(self, oauth: OAuth, refresh_token: str) -> None:
        if not self.taken:
            raise MailServerUnavailable("lost", "the store")
        self.kept[oauth] = refresh_token


def consent(server: TokenServer, **over: str) -> OAuth:
    given = {
        "token_url": server.token_url,
        "client_id": server.client_id,
        "client_secret": server.client_secret,
        "refresh_token": server.grant("support"),
        **over,
    }
    return OAuth(**given)


def access(grants: Grants | None = None, pause: float = 0.0) -> AccessTokens:
    return AccessTokens(
        grants or Grants(), patience=PATIENCE, tls=ssl.create_default_context(), outside=HERE, pause=pause
    )


async def test_a_token_is_asked_for_once_by_many_and_renewed_before_it_expires(tokens: TokenServer) -> None:
    holder, oauth = access(), consent(tokens)
    tokens.lifetime = 2
    first = {await token for token in [asyncio.ensure_future(holder.get(oauth)) for _ in range(20)]}
    assert (len(first), tokens.requests) == (1, 1)
    await asyncio.sleep(1.7)
    (old,) = first
    assert tokens.user_of(old) == "support"
    assert await holder.get(oauth) != old
    assert tokens.requests == 2


async def test_a_refusal_stands_for_a_while_without_asking_again(tokens: TokenServer) -> None:
    holder, oauth = access(pause=0.3), consent(tokens)
    tokens.revoke(oauth.refresh_token)
    for _ in range(5):
        with pytest.raises(AccessRefused, match="connect the mailbox again"):
            await holder.get(oauth)
    assert tokens.requests == 1
    await asyncio.sleep(0.35)
    with pytest.raises(AccessRefused):
        await holder.get(oauth)
    assert tokens.requests == 2


async def test_a_replaced_refresh_token_is_not_lost_when_the_store_is_down(tokens: TokenServer) -> None:
    grants = Grants()
    holder, oauth = access(grants), consent(tokens)
    tokens.rotating, grants.taken = True, False
    with pytest.raises(MailServerUnavailable):
        await holder.get(oauth)
    grants.taken = True
    token = await holder.get(oauth)
    assert tokens.user_of(token) == "support"
    assert grants.kept[oauth] != oauth.refresh_token
    assert await holder.get(oauth, instead_of=token) != token


@pytest.mark.parametrize(
    ("host", "name"),
    [("oauth2.googleapis.com", "Google"), ("login.microsoftonline.com", "Microsoft"), ("oauth.yandex.ru", "Yandex")],
)
def test_a_provider_is_called_by_its_name(host: str, name: str) -> None:
    assert provider(f"https://{host}/token") == name


async def test_a_provider_that_does_not_answer_is_tried_again(tokens: TokenServer) -> None:
    oauth = consent(tokens, token_url="http://127.0.0.1:9/token")
    with pytest.raises(MailServerUnavailable, match="token endpoint"):
        await access().get(oauth)


@pytest.mark.connected
@pytest.mark.slow
async def test_dovecot_takes_a_token_and_refuses_one_that_was_revoked(
    tokens: TokenServer, dovecot_servers: Callable[..., DovecotServer]
) -> None:
    dovecot = await asyncio.to_thread(dovecot_servers, {"support": "p"}, tokeninfo_url=tokens.tokeninfo_url)
    dovecot.put("support", [a_mail("to be read by token")])
    holder, oauth = access(), consent(tokens)
    server = Server(host="127.0.0.1", port=dovecot.port, security="plain", user="support", oauth=oauth)

    async def read() -> list[bytes]:
        async with open_inbox(
            server, patience=PATIENCE, tls=ssl.create_default_context(), outside=HERE, tokens=holder
        ) as inbox:
            return [mail.raw for mail in await inbox.fetch(await inbox.uids_above(0))]

    async def read_when_it_is_ready() -> list[bytes]:
        # A Dovecot that has just begun says "[SERVERBUG] Internal error" now and then on a busy machine.
        with suppress(MailServerUnavailable):
            return await read()
        return []

    for _ in range(2):
        (mail,) = await eventually(read_when_it_is_ready)
        assert b"to be read by token" in mail
        tokens.expire()  # the next login has to renew it
    stranger = Server(host="127.0.0.1", port=dovecot.port, security="plain", user="sales", oauth=oauth)
    with pytest.raises(LoginRefused, match="check the user"):  # and not the end of our patience
        async with open_inbox(
            stranger, patience=PATIENCE, tls=ssl.create_default_context(), outside=HERE, tokens=holder
        ):
            pass
