"""Another service as the gateway sees it: a request goes in, its bytes come back as they are."""

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

import httpx
import orjson
from fastapi import Response
from pydantic import BaseModel

from hub.kit.errors import NotFound
from hub.kit.log import Log
from services.gateway.errors import PeerUnavailable

log = Log(__name__)
_PASSED_ON = ("content-type", "location", "retry-after")


class Peer:
    """The way to one service."""

    def __init__(self, name: str, client: httpx.AsyncClient, *, timeout: timedelta) -> None:
        self.name = name
        self._client = client
        self._timeout = timeout.total_seconds()

    async def close(self) -> None:
        await self._client.aclose()

    async def read(self, path: str, query: BaseModel | None, *, employee: str) -> Response:
        """The peer's answer to a GET, refusals included.

        Raises:
            PeerUnavailable: it is not reachable.
        """
        given = query.model_dump(mode="json", exclude_none=True) if query else {}
        url = f"{path}?{urlencode(given)}" if given else path
        return _passed_on(await self._request("GET", url, {"X-Hub-Employee": employee}))

    async def write(self, method: str, path: str, body: object | None, *, employee: str, key: str) -> Response:
        """The same for a write; the peer derives its ids from employee and key, so that a repeat is harmless."""
        headers = {"X-Hub-Employee": employee, "Idempotency-Key": key}
        if body is None:
            return _passed_on(await self._request(method, path, headers))
        headers["Content-Type"] = "application/json"
        return _passed_on(await self._request(method, path, headers, orjson.dumps(body)))

    async def post(self, path: str, content: bytes, headers: Mapping[str, str]) -> Response:
        """The peer's answer to what a provider posts, refusals included."""
        return _passed_on(await self._request("POST", path, headers, content))

    async def ask(self, path: str, *, employee: str) -> bytes:
        """The body of a GET.

        Raises:
            NotFound: the peer says so.
            PeerUnavailable: it is not reachable, or answers otherwise.
        """
        answer = await self._request("GET", path, {"X-Hub-Employee": employee})
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NotFound
        if not answer.is_success:
            raise PeerUnavailable
        return answer.content

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> httpx.Response:
        try:
            return await self._client.request(method, url, headers=headers, content=content, timeout=self._timeout)
        except httpx.TransportError as exc:
            log.warning("peer.unreachable", peer=self.name, error=type(exc).__name__)
            raise PeerUnavailable(f"the service {self.name} does not answer now; try again in a few seconds") from exc


def _passed_on(answer: httpx.Response) -> Response:
    headers = {name: answer.headers[name] for name in _PASSED_ON if name in answer.headers}
    return Response(answer.content, answer.status_code, headers)
