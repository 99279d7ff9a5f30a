"""The token endpoint of an OAuth2 provider (RFC 6749), with access tokens that expire and grants that are revoked."""

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import orjson

from hub.kit.ids import fresh

_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 503: "Service Unavailable"}
_LIMIT = 1 << 16
Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Access:
    user: str
    refresh_token: str
    until: float


class TokenServer:
    """Answers at `token_url` to a refresh token from `grant`; servers of the simulator accept what it gives out."""

    def __init__(self, *, host: str = "127.0.0.1") -> None:
        self.client_id, self.client_secret = "omnihub-test", "client-secret"
        self.lifetime = 3600
        """Seconds that an access token made from now on is good for."""
        self.rotating = False
        """Every answer brings a new refresh token, and the one it was asked with is used up."""
        self.down = False
        """Answers 503."""
        self.requests = 0
        """How often the token endpoint was asked."""
        self._host = host
        self._users: dict[str, str] = {}
        self._access: dict[str, _Access] = {}
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self._host, 0, limit=_LIMIT)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        for task in self._talks:
            task.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    @property
    def token_url(self) -> str:
        return f"{self._origin}/token"

    @property
    def tokeninfo_url(self) -> str:
        """To which a mail server appends an access token to learn whose it is."""
        return f"{self._origin}/tokeninfo?access_token="

    def grant(self, user: str) -> str:
        """A refresh token, as a user's consent gives."""
        token = fresh("refresh")
        self._users[token] = user
        return token

    def revoke(self, refresh_token: str) -> None:
        """The user took the consent back: access tokens made with it are refused from now on, too."""
        user = self._users.pop(refresh_token, None)
        self._access = {token: access for token, access in self._access.items() if access.user != user}

    def expire(self) -> None:
        """Every access token given out so far is refused from now on."""
        self._access.clear()

    def user_of(self, access_token: str) -> str | None:
        """Whose mailbox it opens; none if it does not, or no longer."""
        access = self._access.get(access_token)
        return access.user if access and access.until > monotonic() else None

    @property
    def _origin(self) -> str:
        assert self._server
        return f"http://{self._host}:{self._server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        try:
            status, body = await self._talk(reader)
            content = orjson.dumps(body)
            head = (
                f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode() + content)
            await writer.drain()
        except (OSError, EOFError, ValueError, asyncio.CancelledError):
            pass  # a client that goes away; asyncio's streams report a cancelled handler as an error
        finally:
            self._talks.discard(task)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader) -> Answer:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, target, *_ = head.split(" ", 2)
        fields = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
        body = await reader.readexactly(int(fields.get("content-length", 0)))
        url = urlsplit(target)
        if (method, url.path) == ("POST", "/token"):
            return self._token(_form(body.decode()))
        if (method, url.path) == ("GET", "/tokeninfo"):
            user = self.user_of(_form(url.query).get("access_token", ""))
            return (200, {"user": user}) if user else (400, {"error": "invalid_token"})
        return 404, {"error": "not_found"}

    def _token(self, form: dict[str, str]) -> Answer:
        self.requests += 1
        if self.down:
            return 503, {"error": "temporarily_unavailable"}
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return 401, {"error": "invalid_client", "error_description": "The OAuth client was not found."}
        if form.get("grant_type") != "refresh_token":
            return 400, {"error": "unsupported_grant_type"}
        refresh_token = form.get("refresh_token", "")
        if (user := self._users.get(refresh_token)) is None:
            return 400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
        return 200, self._given(user, refresh_token)

    def _given(self, user: str, refresh_token: str) -> dict[str, Any]:
        given: dict[str, Any] = {}
        if self.rotating:
            del self._users[refresh_token]
            given["refresh_token"] = refresh_token = self.grant(user)
        token = fresh("access")
        self._access[token] = _Access(user, refresh_token, monotonic() + self.lifetime)
        return {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime, **given}


def _form(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text).items()}
