"""Webhooks that come at the same moment are made durable together, which costs hardly more than one of them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Together(Generic[T]):
    """Takes over whatever came while the last batch was in hand, in the order in which it came."""

    def __init__(self, take: Callable[[Sequence[T]], Awaitable[object]], *, most: int = 200) -> None:
        """`most` items make one batch at most."""
        self._take = take
        self._most = most
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._running: asyncio.Task[None] | None = None

    async def add(self, item: T) -> None:
        """Returns when it is taken over; raises what `take` raised for its batch."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        await done

    async def _run(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            error: BaseException | None = None
            try:
                await self._take([item for item, _ in batch])
            except Exception as exc:
                error = exc
            for _, done in batch:
                if done.done():
                    continue  # whoever waited is gone
                if error:
                    done.set_exception(error)
                else:
                    done.set_result(None)
