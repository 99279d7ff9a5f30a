"""Twilio's REST API through its own library, as all that ask it need it: our connections, our errors."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from twilio.base.exceptions import TwilioRestException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from hub.channels.base import Deferred, Outcome
from hub.channels.errors import LoginRefused

API = "https://api.twilio.com"
FIX = "check account_sid and auth_token"
NOT_HANDED_OVER = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Twilio has certainly got nothing."""
_SILENT = logging.getLogger("twilio.silent")
_SILENT.disabled = True
"""The library would log bodies and numbers."""
_WORDS = 300


def rest(account_sid: str, auth_token: str, *, api_url: str, outside: httpx.AsyncClient) -> Client:
    """The library's client, on connections of ours, at another address where one is wanted."""
    http = _Http(api_url.rstrip("/"), outside)
    return Client(account_sid, auth_token, http_client=http, environment={"TWILIO_EDGE": ""})


@asynccontextmanager
async def translated(unavailable: Callable[[str], Exception]) -> AsyncIterator[None]:
    """Twilio's errors as the hub's, for everything but handing something over.

    Raises:
        LoginRefused: it does not take the login, or does not know the account.
        Whatever `unavailable` makes of the words: it does not answer, or answers with an error.
    """
    try:
        yield
    except TwilioRestException as exc:
        if exc.status in (401, 403, 404):
            raise LoginRefused(exc.msg, fix=FIX) from exc
        raise unavailable(f"Twilio answered {exc.status}: {exc.msg}") from exc
    except httpx.HTTPError as exc:
        raise unavailable(unreachable(exc)) from exc


def for_now(exc: TwilioRestException) -> Outcome | None:
    """What a refusal means that is about us or about now; none where it is about what was asked."""
    if exc.status in (401, 403):
        return Deferred(f"login refused: {exc.msg}; {FIX}", login_refused=True)
    if exc.status == 429:
        return Deferred(f"asked for too often: {exc.msg}")
    if exc.status >= 500:
        return Deferred(f"Twilio answered {exc.status}: {exc.msg}", closed=True)
    return None


def unreachable(exc: httpx.HTTPError) -> str:
    return f"Twilio cannot be reached: {type(exc).__name__} {exc}"[:_WORDS].rstrip()


class _Http(AsyncHttpClient):  # type: ignore[misc]
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
            url.replace(API, self._api_url, 1),
            params=_given(params),
            data=_given(data),
            headers=headers,
            auth=httpx.BasicAuth(*auth) if auth else None,
        )
        return Response(answer.status_code, answer.text, answer.headers)


def _given(values: Mapping[str, object] | None) -> dict[str, Any] | None:
    return {name: value for name, value in values.items() if value is not None} if values else None
