"""POP3 (RFC 1939) on asyncio's streams: one command at a time, every answer bounded in bytes and in time."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import aclosing

from hub.kit import plain
from hub.kit.outside import Outside
from services.email.errors import MailServerUnavailable

_LONGEST_LINE = 8192
_PIECE = 64 * 1024
_WORDS = 500
_CAPABILITIES = 1000
_QUESTIONS = 3
"""So often a server may ask on during a login."""


class NotOk(Exception):
    """The server answered -ERR; its words."""


class PopWire:
    """One connection. What goes wrong is an error of sockets, MailServerUnavailable or NotOk."""

    def __init__(self, *, patience: float) -> None:
        self._patience = patience
        self._reader = asyncio.StreamReader(limit=_PIECE)
        self._transport: asyncio.Transport | None = None
        self._end = b"\r\n"
        """Of the lines of the answer at hand: some servers send a bare line feed."""
        self.is_secure = False
        self.capabilities: dict[str, str] = {}
        """What the server says it can (RFC 2449); nothing from one that does not know the question."""

    async def open(self, host: str, port: int, *, tls: ssl.SSLContext | None, outside: Outside) -> None:
        """Connects to an address that is open to us, and reads the greeting."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._patience):
            sock = await outside.connected(host, port)
            try:
                self._transport, _ = await loop.create_connection(
                    self._protocol, sock=sock, ssl=tls, server_hostname=host if tls else None
                )
            except BaseException:
                sock.close()
                raise
        self.is_secure = tls is not None
        await self._status()
        await self._learn()

    async def start_tls(self, host: str, context: ssl.SSLContext) -> None:
        """STLS (RFC 2595): what came in clear text before is forgotten, for it goes to another reader."""
        try:
            await self.ask("STLS")
        except NotOk as exc:
            raise ssl.SSLError(f"STLS refused: {exc}") from exc
        assert self._transport is not None
        self._reader = asyncio.StreamReader(limit=_PIECE)
        protocol = self._protocol()
        transport = await asyncio.get_running_loop().start_tls(
            self._transport, protocol, context, server_hostname=host, ssl_handshake_timeout=self._patience
        )
        assert isinstance(transport, asyncio.Transport)
        protocol.connection_made(transport)
        self._transport = transport
        self.is_secure = True
        await self._learn()

    async def ask(self, command: str) -> str:
        """The words behind +OK. Raises NotOk."""
        self._send(command.encode())
        return await self._status()

    async def authenticate(self, mechanism: str, message: bytes) -> None:
        """AUTH (RFC 5034) with a mechanism of one message; whatever the server asks then is left unanswered, so that
        it says why it refuses. Raises NotOk.
        """
        self._send(f"AUTH {mechanism}".encode())
        answers = [b64encode(message)]
        line = await self._line()
        for _ in range(_QUESTIONS):
            if line != b"+" and not line.startswith(b"+ "):
                break
            self._send(answers.pop() if answers else b"")
            line = await self._line()
        self._judged(line)

    async def body(self, *, keep: int, most: int) -> bytes:
        """The mail behind +OK: its first `keep` bytes. One of more than `most` bytes ends the connection."""
        found, total = bytearray(), 0
        async with aclosing(self._pieces()) as pieces:
            async for piece in pieces:
                total += len(piece)
                if total > most:
                    raise MailServerUnavailable(
                        "protocol", f"a mail of more than {most} bytes, and still not its end"
                    )
                found += piece[: max(0, keep - len(found))]
        return self._unstuffed(bytes(found))

    async def lines(self) -> AsyncGenerator[list[bytes], None]:
        """A list behind +OK, some lines at a time."""
        rest = b""
        async with aclosing(self._pieces()) as pieces:
            async for piece in pieces:
                *whole, rest = (rest + piece).split(b"\n")
                if len(rest) > _LONGEST_LINE:
                    raise MailServerUnavailable("protocol", f"a line of more than {_LONGEST_LINE} bytes")
                yield [line.rstrip(b"\r") for line in whole]
        if rest:
            yield [rest]

    def abort(self) -> None:
        """Ends the connection; without QUIT nothing is deleted."""
        if self._transport is not None:
            self._transport.abort()

    def _protocol(self) -> asyncio.StreamReaderProtocol:
        return asyncio.StreamReaderProtocol(self._reader)

    async def _learn(self) -> None:
        self.capabilities = {}
        try:
            await self.ask("CAPA")
        except NotOk:
            return
        async with aclosing(self.lines()) as listed:
            async for lines in listed:
                for line in lines:
                    name, _, words = line.decode("ascii", "replace").upper().partition(" ")
                    self.capabilities[name] = words
                if len(self.capabilities) > _CAPABILITIES:
                    raise MailServerUnavailable("protocol", f"more than {_CAPABILITIES} capabilities")

    def _send(self, line: bytes) -> None:
        assert self._transport is not None
        self._transport.write(line + b"\r\n")

    async def _status(self) -> str:
        return self._judged(await self._line())

    def _judged(self, line: bytes) -> str:
        head, _, rest = line[:_WORDS].partition(b" ")
        words = plain.line(rest.decode("utf-8", "replace")).strip()
        if head.upper() == b"+OK":
            return words
        if head.upper() == b"-ERR":
            raise NotOk(words)
        raise MailServerUnavailable("protocol", plain.line(line[:_WORDS].decode("utf-8", "replace")))

    async def _line(self) -> bytes:
        try:
            async with asyncio.timeout(self._patience):
                line = await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as exc:
            raise ConnectionResetError("the server closed the connection") from exc
        except asyncio.LimitOverrunError as exc:
            raise MailServerUnavailable("protocol", "a line without an end") from exc
        self._end = b"\r\n" if line.endswith(b"\r\n") else b"\n"
        return line.rstrip(b"\r\n")

    async def _pieces(self) -> AsyncGenerator[bytes, None]:
        """An answer of several lines as it comes, without the point that ends it.

        The point is looked for at the very end of what is here: the server says nothing behind it unasked, and a
        point that begins a line of the mail comes doubled.
        """
        end = self._end + b"." + self._end
        held, drop = self._end, len(self._end)
        while not held.endswith(end):
            if len(held) > _PIECE:
                yield held[drop : -len(end)]
                held, drop = held[-len(end) :], 0
            async with asyncio.timeout(self._patience):
                more = await self._reader.read(_PIECE)
            if not more:
                raise ConnectionResetError("the server closed the connection")
            held += more
        if rest := held[drop : -len(self._end) - 1]:
            yield rest

    def _unstuffed(self, found: bytes) -> bytes:
        found = found[1:] if found.startswith(b"..") else found
        return found.replace(self._end + b"..", self._end + b".")
