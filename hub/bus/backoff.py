"""How long to wait before trying again what failed because something was down."""

import asyncio
from collections.abc import Awaitable, Callable
from random import uniform
from typing import TypeVar

from hub.kit.errors import BusUnavailable
from hub.kit.log import Log

log = Log(__name__)
T = TypeVar("T")

FIRST = 0.1
CAP = 15.0
"""Seconds."""


def delay(attempt: int) -> float:
    """Seconds before the next try after the `attempt`-th (from 1) failed: doubling, with jitter, up to `CAP`."""
    return min(CAP, FIRST * 2.0 ** min(attempt - 1, 16)) * uniform(0.5, 1.0)


async def until_available(step: Callable[[], Awaitable[T]], doing: str) -> T:
    """The result of `step`, tried for as long as the bus is unavailable; one log line for each try."""
    attempt = 0
    while True:
        try:
            return await step()
        except BusUnavailable as exc:
            attempt += 1
            wait = delay(attempt)
            log.warning("bus.waiting", doing=doing, attempt=attempt, seconds=round(wait, 1), reason=str(exc))
            await asyncio.sleep(wait)
