"""A connection to the manager interface of an Asterisk: bytes in, actions out."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence

from hub.kit.outside import Outside
from services.telephony.ami.login import CHALLENGE, check_login, login
from services.telephony.ami.reading import Reader
from services.telephony.errors import ExchangeUnavailable
from services.telephony.exchanges.models import AmiInput

PIECE = 256 * 1024
"""Bytes read at once; what comes faster than it is taken over waits in the exchange's own buffers."""
_LIMIT = 256 * 1024
_ENOUGH = 64


class AmiConnection:
    """One connection that is logged in, or about to be."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        """What has come; raises ExchangeUnavailable when the exchange ended the connection."""
        with _translated():
            data = await self._reader.read(PIECE)
        if not data:
            raise ExchangeUnavailable("the exchange closed the connection")
        return data

    async def act(self, name: str, fields: Sequence[tuple[str, str]] = ()) -> None:
        """Writes an action. A value that would begin another line is refused."""
        lines = [("Action", name), *fields]
        for key, value in lines:
            if "\r" in value or "\n" in value:
                raise ValueError(f"{key} must be on one line")
        text = "".join(f"{key}: {value}\r\n" for key, value in lines)
        with _translated():
            self._writer.write(f"{text}\r\n".encode())
            await self._writer.drain()

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError, ssl.SSLError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()


class AmiDoor:
    """Opens connections to exchanges."""

    def __init__(self, *, outside: Outside, tls: Callable[[], ssl.SSLContext], patience: float) -> None:
        """`tls` is made when an exchange wants it: reading the authorities takes its time."""
        self._outside = outside
        self._tls = tls
        self._patience = patience

    async def open(self, connection: AmiInput) -> AmiConnection:
        """Raises ExchangeUnavailable."""
        with _translated():
            async with asyncio.timeout(self._patience):
                made = await self._outside.connected(connection.host, connection.port)
                return AmiConnection(*await self._streams(made, connection))

    async def _streams(
        self, made: socket.socket, connection: AmiInput
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            tls = self._tls() if connection.tls else None
            name = connection.host if connection.tls else None
            return await asyncio.open_connection(sock=made, ssl=tls, server_hostname=name, limit=_LIMIT)
        except BaseException:
            made.close()
            raise

    async def probe(self, connection: AmiInput) -> None:
        """Logs in and out. Raises LoginRefused or ExchangeUnavailable."""
        opened = await self.open(connection)
        try:
            async with asyncio.timeout(self._patience):
                await _probed(opened, connection)
        except TimeoutError as exc:
            raise ExchangeUnavailable("it does not answer as a manager interface does") from exc
        finally:
            await opened.close()


async def _probed(opened: AmiConnection, connection: AmiInput) -> None:
    reader, seen = Reader(), 0
    await opened.act("Challenge", [*CHALLENGE, ("ActionID", "probe-1")])
    while seen < _ENOUGH:
        for message in reader.feed(await opened.read()):
            seen += 1
            if message.get("ActionID") == "probe-1":
                fields = login(connection, message, events=False)
                await opened.act("Login", [*fields, ("ActionID", "probe-2")])
            elif message.get("ActionID") == "probe-2":
                check_login(message)
                return
    raise ExchangeUnavailable("it does not answer as a manager interface does")


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ssl.SSLCertVerificationError as exc:
        raise ExchangeUnavailable(f"its certificate is not trusted: {exc.verify_message}") from exc
    except (OSError, ssl.SSLError, TimeoutError, EOFError) as exc:
        raise ExchangeUnavailable(f"the exchange cannot be reached: {str(exc) or type(exc).__name__}") from exc
