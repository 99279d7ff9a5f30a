"""Any SMS provider that takes a message by one HTTP request, as its account describes it."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import orjson

from hub.channels.base import Deferred, Intent, Outcome, Refused, Sent, Unknown
from hub.kit.outside import Outside
from hub.kit.outside_http import client
from services.messaging.errors import FileGone, MessengerUnavailable
from services.messaging.models import HttpProvider
from services.messaging.sms.channel import Text
from services.messaging.sms.parse import key_of
from services.messaging.sms.paths import at_path

_NOT_HANDED_OVER = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_PLACE = re.compile(r"\{(to|from|text|id|callback)\}")
_WORDS = 300
_FIX = "check the headers and the body of the number's account"


class HttpSms:
    """Sends by the templates of its account."""

    def __init__(self, provider: HttpProvider, *, patience: float, outside: Outside) -> None:
        self._provider = provider
        self._outside = outside
        self._client = client(outside, patience=patience)

    @property
    def name(self) -> str:
        return self._provider.name

    async def close(self) -> None:
        await self._client.aclose()

    async def probe(self) -> bool:
        """Whether anybody is there; what it thinks of the login shows when it is used: there is nothing that every
        such provider answers without sending.

        Raises:
            MessengerUnavailable: nobody is, or the address is not open to us; then the words name the setting.
        """
        try:
            where = urlsplit(_PLACE.sub("", self._provider.url))
            async with self._client.stream("OPTIONS", f"{where.scheme}://{where.netloc}/"):
                return False
        except httpx.HTTPError as exc:
            raise MessengerUnavailable(_unreachable(self.name, exc)) from exc
        except (ValueError, httpx.InvalidURL) as exc:
            raise MessengerUnavailable(f"{self.name}: its url is none") from exc

    async def send(self, text: Text, intent: Intent) -> Outcome:
        """Hands one SMS over."""
        request = self._request(text)
        await intent()
        try:
            answer = await self._client.send(request)
        except _NOT_HANDED_OVER as exc:
            return Deferred(_unreachable(self.name, exc), closed=True)
        except httpx.HTTPError as exc:
            return Unknown(f"handed over, and no answer came: {type(exc).__name__}")
        return self._outcome(answer)

    async def find(self, text: Text, since: datetime) -> Outcome | None:
        """It cannot tell."""
        del text, since
        return None

    async def file(self, reference: str, *, limit: int) -> bytes:
        del limit
        raise FileGone(f"{self.name} brings no files: {reference[:100]}")

    def _request(self, text: Text) -> httpx.Request:
        """Each value escaped for the place where it stands, so that no text can add to the request."""
        provider = self._provider
        url = _filled(provider.url, text, lambda value: quote(value, safe=""))
        headers = {name: _filled(value, text, _one_line) for name, value in provider.headers.items()}
        body = {name: _filled(value, text, str) for name, value in provider.body.items()}
        if not body:
            return self._client.build_request(provider.method, url, headers=headers)
        if provider.encoding == "form":
            return self._client.build_request(provider.method, url, headers=headers, data=body)
        return self._client.build_request(provider.method, url, headers=headers, json=body)

    def _outcome(self, answer: httpx.Response) -> Outcome:
        # What it says beside the status is for nobody: whoever names the address would read any page by it.
        words = f"{self.name} answered {answer.status_code}"
        if answer.status_code in (401, 403):
            return Deferred(f"login refused: {words}; {_FIX}", login_refused=True)
        if answer.status_code == 429 or answer.status_code >= 500:
            return Deferred(words, closed=True)
        if not answer.is_success:
            return Refused(words)
        found = at_path(_json(answer.content), self._provider.id_path)
        if found is None:
            return Refused(f"{words}; there is no {self._provider.id_path} in it")
        return Sent(f"taken by {self.name}", keys=(key_of(self.name, str(found)),))


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None


def _filled(template: str, text: Text, escape: Callable[[str], str]) -> str:
    """In one pass: what stands in a value is not filled again."""
    values = {"to": text.to, "from": text.sender, "text": text.body, "id": text.id, "callback": text.callback}
    return _PLACE.sub(lambda found: escape(values[found[1]]), template)


def _one_line(value: str) -> str:
    return " ".join(value.encode("ascii", "ignore").decode().split())


def _unreachable(name: str, exc: httpx.HTTPError) -> str:
    """A forbidden address says how to open it."""
    return f"{name} cannot be reached: {type(exc).__name__} {exc}"[:_WORDS].rstrip()
