"""HTTP to addresses that somebody named: checked, bounded, never redirected unseen."""

import asyncio
import ssl
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from functools import cache
from hashlib import md5, sha256
from ipaddress import ip_address
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from hub.kit import plain
from hub.kit.errors import NotFound, ProviderUnavailable, TooLarge
from hub.kit.outside import Outside

ANSWER_LIMIT = 16 * 2**20
"""Bytes of an answer that is read as a whole."""
_LIMIT = "answer_limit"
_HOPS = 3
_WORDS = 300
_SLOWEST = 20
"""A file may take so many times what a single answer may."""


def client(outside: Outside, *, patience: float, tls: ssl.SSLContext | None = None) -> httpx.AsyncClient:
    """A client that connects to open addresses only, follows no redirect, and reads `ANSWER_LIMIT` at most.

    `patience` is in seconds, for each sign of progress. A forbidden address is a `httpx.ConnectError` with the fix.
    """
    return httpx.AsyncClient(transport=OutsideTransport(outside, tls), timeout=patience, follow_redirects=False)


@cache
def _usual_tls() -> ssl.SSLContext:
    """One for all accounts: to read the authorities takes tens of milliseconds."""
    return httpx.create_ssl_context()


class OutsideTransport(httpx.AsyncBaseTransport):
    """Direct to a checked address; by the proxy of the environment where there is one, for hosts that have names: it
    resolves them itself, and what it may reach is decided there.
    """

    def __init__(self, outside: Outside, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls or _usual_tls()
        self._direct = _Direct(outside, self._tls)
        self._proxied: dict[str, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["Accept-Encoding"] = "identity"  # what is packed may be of any size
        answer = await self._way(request.url).handle_async_request(request)
        if answer.headers.get("Content-Encoding", "identity").strip().lower() not in ("identity", ""):
            await answer.aclose()
            raise httpx.RemoteProtocolError("the answer is packed, though that was not asked for", request=request)
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        answer.stream = _Bounded(answer.stream, int(request.extensions.get(_LIMIT, ANSWER_LIMIT)))
        return answer

    async def aclose(self) -> None:
        for transport in (self._direct, *self._proxied.values()):
            await transport.aclose()

    def _way(self, url: httpx.URL) -> httpx.AsyncHTTPTransport:
        proxy = "" if _is_literal(url.host) or proxy_bypass(url.host) else getproxies().get(url.scheme, "")
        if not proxy:
            return self._direct
        if proxy not in self._proxied:
            self._proxied[proxy] = httpx.AsyncHTTPTransport(proxy=proxy, verify=self._tls)
        return self._proxied[proxy]


class _Direct(httpx.AsyncHTTPTransport):
    def __init__(self, outside: Outside, tls: ssl.SSLContext) -> None:
        # httpx hands no network backend down to its pool: this one is made as it would make it.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            network_backend=_Checked(outside),
        )


class _Checked(httpcore.AsyncNetworkBackend):
    """Resolves and checks, then connects to that very address; the name stays for TLS and `Host`."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (the library's signature)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises httpcore.ConnectError, ConnectTimeout."""
        failure: Exception | None = None
        for address in await self._addresses(host, port, timeout):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = failure or exc
        raise failure or httpcore.ConnectError("no such host")

    async def _addresses(self, host: str, port: int, seconds: float | None) -> list[str]:
        try:
            async with asyncio.timeout(seconds):
                return [str(info[4][0]) for info in await self._outside.addresses(host, port)]
        except TimeoutError as exc:
            raise httpcore.ConnectTimeout("the name of the host was not resolved in time") from exc
        except OSError as exc:
            raise httpcore.ConnectError(str(exc)) from exc

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream, limit: int) -> None:
        self._stream = stream
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._stream:
            size += len(piece)
            if size > self._limit:
                raise httpx.RemoteProtocolError(f"an answer of more than {self._limit} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


def answer_limit(size: int) -> dict[str, int]:
    """`extensions` of a request whose answer may have so many bytes, instead of `ANSWER_LIMIT`."""
    return {_LIMIT: size}


def words_in(answer: httpx.Response, field: str) -> str:
    """What one field of an answer in JSON says, on one line; empty where it has none.

    The whole of an answer is shown to nobody: whoever names an address would read any page by it.
    """
    try:
        found = answer.json()
    except ValueError:
        return ""
    said = found.get(field) if isinstance(found, dict) else None
    return plain.line(said[:_WORDS]) if isinstance(said, str) else ""


async def download(
    http: httpx.AsyncClient,
    url: str,
    *,
    limit: int,
    headers: Callable[[httpx.URL], Mapping[str, str]] = lambda _: {},
    size: int | None = None,
) -> bytes:
    """The whole of a file: as long as it was said to be (`size`, Content-Length), with the digest that was told.

    `headers` is asked at every hop, so that a login goes only to whom it is for; a redirect never leads from https to
    http. It may take 20 times the client's patience.

    Raises:
        ProviderUnavailable: not now, or what came is not the whole.
        NotFound: it is not handed out; the status says why.
        TooLarge: more than `limit` bytes.
    """
    patience = (http.timeout.read or 0.0) * _SLOWEST
    try:
        async with asyncio.timeout(patience or None):
            return await _followed(http, httpx.URL(url), limit, headers, size)
    except TimeoutError as exc:
        raise ProviderUnavailable(f"the file did not come within {patience:g} seconds") from exc
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise ProviderUnavailable(f"the file did not come: {type(exc).__name__} {exc}"[:500].rstrip()) from exc


async def _followed(
    http: httpx.AsyncClient,
    url: httpx.URL,
    limit: int,
    headers: Callable[[httpx.URL], Mapping[str, str]],
    size: int | None,
) -> bytes:
    for _ in range(_HOPS + 1):
        asking = http.build_request("GET", url, headers=dict(headers(url)), extensions={_LIMIT: sys.maxsize})
        answer = await http.send(asking, stream=True)
        try:
            if not answer.is_redirect:
                return await _whole(answer, limit, size)
            url = _next(url, answer)
        finally:
            await answer.aclose()
    raise NotFound(f"not fetched: more than {_HOPS} redirects")


def _next(url: httpx.URL, answer: httpx.Response) -> httpx.URL:
    following = url.join(answer.headers.get("Location", ""))
    if following.scheme != "https" and following.scheme != url.scheme:
        raise NotFound(f"not fetched: redirected from {url.scheme} to {following.scheme}"[:200])
    return following


async def _whole(answer: httpx.Response, limit: int, size: int | None) -> bytes:
    if answer.status_code >= 500 or answer.status_code == 429:
        raise ProviderUnavailable(f"answered {answer.status_code}")
    if not answer.is_success:
        raise NotFound(f"not handed out: answered {answer.status_code}")
    told = answer.headers.get("Content-Length", "")
    length = int(told) if told.isascii() and told.isdecimal() and len(told) < 20 else None
    if max(length or 0, size or 0) > limit:
        raise TooLarge(f"{max(length or 0, size or 0)} bytes; the limit is {limit}")
    content = bytearray()
    async for piece in answer.aiter_raw():
        content += piece
        if len(content) > limit:
            raise TooLarge(f"more than {limit} bytes")
    _check(bytes(content), answer.headers, [told for told in (length, size) if told is not None])
    return bytes(content)


def _check(content: bytes, headers: httpx.Headers, lengths: list[int]) -> None:
    """Raises ProviderUnavailable for what is not the whole (RFC 9110, 8.6; RFC 9530; RFC 1864)."""
    for length in lengths:
        if len(content) != length:
            raise ProviderUnavailable(f"{len(content)} bytes of a file of {length} came")
    digests = {
        "Content-MD5": b64encode(md5(content, usedforsecurity=False).digest()).decode(),
        "Repr-Digest": f"sha-256=:{b64encode(sha256(content).digest()).decode()}:",
        "Content-Digest": f"sha-256=:{b64encode(sha256(content).digest()).decode()}:",
    }
    for name, ours in digests.items():
        told = headers.get(name, ours)
        if "-Digest" in name and "sha-256=" not in told:
            continue  # told by a method that we do not know
        if ours not in told:
            raise ProviderUnavailable(f"the file is not the one that its {name} is of")


def _is_literal(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return host == "localhost"
    return True
