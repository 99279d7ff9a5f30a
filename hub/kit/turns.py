"""What people wait for goes before what is done for nobody who waits: one interpreter does both.

Work behind (a batch of the bus, a step of a loop) goes on from one `await` to the next, which is a step here. While
questions come, one step is done between two looks at who asks. While one is in hand, work behind has a third of the
time, so that it goes on however many ask; and a question that takes longer than half a second, as an export or a
stream does, is waited for no more.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from contextvars import ContextVar
from functools import partial
from typing import Any, Generic, TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

T = TypeVar("T")
_LONG = 0.5
"""Seconds for which a question is waited for."""
_LATELY = 0.05
"""Seconds after the last question in which the next one is looked for after each step."""
_SHARE = 2.0
"""While a question is in hand, the pause after a step of work behind, in times of that step."""
_PORTION = 50
"""Records at once, while questions come."""
_OTHERS = ("/hooks", "/healthz", "/readyz", "/metrics")
"""Programs ask there, and wait for as long as it takes."""
_behind: ContextVar[bool] = ContextVar("behind", default=False)


class Turns:
    """Of one event loop: who asks, and which steps wait for their turn."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._in_hand = 0
        self._last = 0.0
        """When the last question was answered."""
        self._free = 0.0
        """From when on a step may be done although a question is in hand."""
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._next: asyncio.Handle | None = None

    def asked(self) -> Callable[[], None]:
        """A question is in hand, until what is returned is called, once or more often."""
        self._in_hand += 1
        answered = [False]

        def end() -> None:
            if not answered[0]:
                answered[0] = True
                late.cancel()
                self._answered()

        late = self._loop.call_later(_LONG, end)
        return end

    def stands_back(self) -> bool:
        """Whether a step waits for its turn."""
        return self._in_hand > 0 or bool(self._waiting) or time.monotonic() < self._last + _LATELY

    def portion(self, records: int) -> int:
        """How many of so many records are taken at once: few while questions come, so that steps are short."""
        return min(records, _PORTION) if self.stands_back() else records

    async def come(self) -> None:
        """Returns when it is the caller's turn."""
        turn = self._loop.create_future()
        self._waiting.append(turn)
        if self._next is None:
            self._next = self._loop.call_soon(self._give)
        await turn

    def done(self, seconds: float) -> None:
        """A step took so long."""
        self._free = time.monotonic() + min(seconds * _SHARE, _LONG)

    def _give(self) -> None:
        """One turn; the next one after the loop has looked who asks."""
        self._next = None
        pause = self._free - time.monotonic() if self._in_hand else 0.0
        if pause > 0:
            self._next = self._loop.call_later(pause, self._give)
            return
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                break
        if self._waiting:
            self._next = self._loop.call_soon(self._give)

    def _answered(self) -> None:
        self._in_hand -= 1
        self._last = time.monotonic()
        if not self._in_hand and self._next is not None:
            self._next.cancel()
            self._next = self._loop.call_soon(self._give)


_turns: Turns | None = None


def turns() -> Turns:
    """Those of the running loop."""
    global _turns
    if _turns is None or _turns._loop is not asyncio.get_running_loop():
        _turns = Turns()
    return _turns


class _Behind(Generic[T]):
    """Awaits something step by step."""

    def __init__(self, work: Awaitable[T]) -> None:
        self._work = work

    def __await__(self) -> Generator[Any, Any, T]:
        mine, before, work = turns(), _behind.get(), self._work.__await__()
        _behind.set(True)
        step: Callable[[], Any] = partial(work.send, None)
        try:
            while True:
                if mine.stands_back():
                    try:
                        yield from mine.come().__await__()
                    except BaseException as exc:
                        step = partial(work.throw, exc)
                began = time.monotonic()
                try:
                    awaited = step()
                except StopIteration as end:
                    result: T = end.value
                    return result
                finally:
                    mine.done(time.monotonic() - began)
                try:
                    step = partial(work.send, (yield awaited))
                except BaseException as exc:
                    step = partial(work.throw, exc)
        finally:
            _behind.set(before)
            work.close()


def in_turn(work: Awaitable[T]) -> Awaitable[T]:
    """Does it in steps that stand back for people. Tasks that it begins are their own, and do not."""
    return _Behind(work)


class PeopleFirst:
    """ASGI middleware: a request is a question, up to the head of its answer; one of work behind is none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _behind.get() or scope["path"].startswith(_OTHERS):
            await self._app(scope, receive, send)
            return
        answered = turns().asked()

        async def noted(message: Message) -> None:
            answered()
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            answered()
