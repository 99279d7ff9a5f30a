"""Twilio's REST API for SMS, through its own library."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
from twilio.base.exceptions import TwilioRestException

from hub.channels.base import Deferred, Intent, Outcome, Refused, Sent, Unknown
from hub.kit.errors import NotFound
from hub.kit.outside import Outside
from hub.kit.outside_http import client, download
from hub.vendors.twilio_rest import NOT_HANDED_OVER, for_now, rest, translated, unreachable
from services.messaging.errors import FileGone, MessengerUnavailable
from services.messaging.models import TwilioProvider
from services.messaging.sms.channel import Text
from services.messaging.sms.parse import key_of
from services.messaging.sms.statuses import TWILIO, UNREACHABLE, reason

_WINDOW = timedelta(minutes=10)
_LISTED = 50


class TwilioApi:
    """Sends, and asks what became of a message."""

    def __init__(self, provider: TwilioProvider, *, patience: float, outside: Outside) -> None:
        self._provider = provider
        self._outside = client(outside, patience=patience)
        self._client = rest(
            provider.account_sid, provider.auth_token, api_url=provider.api_url, outside=self._outside
        )

    @property
    def name(self) -> str:
        return self._provider.name

    async def close(self) -> None:
        await self._outside.aclose()

    async def probe(self) -> bool:
        """It takes the login. Raises LoginRefused or MessengerUnavailable."""
        async with translated(MessengerUnavailable):
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
        except NOT_HANDED_OVER as exc:
            return Deferred(unreachable(exc), closed=True)
        except httpx.HTTPError as exc:
            return Unknown(f"handed over, and no answer came: {type(exc).__name__}")
        return _taken(made)

    async def find(self, text: Text, since: datetime) -> Outcome | None:
        """What became of a message of which only the intent is known; none where Twilio does not know it."""
        async with translated(MessengerUnavailable):
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


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _outcome(exc: TwilioRestException, text: Text) -> Outcome:
    """What a refusal means."""
    if deferred := for_now(exc):
        return deferred
    code = str(exc.code or "")
    words = reason(code, exc.msg) or exc.msg
    return Refused(f"{exc.msg} ({words})", unreachable=(text.address,) if code in UNREACHABLE else ())


def _taken(made: Any) -> Outcome:
    status = str(made.status)
    keys = (key_of("twilio", made.sid),)
    if TWILIO.get(status) == "failed":
        return Refused(reason(str(made.error_code or ""), made.error_message or status) or status, keys=keys)
    return Sent(f"taken by Twilio: {status}", keys=keys)


def _near(created: datetime | None, since: datetime) -> bool:
    return created is None or abs(created - since) <= _WINDOW
