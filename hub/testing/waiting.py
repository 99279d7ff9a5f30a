"""Waiting for what comes about by itself, with one patience for all tests."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar, overload

T = TypeVar("T")

PATIENCE = 45.0
"""Seconds that anything may take on a busy machine before it counts as not happening.

It ends a test that fails and measures nothing: no test is about how fast something is.
"""
_FIRST, _GROWS, _LONGEST = 0.005, 1.3, 0.1
"""Seconds between two looks, which grow: what is looked at works on the same processor."""


def until(look: Callable[[], T], fits: Callable[[T], object] = bool, *, pause: float | None = None) -> T:
    """What `look` returns once it fits, or is true, asked again after pauses that grow, or every `pause` seconds; the
    last value is in the failure's message.
    """
    deadline, pauses = time.monotonic() + PATIENCE, _pauses()
    while not fits(found := look()):
        assert time.monotonic() < deadline, f"not within {PATIENCE} s; last seen: {found!r}"
        time.sleep(pause or next(pauses))
    return found


@overload
async def eventually(look: Callable[[], Awaitable[T]], fits: Callable[[T], object] = bool) -> T: ...
@overload
async def eventually(look: Callable[[], T], fits: Callable[[T], object] = bool) -> T: ...
async def eventually(look: Callable[[], Any], fits: Callable[[Any], object] = bool) -> Any:
    """As `until`, on an event loop; what `look` returns may have to be awaited."""
    deadline, pauses = time.monotonic() + PATIENCE, _pauses()
    while not fits(found := await _seen(look)):
        assert time.monotonic() < deadline, f"not within {PATIENCE} s; last seen: {found!r}"
        await asyncio.sleep(next(pauses))
    return found


def _pauses() -> Iterator[float]:
    pause = _FIRST
    while True:
        yield pause
        pause = min(pause * _GROWS, _LONGEST)


async def _seen(look: Callable[[], Any]) -> Any:
    found = look()
    return await found if inspect.isawaitable(found) else found
