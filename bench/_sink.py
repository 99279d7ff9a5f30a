"""A mail server in a process of its own that takes everything at once, and notes when whom."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Process, Queue
from typing import Any, ClassVar, cast

from hub.testing.servers.process import HOST


class Sink(asyncio.Protocol):
    """As fast as SMTP can be read; PIPELINING as real servers."""

    taken = 0
    begun: ClassVar[dict[bytes, float]] = {}
    """By recipient when he was named last, in monotonic seconds."""
    deferred: ClassVar[set[bytes]] = set()
    defers = 0
    """Of so many recipients one is refused for the time being, the first time; 0: none."""
    signed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._buffer, self._text, self._named = b"", False, False
        self._transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._buffer:
            end = self._buffer.find(b"\r\n.\r\n" if self._text else b"\r\n")
            if end < 0:
                return
            if self._text:
                self._take(self._buffer[:end])
                self._buffer, self._text = self._buffer[end + 5 :], False
            else:
                self._command(self._buffer[:end])
                self._buffer = self._buffer[end + 2 :]

    def _take(self, text: bytes) -> None:
        kind = type(self)
        kind.taken += 1
        kind.signed += b"DKIM-Signature:" in text[:4_000]
        self._transport.write(b"250 2.0.0 taken\r\n")

    def _command(self, line: bytes) -> None:
        word = line[:4].upper()
        if word == b"EHLO":
            self._transport.write(b"250-sink\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n")
        elif word == b"AUTH":
            self._transport.write(b"235 2.7.0 ok\r\n")
        elif word == b"RCPT":
            self._recipient(line.partition(b"<")[2].partition(b">")[0])
        elif word == b"DATA" and self._named:
            self._text = True
            self._transport.write(b"354 go on\r\n")
        elif word == b"DATA":
            self._transport.write(b"503 5.5.1 nobody is named\r\n")
        else:
            self._transport.write(b"250 ok\r\n")

    def _recipient(self, address: bytes) -> None:
        kind = type(self)
        self._named = not (kind.defers and address not in kind.deferred and hash(address) % kind.defers == 0)
        if self._named:
            kind.begun[address] = time.monotonic()
            self._transport.write(b"250 ok\r\n")
        else:
            kind.deferred.add(address)
            self._transport.write(b"451 4.3.0 come back later\r\n")


class Sinking:
    """Where it is, and what it took."""

    def __init__(self, port: int, asks: "Queue[str]", answers: "Queue[Any]") -> None:
        self.port = port
        self._asks, self._answers = asks, answers

    def _ask(self, what: str) -> Any:
        self._asks.put(what)
        return self._answers.get()

    def taken(self) -> int:
        return int(self._ask("taken"))

    def signed(self) -> int:
        return int(self._ask("signed"))

    def deferred(self) -> int:
        return len(self._ask("deferred"))

    def begun(self) -> dict[str, float]:
        """By recipient when he was named, in monotonic seconds of this machine."""
        return {address.decode(): at for address, at in self._ask("begun").items()}


def _serve(defers: int, ports: "Queue[int]", asks: "Queue[str]", answers: "Queue[Any]") -> None:
    async def main() -> None:
        Sink.defers = defers
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Sink, HOST, 0)
        ports.put(server.sockets[0].getsockname()[1])
        while True:
            answers.put(getattr(Sink, await loop.run_in_executor(None, asks.get)))

    asyncio.run(main())


@contextmanager
def sink(*, defers: int = 0) -> Iterator[Sinking]:
    """While this lasts; of `defers` recipients one is put off the first time."""
    ports: Queue[int] = Queue()
    asks: Queue[str] = Queue()
    answers: Queue[Any] = Queue()
    process = Process(target=_serve, args=(defers, ports, asks, answers), daemon=True)
    process.start()
    try:
        yield Sinking(ports.get(), asks, answers)
    finally:
        process.kill()
        process.join()
