"""FastAGI: Asterisk connects by TCP, hands a caller over, and does what it is told, line by line."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from hub.kit.errors import ConfigurationError, HubError
from hub.kit.log import Log
from hub.kit.tasks import end
from services.telephony.agi.session import Asks
from services.telephony.agi.words import (
    HEAD_LINES,
    LINE,
    Answer,
    CommandRefused,
    HungUp,
    answer_of,
    command,
    variable_of,
)

MOST = 500
"""Callers at once; whoever comes beyond them goes on in the dialplan."""
_HEAD_SECONDS = 5.0
_USAGE = 200
"""Lines of what is said of a command that was wrong."""
log = Log(__name__)
Serve = Callable[[Mapping[str, str], Asks], Awaitable[None]]


class AgiServer:
    """Listens for as long as the service runs."""

    def __init__(self, serve: Serve, *, host: str, port: int, most: int = MOST) -> None:
        """Port 0 is a free one."""
        self._serve = serve
        self._host = host
        self._port = port
        self._most = most
        self._server: asyncio.Server | None = None
        self._callers: set[asyncio.Task[None]] = set()
        self._strangers: dict[asyncio.Task[None], None] = {}
        """Those who have not shown yet who they are, in the order in which they came."""

    @property
    def port(self) -> int:
        return self._port

    async def start(self) -> None:
        """Raises ConfigurationError where the port is taken."""
        try:
            self._server = await asyncio.start_server(self._take, self._host, self._port, limit=LINE)
        except OSError as exc:
            raise ConfigurationError(f"[telephony] agi_port: {self._host}:{self._port} cannot be had: {exc}") from exc
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Whoever is in a flow goes on in the dialplan."""
        if self._server:
            self._server.close()
            self._server = None
        await end(list(self._callers))

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._callers) >= self._most and not self._makes_room():
            log.warning("agi.too_many", most=self._most)
            writer.close()
            return
        task = asyncio.get_running_loop().create_task(self._caller(reader, writer))
        self._callers.add(task)
        self._strangers[task] = None
        task.add_done_callback(self._left)

    def _makes_room(self) -> bool:
        """An exchange says at once who it is: who connected and keeps silent costs no caller his place."""
        silent = next(iter(self._strangers), None)
        if silent is None:
            return False
        silent.cancel()
        self._left(silent)
        return True

    def _left(self, task: asyncio.Task[None]) -> None:
        self._callers.discard(task)
        self._strangers.pop(task, None)

    async def _caller(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        channel = Channel(reader, writer)
        try:
            async with asyncio.timeout(_HEAD_SECONDS):
                head = await channel.head()
            if (task := asyncio.current_task()) is not None:
                self._strangers.pop(task, None)
            await self._serve(head, channel)
        except (HungUp, TimeoutError, ValueError, HubError) as exc:
            log.warning("agi.refused", reason=str(exc) or type(exc).__name__)
        except Exception as exc:
            log.error("agi.failed", exc=exc)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


class Channel:
    """The channel of one caller. See `services.telephony.agi.session.Asks`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._asking = asyncio.Lock()
        # A conversation is silent for hours; a machine that is gone is noticed all the same.
        if bare := writer.get_extra_info("socket"):
            bare.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    async def head(self) -> dict[str, str]:
        """What Asterisk tells of the channel. Raises ValueError, HungUp."""
        found: dict[str, str] = {}
        for _ in range(HEAD_LINES):
            line = await self._line()
            if not line:
                return found
            name, value = variable_of(line)
            found[name] = value
        raise ValueError(f"more than {HEAD_LINES} lines before the empty one")

    async def ask(self, *words: str, patience: float) -> Answer:
        """The answer to one command.

        Raises:
            HungUp: there is nobody any more, or no answer in time.
            CommandRefused: 510, 520.
        """
        async with self._asking:
            try:
                async with asyncio.timeout(patience):
                    self._writer.write(f"{command(*words)}\n".encode())
                    await self._writer.drain()
                    return await self._answer()
            except (OSError, TimeoutError, ValueError) as exc:
                raise HungUp(f"{type(exc).__name__} {exc}") from exc

    async def _answer(self) -> Answer:
        line = await self._line()
        while line == "HANGUP" or line.startswith("100"):
            # The first is said beside, whatever was asked; what is asked then is answered with 511.
            line = await self._line()
        answer = answer_of(line)
        if line.startswith("520-"):
            await self._usage()
        if answer.code == 511:
            raise HungUp(line)
        if answer.code != 200:
            raise CommandRefused(line[:200])
        return answer

    async def _usage(self) -> None:
        for _ in range(_USAGE):
            if (await self._line()).startswith("520 "):
                return

    async def _line(self) -> str:
        try:
            raw = await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as exc:
            raise HungUp("the connection ended") from exc
        except asyncio.LimitOverrunError as exc:
            raise ValueError(f"a line of more than {LINE} bytes") from exc
        except OSError as exc:
            raise HungUp(str(exc)) from exc
        return raw.decode("utf-8", "replace").rstrip("\r\n")
