"""The provider over HTTP: how it describes itself, its keys, and the exchange of a code for tokens."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
import orjson

from hub.kit.clock import Clock
from hub.kit.errors import ProviderUnavailable
from hub.kit.outside_http import answer_limit, words_in
from services.gateway.access.hops import is_loopback_host
from services.gateway.errors import NotVerified
from services.gateway.sso.flow import Flow
from services.gateway.sso.tokens import Jwk

CALLBACK = "/api/v1/sessions/oidc/callback"
LARGEST = 512 * 1024
"""Bytes of an answer."""
SECONDS = 15.0
"""For a whole answer, whatever trickles."""
_KEPT = timedelta(hours=1)
_AT_ONCE = 16
_MOST_KEYS = 100
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """Of OpenID Connect Discovery 1.0, what is used of it."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    says_issuer: bool
    """Its callbacks say who calls (RFC 9207)."""
    secret_in_form: bool
    """It takes the secret of a client in the form alone."""


class Provider:
    """One issuer, and this hub as its client."""

    def __init__(
        self, connect: Callable[[], httpx.AsyncClient], clock: Clock, *, issuer: str, client_id: str, secret: str
    ) -> None:
        self._connect = connect
        self._clock = clock
        self.issuer = issuer
        self._client_id = client_id
        self._secret = secret
        self._http: httpx.AsyncClient | None = None
        self._known: tuple[datetime, Description] | None = None
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def address(self, flow: Flow, scopes: str) -> str:
        """Where a browser goes to log in; raises as `described`."""
        endpoint = (await self.described()).authorization_endpoint
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": flow.origin + CALLBACK,
            "scope": scopes,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": flow.challenge,
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(asked)}"

    async def described(self) -> Description:
        """Kept for an hour.

        Raises:
            ProviderUnavailable: it does not answer, or not with what it should.
            NotVerified: it is another issuer.
        """
        now = self._clock.now()
        if self._known is not None and self._known[0] <= now < self._known[0] + _KEPT:
            return self._known[1]
        found = await self._asked("GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self.issuer:
            raise NotVerified(
                "the provider calls itself by another name than [gateway] oidc_issuer; they must be equal"
            )
        for name in _ENDPOINTS:
            check_url(name, found.get(name), self.issuer)
        methods = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        made = Description(
            authorization_endpoint=found["authorization_endpoint"],
            token_endpoint=found["token_endpoint"],
            jwks_uri=found["jwks_uri"],
            says_issuer=found.get("authorization_response_iss_parameter_supported") is True,
            secret_in_form="client_secret_basic" not in methods,
        )
        self._known = (now, made)
        return made

    async def keys(self) -> list[Jwk]:
        """Raises as `described`."""
        found = (await self._asked("GET", (await self.described()).jwks_uri)).get("keys")
        if not isinstance(found, list) or len(found) > _MOST_KEYS:
            raise ProviderUnavailable(f"its keys are no list of up to {_MOST_KEYS}")
        return [each for each in found if isinstance(each, dict)]

    async def exchange(self, code: str, flow: Flow) -> tuple[str, str]:
        """The id token and the access token; raises as `described`."""
        described = await self.described()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": flow.origin + CALLBACK,
            "code_verifier": flow.verifier,
        }
        login: tuple[str, str] | None = None
        if not self._secret or described.secret_in_form:
            form |= {"client_id": self._client_id} | ({"client_secret": self._secret} if self._secret else {})
        else:
            # RFC 6749, 2.3.1: encoded before they are put together; %20 for a space is read by all, + by some.
            login = (quote(self._client_id, safe=""), quote(self._secret, safe=""))
        found = await self._asked("POST", described.token_endpoint, form, login)
        id_token, access_token = found.get("id_token"), found.get("access_token", "")
        if not isinstance(id_token, str) or not isinstance(access_token, str):
            raise NotVerified("it gave no id_token; is `openid` among [gateway] oidc_scopes?")
        return id_token, access_token

    async def _asked(
        self, method: str, url: str, form: Mapping[str, str] | None = None, login: tuple[str, str] | None = None
    ) -> dict[str, Any]:
        try:
            async with asyncio.timeout(SECONDS), self._room:
                http = self._http = self._http or self._connect()
                answer = await http.request(
                    method, url, data=form, auth=login, headers={"Accept": "application/json"},
                    extensions=answer_limit(LARGEST),
                )  # fmt: skip
        except (httpx.HTTPError, TimeoutError) as exc:
            raise ProviderUnavailable(
                f"the single sign-on did not answer: {exc or type(exc).__name__}"[:300]
            ) from exc
        if 400 <= answer.status_code < 500:
            raise NotVerified(f"the provider refuses ({answer.status_code}): {words_in(answer, 'error')}")
        return _object(answer)


def check_url(name: str, url: object, issuer: str) -> None:
    """Raises NotVerified: an address of the provider is to be as safe as its own."""
    parts = urlsplit(url) if isinstance(url, str) else None
    local = parts is not None and issuer.startswith("http:") and is_loopback_host(parts.netloc)
    if parts is None or not parts.hostname or not (parts.scheme == "https" or (local and parts.scheme == "http")):
        raise NotVerified(f"{name} of the provider is no https address")


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = orjson.loads(answer.content) if answer.is_success else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ProviderUnavailable(f"the single sign-on answered {answer.status_code} without what was asked for")
    return found
