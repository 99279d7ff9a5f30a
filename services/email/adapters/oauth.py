"""Access tokens of mailboxes that were connected by consent (OAuth2, RFC 6749, section 6)."""

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx

from hub.channels.errors import LoginRefused
from hub.kit import plain
from hub.kit.outside import Outside
from hub.kit.outside_http import client
from services.email.errors import AccessRefused, MailServerUnavailable
from services.email.models import OAuth

_PROVIDERS = {
    "googleapis.com": "Google",
    "google.com": "Google",
    "microsoftonline.com": "Microsoft",
    "live.com": "Microsoft",
    "yandex.ru": "Yandex",
    "yandex.com": "Yandex",
    "mail.ru": "Mail.ru",
}
_PASSING = ("temporarily_unavailable", "slow_down", "server_error")
_CLIENT = ("invalid_client", "unauthorized_client")
CHECK_CONSENT = "check the user, and that the consent covers IMAP and SMTP"
_USUAL_LIFETIME = 3600.0
_MARGIN = 300.0
_WORDS = 300


class Grants(Protocol):
    """Keeps the refresh tokens that a provider gives in place of the one that was entered."""

    async def newest(self, oauth: OAuth) -> str:
        """The refresh token to be used."""
        ...

    async def renewed(self, oauth: OAuth, refresh_token: str) -> None: ...


@dataclass(slots=True)
class _Held:
    """What is known of one consent; times are the event loop's."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    token: str = ""
    until: float = 0.0
    unsaved: str = ""
    """A refresh token that the store did not take yet; the one before it may be used up."""
    refusal: str = ""
    refused_until: float = 0.0


class AccessTokens:
    """One access token for each consent, shared by all that log in with it, renewed before it expires."""

    def __init__(
        self, grants: Grants, *, patience: float, tls: ssl.SSLContext, outside: Outside, pause: float
    ) -> None:
        """`patience` is in seconds, for an answer; for `pause` seconds a refusal stands without asking again."""
        self._grants = grants
        self._patience = patience
        self._tls = tls
        self._outside = outside
        self._pause = pause
        self._held: dict[OAuth, _Held] = {}

    async def get(self, oauth: OAuth, *, instead_of: str = "") -> str:
        """A token that is good for some minutes; not `instead_of`, which the mail server refused.

        Raises:
            AccessRefused: the provider refused, in its words.
            MailServerUnavailable: the provider does not answer.
        """
        held = self._held.setdefault(oauth, _Held())
        async with held.lock:  # whoever waits uses what the first one got
            now = asyncio.get_running_loop().time()
            if now < held.refused_until:
                raise AccessRefused(held.refusal)
            if now >= held.until or held.token == instead_of:
                await self._renew(oauth, held)
            if held.unsaved:
                await self._grants.renewed(oauth, held.unsaved)
                held.unsaved = ""
            return held.token

    async def _renew(self, oauth: OAuth, held: _Held) -> None:
        held.until = 0.0
        now = asyncio.get_running_loop().time()
        try:
            given = await self._asked(oauth, held.unsaved or await self._grants.newest(oauth))
        except AccessRefused as exc:
            held.refusal, held.refused_until = str(exc), now + self._pause
            raise
        held.unsaved = str(given.get("refresh_token") or held.unsaved)
        lifetime = _seconds(given.get("expires_in"))
        held.token = str(given["access_token"])
        held.until = now + lifetime - min(_MARGIN, lifetime / 5)

    async def _asked(self, oauth: OAuth, refresh_token: str) -> dict[str, Any]:
        form = {
            "grant_type": "refresh_token",
            "client_id": oauth.client_id,
            "client_secret": oauth.client_secret,
            "refresh_token": refresh_token,
            "scope": oauth.scope,
        }
        try:
            async with client(self._outside, patience=self._patience, tls=self._tls) as http:
                answer = await http.post(oauth.token_url, data={name: text for name, text in form.items() if text})
        except httpx.TimeoutException as exc:
            raise MailServerUnavailable("timeout", f"token endpoint {oauth.token_url}") from exc
        except httpx.HTTPError as exc:
            raise MailServerUnavailable("lost", f"token endpoint {oauth.token_url}: {exc}") from exc
        return _given(oauth, answer)


def xoauth2(user: str, token: str) -> bytes:
    """The one message of XOAUTH2 (https://developers.google.com/workspace/gmail/imap/xoauth2-protocol)."""
    return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()


def offered(methods: set[str] | list[str], name: str) -> None:
    """Says so when a server does not know XOAUTH2; `name` is how it would list it.

    Raises:
        LoginRefused: it does not.
    """
    if name not in {method.upper() for method in methods}:
        raise LoginRefused(
            "the server offers no OAuth2 login (XOAUTH2)", fix="use a password, or check host and port"
        )


def _given(oauth: OAuth, answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    if answer.is_success and body.get("access_token"):
        return body
    error = str(body.get("error") or "")
    if not error or answer.is_server_error or answer.status_code == 429 or error in _PASSING:
        raise MailServerUnavailable("protocol", f"token endpoint {oauth.token_url} answered {answer.status_code}")
    raise AccessRefused(_refusal(oauth, error, str(body.get("error_description") or "")))


def _refusal(oauth: OAuth, error: str, description: str) -> str:
    name = provider(oauth.token_url)
    said = plain.line(f"{error}: {description}".removesuffix(": "))[:_WORDS].rstrip(".")
    if error in _CLIENT:
        return f"{name} refused the client: {said}; check client_id and client_secret"
    if error in ("invalid_scope", "invalid_request"):
        return f"{name} refused the request: {said}; check scope and token_url"
    return f"{name} refused the refresh token: {said}; connect the mailbox again"


def provider(url: str) -> str:
    host = urlsplit(url).hostname or url
    return next((name for domain, name in _PROVIDERS.items() if f".{host}".endswith(f".{domain}")), host)


def _seconds(text: Any) -> float:
    try:
        return max(float(text), 1.0)
    except (TypeError, ValueError):
        return _USUAL_LIFETIME
