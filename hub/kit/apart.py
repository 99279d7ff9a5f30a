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
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from hub.kit.errors import PermanentError, TransientError

MEMORY = 384 * 2**20
"""Bytes that a process may take beside what it takes when it begins."""
_IDLE_SECONDS = 300.0
_MOST_PROCESSES = 4
_URGENT = 1
"""Processes beside those, for what somebody waits for: strangers' mail must not keep colleagues from answering."""
_LARGE = 64 * 1024
_KEEPS = 64 * 2**20
"""Bytes by which a process may have grown and still be used again."""
_FAREWELL_SECONDS = 5
_NICER = 5
"""Steps of priority behind the hub: reading must not keep it from answering."""
_HEAD = struct.Struct(">cdI")
"""Of a message: its kind, seconds of CPU time that the call may take, and how many parts follow."""
_SIZE = struct.Struct(">Q")
_READY, _CALL, _ANSWER, _LAST, _MEMORY, _RAISED = b"r", b"c", b"=", b"!", b"m", b"x"
_TOO_MUCH = "it takes more memory than it may"
_START = "import sys; from hub.kit.apart import serve; serve(int(sys.argv[1]), int(sys.argv[2]))"


class TooCostly(PermanentError):
    """The call took more CPU time or memory than it may, or its process crashed."""


class CallFailed(PermanentError):
    """The function raised what it should have answered with; the message names it."""


class CannotStart(TransientError):
    """No process could be started to read with; check memory and the limit of processes."""


def large(content: bytes) -> bytes | pickle.PickleBuffer:
    """The bytes, so that they travel without a copy where that is worth it."""
    return pickle.PickleBuffer(content) if len(content) > _LARGE else content


