"""A server process of the tests: on ports of its own, ready when it answers, ended by its process id."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, Self

from hub.testing.servers.watch import unwatch, watch

HOST = "127.0.0.1"
_SECONDS_TO_START = 180.0
_SECONDS_TO_STOP = 60.0
_PORTS = (15_000, 32_000)
_CHANCE = random.SystemRandom()
"""Property tests begin the other one anew, in every process alike."""


class Process(Protocol):
    """What is used of `subprocess.Popen`."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | Any: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, number: signal.Signals, /) -> None: ...
    def kill(self) -> None: ...


class ServerProcess:
    """Starts the command, and again on the same ports and data after `stop` or `kill`."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        answers: Callable[[], bool],
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """`answers` says whether the server is ready; its output goes to `FOLDER/output.log`.

        `environ` adds to the environment, and may be changed before the next start.
        """
        self._command = command
        self.environ = dict(environ or {})
        self._folder = folder
        self._answers = answers
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "not running"
        return self._process.pid

    def start(self) -> None:
        """Returns when it answers.

        Raises:
            RuntimeError: it ended, or did not answer in time; the message holds the end of its output.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._process = self._launched(self._folder / "output.log")
        watch(self.pid)
        deadline = time.monotonic() + _SECONDS_TO_START
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self._command[-1]} did not start:\n{self._tail()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Lets it write what it holds."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """It goes on holding its connections and answers nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _launched(self, output: Path) -> Process:
        with output.open("ab") as file:
            return subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                cwd=self._folder,
                env={**os.environ, **self.environ},
            )

    def _end(self, by: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        # A paused process hears SIGTERM only when it goes on.
        process.send_signal(by)
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(_SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        unwatch(process.pid)

    def _tail(self) -> str:
        return (self._folder / "output.log").read_text(errors="replace")[-2000:]


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on, all different; and below those that the system gives to whoever
    connects, one of whom could have it before the server has.
    """
    sockets: list[socket.socket] = []
    try:
        while len(sockets) < count:
            with suppress(OSError):
                sockets.append(socket.create_server((HOST, _CHANCE.randrange(*_PORTS))))
        return [taken.getsockname()[1] for taken in sockets]
    finally:
        for taken in sockets:
            taken.close()


def replies(port: int, request: bytes) -> bool:
    """Whether the server on this port answers the request with anything."""
    with suppress(OSError), socket.create_connection((HOST, port), timeout=1.0) as connection:
        connection.sendall(request)
        return bool(connection.recv(1))
    return False
