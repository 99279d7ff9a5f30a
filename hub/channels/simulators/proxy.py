"""A TCP proxy that can do to a connection what a bad network does."""

import asyncio
from typing import Self


class CutProxy:
    """Forwards to `target` and, on request, cuts, refuses or hangs.

    Everything counts bytes from the server to the client: `cut_after(n)` lets `n` more of them through, so a cut may
    fall into the middle of an IMAP literal.
    """

    def __init__(self, target: str, *, host: str = "127.0.0.1") -> None:
        """`target` is `host:port`."""
        self._target_host, _, port = target.rpartition(":")
        self._target_port = int(port)
        self._host = host
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._left: int | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.refusing = False
        """New connections are reset at once."""
        self.latency = 0.0
        """Seconds that each piece from the server is held back."""
        self.connections = 0
        """How many there have been."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._forward, self._host, 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        tasks = list(self._tasks)
        self.cut_now()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def address(self) -> str:
        """`host:port` for clients."""
        assert self._server
        return f"{self._host}:{self._server.sockets[0].getsockname()[1]}"

    def cut_after(self, count: int) -> None:
        """Resets the connection that carries the `count`-th byte from now on, once."""
        self._left = count

    def cut_now(self) -> None:
        """Resets every connection."""
        for writer in list(self._writers):
            writer.transport.abort()

    def hang(self) -> None:
        """Nothing comes through any more, in either direction; nothing is closed."""
        self._flowing.clear()

    def resume(self) -> None:
        self._flowing.set()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        self.connections += 1
        try:
            await self._connect(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # asyncio's streams report a cancelled handler as an error
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            return
        upstream_reader, upstream = await asyncio.open_connection(self._target_host, self._target_port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pipe(reader, upstream))
                group.create_task(self._pipe_counted(upstream_reader, writer))
        except* (OSError, _Cut):
            pass
        finally:
            upstream.transport.abort()

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            await self._flowing.wait()
            writer.write(piece)
            await writer.drain()
        raise _Cut

    async def _pipe_counted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            await asyncio.sleep(self.latency)
            await self._flowing.wait()
            allowed = self._allowed(len(piece))
            writer.write(piece[:allowed])
            await writer.drain()
            if allowed < len(piece):
                break
        await _sent(writer)
        raise _Cut

    def _allowed(self, size: int) -> int:
        if self._left is None:
            return size
        if size < self._left:
            self._left -= size
            return size
        allowed, self._left = self._left, None
        return min(allowed, size - 1)


class _Cut(Exception):
    """One side is gone; so shall be the other."""


async def _sent(writer: asyncio.StreamWriter) -> None:
    """Returns when everything written has gone to the kernel, so that an abort does not swallow it."""
    writer.transport.set_write_buffer_limits(high=0)
    await writer.drain()