class Apart:
    """Processes that are started when they are needed, and ended when nothing was asked of them for a while."""

    def __init__(
        self, *, processes: int | None = None, memory: int = MEMORY, idle_seconds: float = _IDLE_SECONDS
    ) -> None:
        """As many processes at once as there are processors, at most four, unless told."""
        self._count = processes or min(os.cpu_count() or 1, _MOST_PROCESSES)
        self._memory = memory
        self._idle_seconds = idle_seconds
        self._free: list[_Child] = []
        self._busy: set[_Child] = set()
        self._turn = asyncio.Semaphore(self._count)
        self._urgent = asyncio.Semaphore(_URGENT)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()

    async def call(self, function: str, *arguments: Any, cpu: float, urgent: bool = False) -> Any:
        """What `function` ("package.module:name") answers; arguments and answer are pickled.

        Large bytes travel without a copy inside `pickle.PickleBuffer`, and arrive as bytes. What is `urgent`, for
        somebody waits for it, waits for none of the others.

        Raises:
            TooCostly: it took more than `cpu` seconds of CPU time, or too much memory, or its process crashed.
            CallFailed: it raised.
            CannotStart: there is no process to call it in.
        """
        async with self._turns(urgent=urgent):
            child = self._rested() or await _Child.started(self._memory)
            self._busy.add(child)
            try:
                kind, answer = await child.ask((function, arguments), cpu)
            except BaseException:
                child.drop()
                raise
            finally:
                self._busy.discard(child)
                self._rest_later()
            if kind == _ANSWER:
                self._free.append(child)
            else:
                self._end(child)
        if kind in (_ANSWER, _LAST):
            return answer
        raise TooCostly(answer) if kind == _MEMORY else CallFailed(answer)

    def _rested(self) -> "_Child | None":
        """One that waits to be asked. Whatever ended one meanwhile, it was not the call that comes next."""
        while self._free:
            child = self._free.pop()
            if child.lives():
                return child
            self._end(child)
        return None

    def _turns(self, *, urgent: bool) -> asyncio.Semaphore:
        """Of this event loop: tests have one after another."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._rest = loop, None
            self._turn, self._urgent = asyncio.Semaphore(self._count), asyncio.Semaphore(_URGENT)
        return self._urgent if urgent else self._turn

    def _rest_later(self) -> None:
        if self._rest:
            self._rest.cancel()
        self._rest = asyncio.get_running_loop().call_later(self._idle_seconds, self._end_free)

    def _end_free(self) -> None:
        while self._free:
            self._end(self._free.pop())

    def _end(self, child: "_Child") -> None:
        task = asyncio.create_task(child.close())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def stop(self) -> None:
        """Ends all processes, and calls that are under way with TooCostly."""
        for child in self._busy:
            child.kill()
        self._end_free()
        if self._ending:
            await asyncio.wait(self._ending)
        if self._rest:
            self._rest.cancel()


class _Child:
    """One process, as its owner sees it."""

    def __init__(self, process: "subprocess.Popen[bytes]", line: socket.socket) -> None:
        self._process = process
        self._line = line

    @classmethod
    async def started(cls, memory: int) -> "_Child":
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        launching = asyncio.ensure_future(asyncio.to_thread(_launched, theirs, memory))
        try:
            process = await asyncio.shield(launching)
        except OSError as exc:
            ours.close()
            raise CannotStart(f"no process could be started: {exc.strerror}") from exc
        except BaseException:
            ours.close()
            launching.add_done_callback(_ended)
            raise
        child = cls(process, ours)
        try:
            await child._heard()
        except (EOFError, OSError) as exc:
            await child.close()
            raise CannotStart(f"a process ended while it began, with {process.returncode}") from exc
        except BaseException:
            child.drop()
            raise
        return child

    def lives(self) -> bool:
        return self._process.poll() is None

    async def ask(self, request: object, cpu: float) -> tuple[bytes, Any]:
        """The kind of the answer, and the answer or the words of what went wrong."""
        loop = asyncio.get_running_loop()
        try:
            for piece in _pieces(_CALL, request, cpu):
                await loop.sock_sendall(self._line, piece)
            kind, parts = await self._heard()
        except (EOFError, OSError) as exc:
            await self.close()
            raise TooCostly(self._cause(cpu)) from exc
        return kind, _value(parts)

    async def _heard(self) -> tuple[bytes, list[bytearray]]:
        kind, _, count = _HEAD.unpack(await self._bytes(_HEAD.size))
        sizes = [size for (size,) in _SIZE.iter_unpack(await self._bytes(count * _SIZE.size))]
        return kind, [await self._bytes(size) for size in sizes]

    async def _bytes(self, size: int) -> bytearray:
        loop, content = asyncio.get_running_loop(), bytearray(size)
        left = memoryview(content)
        while left:
            received = await loop.sock_recv_into(self._line, left)
            if not received:
                raise EOFError
            left = left[received:]
        return content

    def _cause(self, cpu: float) -> str:
        if self._process.returncode == -signal.SIGPROF:
            return f"it takes more than {cpu:g} s of CPU time"
        return f"its process ended with {self._process.returncode}"

    async def close(self) -> None:
        """Ends it, kindly if it can hear."""
        self._line.close()
        try:
            await asyncio.to_thread(self._process.wait, _FAREWELL_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    def kill(self) -> None:
        """At once; whoever asks it hears that it is gone."""
        self._process.kill()
        self._process.wait()
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)

    def drop(self) -> None:
        """The same, and nobody asks it any more."""
        self.kill()
        # Not before the event loop has let go of it, which a cancelled call has asked for.
        asyncio.get_running_loop().call_soon(self._line.close)


def _launched(line: socket.socket, memory: int) -> "subprocess.Popen[bytes]":
    """Its modules are found where ours are; it ends when our side of the socket does, however we end.

    `line` is its own side, which is closed here: who waits for it may be cancelled, and the number of a closed
    descriptor is soon somebody else's.
    """
    with line:
        return subprocess.Popen(
            [sys.executable, "-c", _START, str(line.fileno()), str(memory)],
            pass_fds=[line.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)},
        )


def _ended(launching: "asyncio.Future[subprocess.Popen[bytes]]") -> None:
    """Nobody waits any more for the process that was to begin."""
    if not launching.cancelled() and not launching.exception():
        launching.result().kill()
        launching.result().wait()


# --- what travels: a head, the sizes of the parts, the parts: a pickle, and large bytes beside it ---


def _pieces(kind: bytes, value: object, cpu: float = 0) -> list[bytes | memoryview]:
    """To be sent one after another: the small ones together, so that few steps are needed."""
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    raws = [buffer.raw() for buffer in buffers]
    head = _HEAD.pack(kind, cpu, 1 + len(raws))
    sizes = b"".join(_SIZE.pack(len(part)) for part in (body, *raws))
    return [head + sizes + body, *raws]


def _value(parts: Sequence[bytearray]) -> Any:
    body, *buffers = parts
    return pickle.loads(body, buffers=[bytes(buffer) for buffer in buffers])


# --- in the process ---


def serve(descriptor: int, memory: int) -> None:
    """Answers calls until the other side is gone."""
    # What ends the hub, and all its processes with it, lets the calls under way come to their end.
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)
    begin = _size()
    _limit_memory(begin + memory)
    os.nice(_NICER)
    with socket.socket(fileno=descriptor) as line, suppress(EOFError, ConnectionError):
        line.sendall(_pieces(_READY, None)[0])
        while True:
            _, cpu, count = _HEAD.unpack(_received(line, _HEAD.size))
            kind, value = _answered(line, count, cpu)
            if kind == _ANSWER and _size() > begin + _KEEPS:
                kind = _LAST
            kind, pieces = _sendable(kind, value)
            signal.setitimer(signal.ITIMER_PROF, 0)
            for piece in pieces:
                line.sendall(piece)
            if kind in (_LAST, _MEMORY):
                return


def _answered(line: socket.socket, count: int, cpu: float) -> tuple[bytes, Any]:
    try:
        sizes = [size for (size,) in _SIZE.iter_unpack(_received(line, count * _SIZE.size))]
        name, arguments = _value([_received(line, size) for size in sizes])
        module, _, attribute = name.partition(":")
        function = getattr(importlib.import_module(module), attribute)
        # From here on the kernel ends the process at this signal, whatever code it is in. What its code takes to be
        # loaded is no fault of the call.
        signal.setitimer(signal.ITIMER_PROF, cpu)
        return _ANSWER, function(*arguments)
    except MemoryError:
        return _MEMORY, _TOO_MUCH
    except Exception as exc:
        return _RAISED, f"{type(exc).__name__}: {exc}"


def _sendable(kind: bytes, value: Any) -> tuple[bytes, list[bytes | memoryview]]:
    try:
        return kind, _pieces(kind, value)
    except MemoryError:
        return _MEMORY, _pieces(_MEMORY, _TOO_MUCH)
    except Exception as exc:
        words = f"{type(exc).__name__}: {exc}"
        return _RAISED, _pieces(_RAISED, words)


def _received(line: socket.socket, size: int) -> bytearray:
    content = bytearray(size)
    left = memoryview(content)
    while left:
        received = line.recv_into(left)
        if not received:
            raise EOFError
        left = left[received:]
    return content


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
