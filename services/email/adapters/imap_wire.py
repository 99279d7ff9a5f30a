"""aioimaplib's protocol made fit for years of service.

As it comes, it recurses once for each line received, leaves commands waiting for ever when the connection goes, does
not know STARTTLS, and forgets that new mail was announced while another command ran.
"""

import asyncio
import re
import ssl
from base64 import b64encode
from typing import Any, cast

from aioimaplib.aioimaplib import (  # type: ignore[import-untyped]
    AUTH,
    NONAUTH,
    SELECTED,
    Abort,
    Command,
    FetchCommand,
    IMAP4ClientProtocol,
    Response,
    quoted,
)

from hub.kit import plain
from hub.kit.outside import Outside

_LITERAL = re.compile(rb"\{(\d+)\+?\}$")
_NEWS = re.compile(rb"\* \d+ (EXISTS|RECENT)\b", re.IGNORECASE)
_FETCHED = re.compile(rb"(\* \d+) fetch (?=\()")
_STATES = {"LOGIN": AUTH, "AUTHENTICATE": AUTH, "SELECT": SELECTED, "EXAMINE": SELECTED}
_WORDS = 500
_LONGEST_LINE = 32 * 2**20
"""Bytes without an end of line that are waited for: the numbers of three million mails are one line."""
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"')


