"""Twilio's REST API for calls, through its own library."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx
from twilio.base.exceptions import TwilioRestException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant
from twilio.rest import Client

from hub.channels.base import Deferred, Intent, Outcome, Refused, Sent, Unknown
from hub.channels.errors import LoginRefused
from hub.kit.outside import Outside
from hub.kit.outside_http import client
from services.telephony.errors import ExchangeUnavailable
from services.telephony.exchanges.models import TWILIO_API, TwilioInput
from services.telephony.twilio.channel import WantedCall

_FIX = "check account_sid and auth_token"
_SILENT = logging.getLogger("twilio.silent")
_SILENT.disabled = True
"""The library would log numbers."""
_WINDOW = timedelta(minutes=5)
_LISTED = 50
_WORDS = 300
_NOT_HANDED_OVER = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class TwilioVoice:
    """Begins calls, and asks what became of one."""

    def __init__(self, given: TwilioInput, *, patience: float, outside: Outside) -> None:
        self._given = given
        self._outside = client(outside, patience=patience)
        http = _Http(given.api_url.rstrip("/"), self._outside)
        token = given.auth_token.get_secret_value()
        self._client = Client(given.account_sid, token, http_client=http, environment={"TWILIO_EDGE": ""})

    async def close(self) -> None:
        await self._outside.aclose()

    async def probe(self) -> bool:
        """It takes the login. Raises LoginRefused or ExchangeUnavailable."""
        async with _translated():
            await self._client.api.v2010.accounts(self._given.account_sid).fetch_async()
        return True

    async def begin(self, wanted: WantedCall, intent: Intent) -> Outcome:
        """Rings the operator; what Twilio does once he answers is asked for at `wanted.answer`."""
        await intent()
        try:
            made = await self._client.calls.create_async(
                to=wanted.operator,
                from_=wanted.line,
                url=wanted.answer,
                status_callback=wanted.status,
                status_callback_event=["initiated", "ringing", "answered", "completed"],
                timeout=wanted.seconds,
            )
        except TwilioRestException as exc:
            return _outcome(exc)
        except _NOT_HANDED_OVER as exc:
            return Deferred(_unreachable(exc), closed=True)
        except httpx.HTTPError as exc:
            return Unknown(f"handed over, and no answer came: {type(exc).__name__}")
        return Sent(f"taken by Twilio: {made.status}", keys=(wanted.key(str(made.sid)),))

    async def find(self, wanted: WantedCall, since: datetime) -> Outcome | None:
        """The call of which only the intent is known: to this phone, by this line, at that time. None: it cannot be
        told, for there is none or more than one.
        """
        async with _translated():
            listed = await self._client.calls.list_async(
                to=wanted.operator, from_=wanted.line, start_time_after=since - _WINDOW, limit=_LISTED
            )
        near = [one for one in listed if one.date_created is None or abs(one.date_created - since) <= _WINDOW]
        if len(near) != 1:
            return None
        return Sent(f"taken by Twilio: {near[0].status}", keys=(wanted.key(str(near[0].sid)),))

    def token(self, login: str, *, seconds: int) -> str:
        """For a phone in the browser. Raises ValueError where the account has no key for it."""
        given = self._given
        if not (given.api_key and given.api_secret.get_secret_value()):
            raise ValueError("the exchange has no api_key and api_secret; phones in the browser need them")
        made = AccessToken(
            given.account_sid,
            given.api_key,
            given.api_secret.get_secret_value(),
            identity=login,
            ttl=seconds,
        )
        made.add_grant(VoiceGrant(outgoing_application_sid=given.app_sid or None, incoming_allow=True))
        return str(made.to_jwt())


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
        answer = await self._outside.request(
            method,
            url.replace(TWILIO_API, self._api_url, 1),
            params=_given(params),
            data=_given(data),
            headers=headers,
            auth=httpx.BasicAuth(*auth) if auth else None,
        )
        return Response(answer.status_code, answer.text, answer.headers)


def _given(values: Mapping[str, object] | None) -> dict[str, Any] | None:
    return {name: value for name, value in values.items() if value is not None} if values else None


def _unreachable(exc: httpx.HTTPError) -> str:
    return f"Twilio cannot be reached: {type(exc).__name__} {exc}"[:_WORDS].rstrip()


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    """Twilio's errors as the hub's, for everything but beginning a call."""
    try:
        yield
    except TwilioRestException as exc:
        if exc.status in (401, 403, 404):
            raise LoginRefused(exc.msg, fix=_FIX) from exc
        raise ExchangeUnavailable(f"Twilio answered {exc.status}: {exc.msg}") from exc
    except httpx.HTTPError as exc:
        raise ExchangeUnavailable(_unreachable(exc)) from exc


def _outcome(exc: TwilioRestException) -> Outcome:
    """What a refusal means."""
    if exc.status in (401, 403):
        return Deferred(f"login refused: {exc.msg}; {_FIX}", login_refused=True)
    if exc.status == 429:
        return Deferred(f"asked for too often: {exc.msg}")
    if exc.status >= 500:
        return Deferred(f"Twilio answered {exc.status}: {exc.msg}", closed=True)
    return Refused(f"{exc.msg} ({exc.code})")
