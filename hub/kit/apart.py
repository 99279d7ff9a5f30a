"""Calls of pure functions in processes of their own, for what reads the words of strangers.

Whatever such a call does, only its process pays: it is ended at a limit of CPU time by the kernel, at a limit of
memory by its own allocator, and may crash. The hub goes on, and the next call gets a new process.
"""

import asyncio
import importlib
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from hub.kit.errors import PermanentError, TransientError

MEMORY = 384 * 2**20
"""Bytes that a process may take beside what it takes when it begins."""
_IDLE_SECONDS = 300.0
_MOST_PROCESSES = 4
_HEAD = struct.Struct(">dI")
"""Of a request: seconds of CPU time it may take, and how many buffers follow it."""
_LARGE = 64 * 1024
_HELLO = b"ready"
_NICER = 5
"""Steps of priority behind the hub: reading must not keep it from answering."""
_KEEPS = 64 * 2**20
"""Bytes by which a process may have grown and still be used again."""
_FAREWELL_SECONDS = 5
_Line = Connection
_START = "import sys; from hub.kit.apart import serve; serve(int(sys.argv[1]), int(sys.argv[2]))"


class TooCostly(PermanentError):
    """The call took more CPU time or memory than it may, or its process crashed."""


class CallFailed(PermanentError):
    """The function raised what it should have answered with; the message names it."""


class CannotStart(TransientError):
    """No process could be started to read with; check memory and the limit of processes."""


