"""Ending tasks that run until they are cancelled."""

import asyncio
from collections.abc import Iterable
from typing import Any

_AGAIN = 1.0


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Returns when all have ended; what they raised is theirs to tell.

    A library's `asyncio.wait_for` may swallow a cancellation (before Python 3.12): then once more, each second.
    """
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=_AGAIN)
