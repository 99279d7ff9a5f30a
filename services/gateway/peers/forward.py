"""Another service as the gateway sees it: a request goes in, its bytes come back as they are."""

from collections.abc import AsyncIterable, AsyncIterator, Collection, Mapping
from datetime import timedelta

import httpx
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from hub.api.actor import HEADER, Actor, Seal
from hub.kit.errors import NotFound
from hub.kit.log import Log
from services.gateway.errors import PeerUnavailable

log = Log(__name__)
PASSED_ON = ("content-type", "location", "retry-after")
"""Headers of an answer that reach the caller."""
OF_A_FILE = (
    *PASSED_ON,
    "accept-ranges",
    "content-disposition",
    "content-length",
    "content-range",
    "content-security-policy",
    "etag",
    "last-modified",
    "referrer-policy",
    "x-content-type-options",
)
"""The same of a download."""
OF_A_PAGE = (
    *PASSED_ON,
    "cache-control",
    "content-security-policy",
    "cross-origin-resource-policy",
    "referrer-policy",
    "x-robots-tag",
)
"""The same of a page for customers."""
Headers = Mapping[str, str] | Mapping[bytes, bytes]
Content = bytes | AsyncIterable[bytes] | None


class Peer:
    """The way to one service."""

    def __init__(self, name: str, client: httpx.AsyncClient, *, timeout: timedelta, seal: Seal) -> None:
        self.name = name
        self._client = client
        self._timeout = timeout.total_seconds()
        self._seal = seal

    async def close(self) -> None:
        await self._client.aclose()

    async def send(
        self,
        method: str,
        url: str,
        *,
        actor: Actor | None,
        headers: Headers | None = None,
        content: Content = None,
        stream: bool = False,
    ) -> httpx.Response:
        """The peer's answer, refusals included; with `stream`, its body is not read yet.

        Raises:
            PeerUnavailable: it is not reachable, or does not know us: then the keys of the processes differ.
        """
        request = self._client.build_request(method, url, headers=headers, content=content, timeout=self._timeout)
        if actor:
            request.headers[HEADER] = self._seal.header(actor)
        try:
            answer = await self._client.send(request, stream=stream)
        except httpx.TransportError as exc:
            log.warning("peer.unreachable", peer=self.name, error=type(exc).__name__)
            raise self._unavailable() from exc
        if actor and answer.status_code == httpx.codes.UNAUTHORIZED:
            await answer.aclose()
            log.error("peer.refuses_us", peer=self.name, fix="give all services the same [peers] token and clocks")
            raise self._unavailable()
        return answer

    async def ask(self, path: str, *, actor: Actor) -> bytes:
        """The body of a GET.

        Raises:
            NotFound: the peer says so.
            PeerUnavailable: it is not reachable, or answers otherwise.
        """
        answer = await self.send("GET", path, actor=actor)
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NotFound
        if not answer.is_success:
            raise PeerUnavailable
        return answer.content

    def _unavailable(self) -> PeerUnavailable:
        return PeerUnavailable(f"the service {self.name} does not answer now; try again in a few seconds")


def as_they_came(request: Request, names: Collection[str]) -> dict[bytes, bytes]:
    """The first header of each of these names in its bytes, which may be of no charset at all."""
    found: dict[bytes, bytes] = {}
    for name, value in request.headers.raw:
        if name.lower().decode("latin-1") in names:
            found.setdefault(name.lower(), value)
    return found


def passed_on(answer: httpx.Response) -> Response:
    """The same answer to our caller."""
    return Response(answer.content, answer.status_code, _headers(answer, PASSED_ON))


def shown_on(answer: httpx.Response) -> Response:
    """The same of a page for customers."""
    return Response(answer.content, answer.status_code, _headers(answer, OF_A_PAGE))


def streamed_on(answer: httpx.Response) -> Response:
    """The same for one whose body is on its way."""
    return StreamingResponse(_pieces(answer), answer.status_code, _headers(answer, OF_A_FILE))


async def _pieces(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_raw():
            yield piece
    finally:
        await answer.aclose()


def _headers(answer: httpx.Response, names: tuple[str, ...]) -> dict[str, str]:
    return {name: answer.headers[name] for name in names if name in answer.headers}