class Apart:
    """Processes that are started when they are needed, and ended when nothing was asked of them for a while."""

    def __init__(
        self, *, processes: int | None = None, memory: int = MEMORY, idle_seconds: float = _IDLE_SECONDS
    ) -> None:
        """As many processes at once as there are processors, at most four, unless told."""
        count = processes or min(os.cpu_count() or 1, _MOST_PROCESSES)
        self._threads = ThreadPoolExecutor(count, "apart")
        self._memory = memory
        self._idle_seconds = idle_seconds
        self._free: list[_Child] = []
        self._busy: set[_Child] = set()
        self._rest: asyncio.TimerHandle | None = None
        self._stopped = False

    async def call(self, function: str, *arguments: Any, cpu: float) -> Any:
        """What `function` ("package.module:name") answers; arguments and answer are pickled.

        Large bytes travel without a copy inside `pickle.PickleBuffer`, and arrive as bytes.

        Raises:
            TooCostly: it took more than `cpu` seconds of CPU time, or too much memory, or its process crashed.
            CallFailed: it raised.
            CannotStart: there is no process to call it in.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, self._call, function, arguments, cpu)
        finally:
            self._rest_later(loop)

    def _call(self, function: str, arguments: tuple[Any, ...], cpu: float) -> Any:
        child = self._free.pop() if self._free else _Child.started(self._memory)
        self._busy.add(child)
        try:
            answer = child.ask(function, arguments, cpu)
        except BaseException:
            child.close()
            raise
        else:
            if answer.is_last:
                child.close()
            else:
                self._free.append(child)
        finally:
            self._busy.discard(child)
        return answer.value()

    def _rest_later(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._rest:
            self._rest.cancel()
        if not self._stopped:
            self._rest = loop.call_later(self._idle_seconds, self._threads.submit, self._end_free)

    def _end_free(self) -> None:
        while self._free:
            self._free.pop().close()

    async def stop(self) -> None:
        """Ends all processes, and calls that are under way with TooCostly."""
        self._stopped = True
        if self._rest:
            self._rest.cancel()
        for child in list(self._busy):
            child.kill()
        await asyncio.to_thread(self._threads.shutdown)
        await asyncio.to_thread(self._end_free)


class _Answer:
    """What a process sent back: its kind, a pickle or words, and whether it wants to be replaced."""

    def __init__(self, kind: bytes, body: bytes, buffers: list[bytes]) -> None:
        self._kind = kind[:1]
        self.is_last = kind[1:] == b"!"
        self._body = body
        self._buffers = buffers

    def value(self) -> Any:
        if self._kind == b"=":
            return pickle.loads(self._body, buffers=self._buffers)
        words = self._body.decode("utf-8", "replace")
        raise TooCostly(words) if self._kind == b"m" else CallFailed(words)


class _Child:
    """One process, as its owner sees it."""

    def __init__(self, process: "subprocess.Popen[bytes]", connection: _Line) -> None:
        self._process = process
        self._connection = connection

    @classmethod
    def started(cls, memory: int) -> "_Child":
        """Its modules are found where ours are; it ends when our side of the socket does, however we end."""
        ours, theirs = socket.socketpair()
        connection: _Line = Connection(ours.detach())
        try:
            with theirs:
                process = subprocess.Popen(
                    [sys.executable, "-c", _START, str(theirs.fileno()), str(memory)],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)},
                )
        except OSError as exc:
            connection.close()
            raise CannotStart(f"no process could be started: {exc.strerror}") from exc
        child = cls(process, connection)
        try:
            connection.recv_bytes()
        except (EOFError, OSError) as exc:
            child.close()
            raise CannotStart(f"a process ended while it began, with {process.returncode}") from exc
        return child

    def ask(self, function: str, arguments: tuple[Any, ...], cpu: float) -> _Answer:
        try:
            _send(self._connection, (function, arguments), lambda buffers: _HEAD.pack(cpu, buffers))
            kind = self._connection.recv_bytes()
            count = int.from_bytes(self._connection.recv_bytes())
            body = self._connection.recv_bytes()
            return _Answer(kind, body, [self._connection.recv_bytes() for _ in range(count)])
        except (EOFError, OSError) as exc:
            raise TooCostly(self._cause(cpu)) from exc

    def _cause(self, cpu: float) -> str:
        self.close()
        if self._process.returncode == -signal.SIGPROF:
            return f"it takes more than {cpu:g} s of CPU time"
        return f"its process ended with {self._process.returncode}"

    def close(self) -> None:
        """Ends it, kindly if it can hear."""
        self._connection.close()
        try:
            self._process.wait(_FAREWELL_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()

    def kill(self) -> None:
        self._process.kill()


def _send(connection: _Line, value: Any, head: Callable[[int], bytes]) -> None:
    """The head, which says how many buffers there are, the pickle, and the buffers."""
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    connection.send_bytes(head(len(buffers)))
    connection.send_bytes(body)
    for buffer in buffers:
        connection.send_bytes(buffer.raw())


def large(content: bytes) -> bytes | pickle.PickleBuffer:
    """The bytes, so that they travel without a copy where that is worth it."""
    return pickle.PickleBuffer(content) if len(content) > _LARGE else content


# --- in the process ---


def serve(descriptor: int, memory: int) -> None:
    """Answers calls until the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    begin = _size()
    _limit_memory(begin + memory)
    os.nice(_NICER)
    connection: _Line = Connection(descriptor)
    with suppress(EOFError, ConnectionError):
        connection.send_bytes(_HELLO)
        while True:
            cpu, count = _HEAD.unpack(connection.recv_bytes())
            # The kernel ends the process at this signal, whatever code it is in.
            signal.setitimer(signal.ITIMER_PROF, cpu)
            kind, value = _answered(connection, count)
            signal.setitimer(signal.ITIMER_PROF, 0)
            is_last = kind == b"m" or _size() > begin + _KEEPS
            connection.send_bytes(kind + (b"!" if is_last else b"."))
            _reply(connection, kind, value)
            if is_last:
                return


def _answered(connection: _Line, count: int) -> tuple[bytes, Any]:
    try:
        body = connection.recv_bytes()
        buffers = [connection.recv_bytes() for _ in range(count)]
        name, arguments = pickle.loads(body, buffers=buffers)
        module, _, attribute = name.partition(":")
        return b"=", getattr(importlib.import_module(module), attribute)(*arguments)
    except MemoryError:
        return b"m", "it takes more memory than it may"
    except Exception as exc:
        return b"x", f"{type(exc).__name__}: {exc}"


def _reply(connection: _Line, kind: bytes, value: Any) -> None:
    if kind == b"=":
        _send(connection, value, lambda buffers: buffers.to_bytes(4))
        return
    connection.send_bytes((0).to_bytes(4))
    connection.send_bytes(value.encode("utf-8", "replace"))


def _size() -> int:
    """Bytes of address space; 0 where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[0]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _limit_memory(limit: int) -> None:
    if _size():
        import resource  # not on Windows, which has no /proc either

        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
