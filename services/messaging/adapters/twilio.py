"""Twilio's REST API for SMS, through its own library."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
from twilio.base.exceptions import TwilioRestException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from hub.channels.base import Deferred, Intent, Outcome, Refused, Sent, Unknown
from hub.channels.errors import LoginRefused
from hub.kit.errors import NotFound
from hub.kit.outside import Outside
from hub.kit.outside_http import client, download
from services.messaging.errors import FileGone, MessengerUnavailable
from services.messaging.models import TWILIO_API, TwilioProvider
from services.messaging.sms.channel import Text
from services.messaging.sms.parse import key_of
from services.messaging.sms.statuses import TWILIO, UNREACHABLE, reason

_FIX = "check account_sid and auth_token"
_SILENT = logging.getLogger("twilio.silent")
_SILENT.disabled = True
"""The library would log bodies and numbers."""
_WINDOW = timedelta(minutes=10)
_LISTED = 50
_WORDS = 300
_NOT_HANDED_OVER = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class TwilioApi:
    """Sends, and asks what became of a message."""

    def __init__(self, provider: TwilioProvider, *, patience: float, outside: Outside) -> None:
        self._provider = provider
        self._outside = client(outside, patience=patience)
        self._http = _Http(provider.api_url, self._outside)
        self._client = Client(
            provider.account_sid, provider.auth_token, http_client=self._http, environment={"TWILIO_EDGE": ""}
        )

    @property
    def name(self) -> str:
        return self._provider.name

    async def close(self) -> None:
        await self._outside.aclose()

    async def probe(self) -> bool:
        """It takes the login. Raises LoginRefused or MessengerUnavailable."""
        async with _translated():
            await self._client.api.v2010.accounts(self._provider.account_sid).fetch_async()
        return True

    async def send(self, text: Text, intent: Intent) -> Outcome:
        """Hands one SMS over."""
        await intent()
        options: dict[str, Any] = {"status_callback": text.callback} if text.callback else {}
        if self._provider.service:
            options["messaging_service_sid"] = self._provider.service
        else:
            options["from_"] = text.sender
        try:
            made = await self._client.messages.create_async(to=text.to, body=text.body, **options)
        except TwilioRestException as exc:
            return _outcome(exc, text)
        except _NOT_HANDED_OVER as exc:
            return Deferred(_unreachable(exc), closed=True)
        except httpx.HTTPError as exc:
            return Unknown(f"handed over, and no answer came: {type(exc).__name__}")
        return _taken(made)

    async def find(self, text: Text, since: datetime) -> Outcome | None:
        """What became of a message of which only the intent is known; none where Twilio does not know it."""
        async with _translated():
            listed = await self._client.messages.list_async(
                to=text.to, date_sent_after=since - _WINDOW, limit=_LISTED
            )
        for one in listed:
            if one.body == text.body and one.direction.startswith("outbound") and _near(one.date_created, since):
                return _taken(one)
        return None

    async def file(self, reference: str, *, limit: int) -> bytes:
        """The bytes of an MMS, from Twilio's hosts or where they redirect to; the login is shown to Twilio only."""
        try:
            if not self._is_twilios(httpx.URL(reference)):
                raise FileGone(f"{_host(reference)[:100]} is none of Twilio's: not fetched")
            return await download(self._outside, reference, limit=limit, headers=self._login)
        except NotFound as exc:
            raise FileGone(f"Twilio's file: {exc}") from exc
        except httpx.InvalidURL as exc:
            raise FileGone("its address is none: not fetched") from exc

    def _login(self, url: httpx.URL) -> Mapping[str, str]:
        if not self._is_twilios(url):
            return {}
        login = httpx.BasicAuth(self._provider.account_sid, self._provider.auth_token)
        return dict(next(login.auth_flow(httpx.Request("GET", url))).headers)

    def _is_twilios(self, url: httpx.URL) -> bool:
        """Over https, or at the very address that the account names."""
        own = httpx.URL(self._provider.api_url)
        if (url.scheme, url.host, url.port) == (own.scheme, own.host, own.port):
            return True
        return url.scheme == "https" and (url.host == own.host or url.host.endswith(".twilio.com"))


class _Http(AsyncHttpClient):  # type: ignore[misc]
    """The library's client, on connections of ours, at another address where one is wanted."""

    def __init__(self, api_url: str, outside: httpx.AsyncClient) -> None:
        super().__init__(_SILENT, True, None)
        self._outside = outside
        self._api_url = api_url

    async def request(
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  (the library's signature)
        allow_redirects: bool = False,
    ) -> Response:
        """No redirect is followed: the login would go along."""
        del timeout, allow_redirects
        where = url.replace(TWILIO_API, self._api_url, 1)
        answer = await self._outside.request(
            method,
            where,
            params=_given(params),
            data=_given(data),
            headers=headers,
            auth=httpx.BasicAuth(*auth) if auth else None,
        )
        return Response(answer.status_code, answer.text, answer.headers)


def _given(values: dict[str, object] | None) -> dict[str, Any] | None:
    return {name: value for name, value in values.items() if value is not None} if values else None


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _unreachable(exc: httpx.HTTPError) -> str:
    return f"Twilio cannot be reached: {type(exc).__name__} {exc}"[:_WORDS].rstrip()


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    """Twilio's errors as the hub's, for everything but sending."""
    try:
        yield
    except TwilioRestException as exc:
        if exc.status in (401, 403, 404):
            raise LoginRefused(exc.msg, fix=_FIX) from exc
        raise MessengerUnavailable(f"Twilio answered {exc.status}: {exc.msg}") from exc
    except httpx.HTTPError as exc:
        raise MessengerUnavailable(_unreachable(exc)) from exc


def _outcome(exc: TwilioRestException, text: Text) -> Outcome:
    """What a refusal means."""
    code = str(exc.code or "")
    words = reason(code, exc.msg) or exc.msg
    if exc.status in (401, 403):
        return Deferred(f"login refused: {exc.msg}; {_FIX}", login_refused=True)
    if exc.status == 429:
        return Deferred(f"asked for too often: {exc.msg}")
    if exc.status >= 500:
        return Deferred(f"Twilio answered {exc.status}: {exc.msg}", closed=True)
    return Refused(f"{exc.msg} ({words})", unreachable=(text.address,) if code in UNREACHABLE else ())


def _taken(made: Any) -> Outcome:
    status = str(made.status)
    keys = (key_of("twilio", made.sid),)
    if TWILIO.get(status) == "failed":
        return Refused(reason(str(made.error_code or ""), made.error_message or status) or status, keys=keys)
    return Sent(f"taken by Twilio: {status}", keys=keys)


def _near(created: datetime | None, since: datetime) -> bool:
    return created is None or abs(created - since) <= _WINDOW
