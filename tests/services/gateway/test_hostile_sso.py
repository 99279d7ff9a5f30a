"""A provider that lies, one that is ill, and people who bring what it gave to somebody else."""

import hmac
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from flask import Response
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from hub.testing.servers.oidc import CLIENT, SECRET, Claims, OidcProvider
from hub.testing.sso import OURS

Forge = Callable[[OidcProvider, Claims], str]
NOW = int(time.time())


def plain(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def unsigned(_: OidcProvider, claims: Claims) -> str:
    head = orjson.dumps({"alg": "none"})
    return f"{plain(head)}.{plain(orjson.dumps(claims))}."


def by_secret(provider: OidcProvider, claims: Claims, secret: bytes = SECRET.encode()) -> str:
    """By hand: good libraries refuse to do it."""
    head = orjson.dumps({"alg": "HS256", "kid": provider.key.kid})
    said = f"{plain(head)}.{plain(orjson.dumps(claims))}"
    return f"{said}.{plain(hmac.digest(secret, said.encode(), 'sha256'))}"


def by_public_key(provider: OidcProvider, claims: Claims) -> str:
    return by_secret(provider, claims, provider.key.as_pem(private=False))


def by_somebody(provider: OidcProvider, claims: Claims) -> str:
    return provider.signed(claims, key=RSAKey.generate_key(2048, {"kid": provider.key.kid}))


def saying(**over: Any) -> Forge:
    def forged(provider: OidcProvider, claims: Claims) -> str:
        return provider.signed({name: value for name, value in {**claims, **over}.items() if value is not None})

    return forged


FORGED: dict[str, Forge] = {
    "unsigned": unsigned,
    "signed with the secret": by_secret,
    "signed with the public key as a secret": by_public_key,
    "signed by somebody else": by_somebody,
    "with critical extensions": lambda provider, claims: provider.signed(claims, b64=True, crit=["b64"]),
    "of another issuer": saying(iss="https://evil.example"),
    "of no issuer": saying(iss=None),
    "for another client": saying(aud="another"),
    "for nobody": saying(aud=[]),
    "for several, given to nobody": saying(aud=[CLIENT, "another"]),
    "given to another": saying(azp="another"),
    "over": saying(exp=NOW - 3_600),
    "without an end": saying(exp=None),
    "with an end that is text": saying(exp="2099"),
    "with an end beyond the calendar": saying(exp=1e300),
    "of the future": saying(iat=NOW + 3_600, exp=NOW + 7_200),
    "of another login": saying(nonce="another"),
    "of no login": saying(nonce=None),
    "with another access token": saying(at_hash="AAAA"),
    "about nobody": saying(sub=None),
    "about a number": saying(sub=7),
    "about too much": saying(sub="ы" * 256),
    "no object": lambda provider, _: f"{provider.signed({}).partition('.')[0]}.{plain(b'[]')}.AAAA",
    "no token": lambda *_: "x",
    "nothing": lambda *_: "",
    "too long": saying(name="я" * 60_000),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
async def test_a_token_that_is_not_as_it_should_be_lets_nobody_in(
    hub: Any, sso: Any, provider: OidcProvider, forge: Forge
) -> None:
    provider.bends.id_token = lambda _, claims: forge(provider, claims)
    async with sso() as visit:
        answer = await visit.log_in()
        assert (answer.status_code, answer.json()["title"]) == (401, "Not logged in by the single sign-on")
        assert (await visit.here.get("/api/v1/me", headers=OURS)).status_code == 401
    assert await hub.gateway.http.state.parts.employees.known("anna") is None


@pytest.mark.parametrize("alg", ["ES256", "PS256"])
async def test_other_ways_to_sign_with_a_public_key_are_taken(sso: Any, provider: OidcProvider, alg: str) -> None:
    key: Any = ECKey.generate_key("P-256", {"kid": "другой"}) if alg == "ES256" else provider.key
    provider.published = [provider.key, key] if alg == "ES256" else [key]
    provider.bends.id_token = lambda _, claims: jwt.encode({"alg": alg, "kid": key.kid}, claims, key, [alg])
    async with sso() as visit:
        assert (await visit.log_in()).status_code == 303


async def test_keys_are_fetched_once_in_thirty_seconds_however_many_unknown_ones_are_named(
    hub: Any, sso: Any, provider: OidcProvider
) -> None:
    new = RSAKey.generate_key(2048, {"kid": "новый"})
    async with sso() as visit:
        assert (await visit.log_in()).status_code == 303
        provider.bends.id_token = lambda _, claims: provider.signed(claims, key=new)
        refused = [(await visit.log_in()).status_code for _ in range(5)]
        fetched = provider.calls.count("/jwks")
        provider.published.append(new)
        hub.clock.advance(timedelta(seconds=30))
        assert (await visit.log_in()).status_code == 303
    assert (refused, fetched, provider.calls.count("/jwks")) == ([401] * 5, 1, 2)


DESCRIBED: list[Claims] = [
    {"issuer": "https://evil.example"},
    {"issuer": None},
    {"authorization_endpoint": "http://login.example.com/authorize"},
    {"authorization_endpoint": "javascript:alert(1)"},
    {"token_endpoint": "http://169.254.169.254/token"},
    {"token_endpoint": None},
    {"jwks_uri": ["x"]},
]


@pytest.mark.parametrize("described", DESCRIBED)
async def test_a_provider_that_describes_itself_wrongly_is_not_gone_to(
    sso: Any, provider: OidcProvider, described: Claims
) -> None:
    provider.bends.described = described
    async with sso() as visit:
        answer = await visit.here.get("/api/v1/sessions/oidc", headers=OURS)
    assert answer.status_code == 401


ILL: dict[str, Callable[[], Response]] = {
    "huge": lambda: Response(b'{"keys": [' + b" " * 600_000 + b"]}"),
    "broken": lambda: Response(status=500),
    "no JSON": lambda: Response("<html>"),
    "no object": lambda: Response("[]"),
    "without keys": lambda: Response('{"keys": 7}'),
    "with too many keys": lambda: Response(orjson.dumps({"keys": [{}] * 101})),
    "led elsewhere": lambda: Response(status=302, headers={"Location": "http://127.0.0.1:1/"}),
}


@pytest.mark.parametrize("ill", ILL.values(), ids=ILL.keys())
async def test_a_provider_that_is_ill_is_told_as_such_and_costs_nobody_his_tries(
    sso: Any, provider: OidcProvider, ill: Callable[[], Response]
) -> None:
    provider.bends.answers["/jwks"] = ill
    async with sso(tries_per_login="1") as visit:
        statuses = [(await visit.log_in()).status_code for _ in range(2)]
    assert statuses == [503, 503]


async def test_a_provider_that_does_not_end_is_left(
    sso: Any, provider: OidcProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.gateway.sso.provider.SECONDS", 0.2)
    released = threading.Event()
    provider.bends.answers["/.well-known/openid-configuration"] = lambda: Response(str(released.wait()))
    async with sso() as visit:
        answer = await visit.here.get("/api/v1/sessions/oidc", headers=OURS)
        released.set()
    assert answer.status_code == 503


async def test_a_provider_in_a_closed_network_is_not_called_and_the_answer_says_what_opens_it(
    world: Any, hub: Any, provider: OidcProvider
) -> None:
    environ = {"OIDC_ISSUER": provider.issuer, "OIDC_CLIENT_ID": CLIENT, "PUBLIC_URL": "https://hub.example.com"}
    gateway = world.build(**{f"OMNIHUB_GATEWAY__{name}": value for name, value in environ.items()})
    await gateway.start()
    hub.gateway, first = gateway, hub.gateway
    answer = await hub.client().get("/sessions/oidc")
    hub.gateway = first
    await gateway.stop()
    assert (answer.status_code, "allowed_networks" in answer.json()["detail"]) == (503, True)
    assert provider.calls == []


async def test_what_comes_back_counts_once_and_in_the_browser_that_began_it(sso: Any) -> None:
    async with sso() as mine, sso() as his:
        coming = await mine.agreed(await mine.go())
        await his.go()
        stolen = await his.back(coming)
        cookie = mine.here.cookies["omnihub-sso"]
        first = await mine.back(coming)
        mine.here.cookies.set("omnihub-sso", cookie, domain="localhost.local", path="/")
        again = await mine.back(coming)
    assert [answer.status_code for answer in (stolen, first, again)] == [401, 303, 401]


async def test_a_login_is_over_after_ten_minutes(hub: Any, sso: Any) -> None:
    async with sso() as visit:
        coming = await visit.agreed(await visit.go())
        hub.clock.advance(timedelta(minutes=10))
        assert (await visit.back(coming)).status_code == 401


@pytest.mark.parametrize(
    "query",
    [
        "code=x&state={state}&iss=https://evil.example",
        "error=access_denied&error_description=нет&state={state}",
        "code=x&state=another",
        "code=x",
        "code=x&code=y&state={state}",
        "state={state}",
        "code=not-one-of-its-own&state={state}",
    ],
)
async def test_a_callback_that_the_provider_did_not_make_lets_nobody_in(sso: Any, query: str) -> None:
    async with sso() as visit:
        state = str(httpx.URL(await visit.go()).params["state"])
        answer = await visit.back(f"/api/v1/sessions/oidc/callback?{query.format(state=state)}")
    assert answer.status_code == 401, answer.text


async def test_where_callbacks_say_who_calls_one_that_does_not_is_refused(sso: Any, provider: OidcProvider) -> None:
    provider.bends.described = {"authorization_response_iss_parameter_supported": True}
    async with sso() as visit:
        assert (await visit.log_in()).status_code == 401


async def test_wrong_callbacks_are_counted_by_where_they_come_from(sso: Any) -> None:
    async with sso(tries_per_login="3") as visit:
        statuses = [(await visit.back("/api/v1/sessions/oidc/callback?code=x&state=y")).status_code for _ in range(3)]
        codes = []
        for _ in range(4):
            await visit.go()
            state = str(httpx.URL(visit.last).params["state"])
            path = f"/api/v1/sessions/oidc/callback?code=x&state={state}"
            codes.append((await visit.back(path)).status_code)
    assert statuses == [401] * 3  # nothing was asked of the provider: there was no login of this browser
    assert codes == [401, 401, 401, 429]


@pytest.mark.parametrize(
    "following",
    ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "/a\r\nSet-Cookie: x=y", "/ы", ""],
)
async def test_nobody_is_led_to_another_site_in_the_end(sso: Any, following: str) -> None:
    async with sso() as visit:
        answer = await visit.here.get("/api/v1/sessions/oidc", params={"next": following}, headers=OURS)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["next"])


async def test_another_page_begins_no_login(sso: Any) -> None:
    async with sso() as visit:
        answer = await visit.here.get("/api/v1/sessions/oidc", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


LOGOUTS: dict[str, Claims] = {
    "of another issuer": {"iss": "https://evil.example"},
    "for another client": {"aud": "another"},
    "no logout": {"events": None},
    "of another event": {"events": {"x": {}}},
    "with a nonce": {"nonce": "x"},
    "old": {"iat": NOW - 3_600},
    "over": {"exp": NOW - 3_600},
    "without an id": {"jti": None},
    "naming nobody": {"sub": None},
    "naming a number": {"sid": 7},
}


@pytest.mark.parametrize("over", LOGOUTS.values(), ids=LOGOUTS.keys())
async def test_a_logout_that_is_not_as_it_should_be_ends_nothing(
    sso: Any, provider: OidcProvider, over: Claims
) -> None:
    async with sso() as visit:
        await visit.log_in()
        answer = await visit.ended(provider.logout_token(**over))
        assert (answer.status_code, (await visit.me())["employee"]["login"]) == (400, "anna")


async def test_a_logout_counts_once_and_an_id_token_is_none(sso: Any, provider: OidcProvider) -> None:
    told = []
    provider.bends.id_token = lambda honest, _: told.append(honest) or honest  # type: ignore[func-returns-value]
    async with sso() as visit:
        await visit.log_in()
        token = provider.logout_token()
        bodies = [told[0], unsigned(provider, {"sub": "x"}), token, token, "", "x" * 200_000]
        statuses = [(await visit.ended(body)).status_code for body in bodies]
    assert statuses == [400, 400, 200, 400, 400, 413]
