"""Recordings over HTTP: at the place that the exchange's account names, with its login, and nowhere else."""

from collections.abc import Mapping
from mimetypes import guess_type
from urllib.parse import quote

import httpx

from hub.kit.errors import NotFound, TooLarge
from hub.kit.outside import Outside
from hub.kit.outside_http import client, download
from services.telephony.errors import RecordingGone
from services.telephony.exchanges.models import AmiInput, Exchange, TwilioInput, WebhookInput
from services.telephony.recordings.sources import Sound

_WAV = b"RIFF"
_KINDS = {_WAV: "audio/wav", b"OggS": "audio/ogg", b"ID3": "audio/mpeg", b"\xff\xfb": "audio/mpeg"}


class HttpRecordings:
    """Fetches for one exchange."""

    def __init__(self, exchange: Exchange, *, patience: float, outside: Outside) -> None:
        self._connection = exchange.connection
        self._http = client(outside, patience=patience)

    async def close(self) -> None:
        await self._http.aclose()

    async def fetch(self, reference: str, *, limit: int) -> Sound:
        """See `services.telephony.recordings.sources.Source`."""
        url = self._place(reference)
        try:
            content = await download(self._http, url, limit=limit, headers=self._login)
        except (NotFound, TooLarge) as exc:
            raise RecordingGone(str(exc)) from exc
        if not content:
            raise RecordingGone("it is empty")
        return Sound(content, _kind(content, reference), _seconds(content))

    def _place(self, reference: str) -> str:
        given = self._connection
        if isinstance(given, AmiInput):
            return _filled(given, reference)
        hosts = [httpx.URL(given.api_url).host, "api.twilio.com"] if isinstance(given, TwilioInput) else []
        hosts += given.recordings_hosts if isinstance(given, WebhookInput) else []
        try:
            url = httpx.URL(reference)
        except httpx.InvalidURL as exc:
            raise RecordingGone("the exchange does not say where it is") from exc
        if url.host not in hosts or url.scheme not in ("https", "http"):
            raise RecordingGone(
                f"{url.host[:100] or 'its place'} is none of the hosts that recordings are fetched from"
            )
        return reference

    def _login(self, url: httpx.URL) -> Mapping[str, str]:
        """Shown to whom it was entered for only."""
        given, login = self._connection, ("", "")
        if isinstance(given, AmiInput):
            if url.host != httpx.URL(given.recordings or "https://none.invalid").host:
                return {}
            user, _, password = given.recordings_login.get_secret_value().partition(":")
            login = (user, password)
        elif isinstance(given, TwilioInput) and url.host in (httpx.URL(given.api_url).host, "api.twilio.com"):
            login = (given.account_sid, given.auth_token.get_secret_value())
        if not login[0]:
            return {}
        return dict(next(httpx.BasicAuth(*login).auth_flow(httpx.Request("GET", url))).headers)


def _filled(given: AmiInput, reference: str) -> str:
    if not given.recordings:
        raise RecordingGone("the exchange's account does not say where recordings are: connection.recordings")
    name = reference.replace("\\", "/").rsplit("/", 1)[-1]
    safe = quote(reference.lstrip("/"), safe="/")
    if ".." in reference.split("/"):
        raise RecordingGone("its name leads elsewhere")
    return given.recordings.replace("{file}", safe).replace("{name}", quote(name, safe=""))


def _kind(content: bytes, reference: str) -> str:
    found = next((kind for start, kind in _KINDS.items() if content.startswith(start)), None)
    guessed = guess_type(reference)[0] or ""
    return found or (guessed if guessed.startswith("audio/") else "application/octet-stream")


def _seconds(content: bytes) -> float | None:
    """Of a WAV file, by its header: bytes a second at 28, of the data after it."""
    rate = int.from_bytes(content[28:32], "little") if content.startswith(_WAV) and len(content) > 44 else 0
    return round((len(content) - 44) / rate, 1) if rate else None
