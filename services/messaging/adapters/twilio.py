"""Twilio's REST API for SMS, through its own library."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from hub.channels.base import Deferred, Intent, Outcome, Refused, Sent, Unknown
from hub.channels.errors import LoginRefused
from hub.kit.errors import TooLarge
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


class TwilioApi:
    """Sends, and asks what became of a message."""

    def __init__(self, provider: TwilioProvider, *, patience: float) -> None:
        self._provider = provider
        self._http = _Http(provider.api_url, patience)
        self._client = Client(
            provider.account_sid, provider.auth_token, http_client=self._http, environment={"TWILIO_EDGE": ""}
        )

    @property
    def name(self) -> str:
        return self._provider.name

    async def close(self) -> None:
        await self._http.close()

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
        except aiohttp.ClientConnectorError as exc:
            return Deferred(f"Twilio cannot be reached: {exc.strerror or type(exc).__name__}", closed=True)
        except (aiohttp.ClientError, TimeoutError) as exc:
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
        """The bytes of an MMS; the login is shown to Twilio only."""
        host = urlsplit(reference).hostname or ""
        ours = host == urlsplit(self._provider.api_url).hostname or host.endswith(".twilio.com")
        if not ours:
            raise FileGone(f"{host} is none of Twilio's: not fetched")
        login = aiohttp.encode_basic_auth(self._provider.account_sid, self._provider.auth_token)
        try:
            async with self._http.session.get(reference, headers={"Authorization": login}) as answer:
                if answer.status >= 500 or answer.status == 429:
                    raise MessengerUnavailable(f"Twilio answered {answer.status}")
                if answer.status >= 400:
                    raise FileGone(f"Twilio answered {answer.status}")
                content: bytes = await answer.content.read(limit + 1)
        except (aiohttp.ClientError, TimeoutError) as exc:
            raise MessengerUnavailable(f"Twilio cannot be reached: {type(exc).__name__}") from exc
        if len(content) > limit:
            raise TooLarge(f"more than {limit} bytes")
        return content


class _Http(AsyncTwilioHttpClient):  # type: ignore[misc]
    """The library's client, at another address where one is wanted."""

    def __init__(self, api_url: str, patience: float) -> None:
        super().__init__(pool_connections=False, logger=_SILENT)
        self.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=patience))
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
    ) -> Any:
        """The login goes as a header: the library's own way is deprecated in its HTTP client."""
        shown = {"Authorization": aiohttp.encode_basic_auth(*auth)} if auth else {}
        where = url.replace(TWILIO_API, self._api_url, 1)
        return await super().request(
            method, where, params, data, {**(headers or {}), **shown}, None, timeout, allow_redirects
        )


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    """Twilio's errors as the hub's, for everything but sending."""
    try:
        yield
    except TwilioRestException as exc:
        if exc.status in (401, 403, 404):
            raise LoginRefused(exc.msg, fix=_FIX) from exc
        raise MessengerUnavailable(f"Twilio answered {exc.status}: {exc.msg}") from exc
    except (aiohttp.ClientError, TimeoutError) as exc:
        raise MessengerUnavailable(f"Twilio cannot be reached: {type(exc).__name__}") from exc


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