class Fetch(FetchCommand):  # type: ignore[misc]
    """Counts parentheses as lines come in, instead of all over again for each line."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._open = 0

    def append_to_resp(self, line: bytes | bytearray, result: str = "Pending") -> None:
        super().append_to_resp(line, result)
        if result == "Pending" and isinstance(line, bytes):
            bare = _QUOTED.sub(b"", line)
            self._open += bare.count(b"(") - bare.count(b")")

    def wait_data(self) -> bool:
        return self._open > 0


class Wire(IMAP4ClientProtocol):  # type: ignore[misc]
    """One connection. Every command has a time-out for each sign of progress, and fails at once when cut."""

    def __init__(self, *, patience: float) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(loop)
        self.news = asyncio.Event()
        """Set when the server announced mail; clear it before looking."""
        self.gone: asyncio.Future[str] = loop.create_future()
        """Done when the connection is lost, with the reason."""
        self._greeting: asyncio.Future[bytes] = loop.create_future()
        self._timeout = patience
        self._unread = bytearray()
        self._answers: list[bytes] = []
        """What the running command sends each time the server says to go on, the last first."""
        self.transport: asyncio.Transport | None = None
        self.current_command: Command | None = None

    async def open(self, host: str, port: int, *, tls: ssl.SSLContext | None, outside: Outside) -> None:
        """Connects to an address that is open to us and reads the greeting; Abort if the server does not want us."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._timeout):
            sock = await outside.connected(host, port)
            await loop.create_connection(lambda: self, sock=sock, ssl=tls, server_hostname=host if tls else None)
            await asyncio.wait((self._greeting, self.gone), return_when=asyncio.FIRST_COMPLETED)
        if not self._greeting.done():
            raise ConnectionResetError(self.gone.result())
        greeting = self._greeting.result()
        if b"PREAUTH" not in greeting and not greeting.upper().startswith(b"* OK"):
            raise Abort("greeted by something else")
        self.state = AUTH if b"PREAUTH" in greeting else NONAUTH
        await self.capability()

    async def start_tls(self, host: str, context: ssl.SSLContext) -> None:
        """STARTTLS (RFC 3501, 6.2.1): what came in clear text before is forgotten."""
        response = await self.ask("STARTTLS")
        if response.result != "OK":
            raise ssl.SSLError(f"STARTTLS refused: {words(response)}")
        self._unread.clear()
        self.transport = await asyncio.get_running_loop().start_tls(
            cast(asyncio.Transport, self.transport),
            self,
            context,
            server_hostname=host,
            ssl_handshake_timeout=self._timeout,
        )
        await self.capability()

    async def capability(self) -> None:
        response = await self.ask("CAPABILITY")
        lines = b" ".join(bytes(line) for line in response.lines[:-1])
        self.capabilities = set(lines.decode("ascii", "replace").upper().split())

    async def ask(self, name: str, *args: str, uid: bool = False, secret: str | None = None) -> Response:
        """The answer, whatever it is; `secret` is kept out of aioimaplib's log."""
        command = Fetch if name == "FETCH" else None
        prefix = "UID" if uid else ""
        if command:
            return await self.execute(command(self.new_tag(), *args, prefix=prefix, timeout=self._timeout))
        made = Command(name, self.new_tag(), *args, prefix=prefix, loop=self.loop, timeout=self._timeout)
        return await self.execute(made, secret)

    async def authenticate(self, mechanism: str, message: bytes) -> Response:
        """AUTHENTICATE (RFC 3501, 6.2.2) with a mechanism of one message; whatever the server asks then is left
        unanswered, so that it says why it refuses."""
        encoded = b64encode(message).decode()
        at_once = "SASL-IR" in self.capabilities
        self._answers = [] if at_once else [encoded.encode()]
        args = (mechanism, encoded) if at_once else (mechanism,)
        made = Command("AUTHENTICATE", self.new_tag(), *args, loop=self.loop, timeout=self._timeout)
        return await self.execute(made, encoded)

    async def login(self, user: str, password: str) -> Response:
        """LOGIN (RFC 3501, 6.2.3); what is not ASCII may stand in a literal alone, in UTF-8."""
        if f"{user}{password}".isascii():
            return await self.ask("LOGIN", quoted(user), quoted(password), secret=password)
        name, secret = user.encode(), password.encode()
        self._answers = [secret, name + b" {%d}" % len(secret)]
        return await self.ask("LOGIN", f"{{{len(name)}}}")

    def _continuation(self, line: bytes) -> None:
        pending = self.pending_sync_command
        if pending is not None and pending.name in ("AUTHENTICATE", "LOGIN"):
            assert self.transport is not None
            self.transport.write((self._answers.pop() if self._answers else b"") + b"\r\n")
        else:
            super()._continuation(line)

    async def execute(self, command: Command, scrub: str | None = None) -> Response:
        if self.gone.done():
            raise ConnectionResetError(self.gone.result())
        response = await super().execute(command, scrub)
        if response.result == "OK" and command.name in _STATES:
            self.state = _STATES[command.name]
        return response

    async def idle_for(self, seconds: float) -> None:
        """IDLE (RFC 2177) until the server announces mail, `seconds` have passed or the connection goes."""
        idle = asyncio.ensure_future(self.execute(Command("IDLE", self.new_tag(), loop=self.loop)))
        news = asyncio.ensure_future(self.news.wait())
        try:
            await asyncio.wait((idle, news, self.gone), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if not idle.done() and not self.gone.done():
                await self._end_idle()
            async with asyncio.timeout(self._timeout):
                response = await idle
            if response.result != "OK":
                self.capabilities.discard("IDLE")
        finally:
            news.cancel()
            idle.cancel()
            await asyncio.wait((idle, news))
            if not idle.cancelled():
                idle.exception()

    async def _end_idle(self) -> None:
        # DONE before the server's `+` is not an IDLE's end, and some servers then never answer.
        async with asyncio.timeout(self._timeout):
            await self.wait_for_idle_response()
        self.idle_done()

    async def close(self) -> None:
        """Says goodbye, but does not wait for long."""
        try:
            if not self.gone.done() and self.state in (NONAUTH, AUTH, SELECTED):
                if self.has_pending_idle_command():
                    self.idle_done()
                    self.pending_sync_command = None
                self.send(f"{self.new_tag()} LOGOUT")
                await asyncio.wait((self.gone,), timeout=0.5)
        finally:
            if self.transport is not None:
                self.transport.abort()

    def data_received(self, data: bytes) -> None:
        self._unread += data
        try:
            self._read()
        except Exception as exc:
            self.connection_lost(exc)
            if self.transport is not None:
                self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.gone.done():
            return
        self.gone.set_result(str(exc or "the server closed the connection"))
        for command in (self.pending_sync_command, *self.pending_async_commands.values()):
            if command is not None:
                command._exception = ConnectionResetError(self.gone.result())
                command.close(b"", "KO")

    def _read(self) -> None:
        start = 0
        while True:
            if self.current_command is not None and self.current_command.wait_literal_data():
                rest = self.current_command.append_literal_data(self._unread[start:])
                start = len(self._unread) - len(rest)
                if self.current_command.wait_literal_data():
                    break
            end = self._unread.find(b"\r\n", start)
            if end < 0:
                if len(self._unread) - start > _LONGEST_LINE:
                    raise Abort(f"a line of more than {_LONGEST_LINE} bytes")
                break
            line, start = bytes(self._unread[start:end]), end + 2
            self._take(line)
        del self._unread[:start]

    def _take(self, line: bytes) -> None:
        if not line and self.current_command is not None and self.current_command.wait_data():
            return  # Some servers put an empty line behind a literal.
        command = self._handle_line(line, self.current_command)
        literal = _LITERAL.search(line)
        if literal is None:
            self.current_command = command if command is not None and command.wait_data() else None
            return
        self.current_command = command or Command("NIL", "unused", loop=self.loop)
        if (size := int(literal[1])) == 0:
            self.current_command.append_to_resp(bytearray())
        self.current_command.begin_literal_data(size)

    def _handle_line(self, line: bytes, current_cmd: Command | None) -> Command | None:
        if not self._greeting.done():
            self._greeting.set_result(line)
            return None
        if _NEWS.match(line):
            self.news.set()
        if current_cmd is None:
            line = _FETCHED.sub(rb"\1 FETCH ", line, 1)
        return cast(Command | None, super()._handle_line(line, current_cmd))


def words(response: Response) -> str:
    """What the server said with its answer, on one line."""
    said = bytes(response.lines[-1][:_WORDS]) if response.lines else b""
    return plain.line(said.decode("utf-8", "replace")).strip()
