"""A step that is done again and again until it is stopped: the one shape of everything that runs beside requests."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Protocol, TypeVar

from hub.kit.errors import TransientError
from hub.kit.log import Log
from hub.kit.tasks import end
from hub.kit.turns import in_turn

GRACE = timedelta(seconds=5)
"""A stop waits so long for the step in hand."""
_SEVERAL = 3
T = TypeVar("T")
log = Log(__name__)


class Runs(Protocol):
    """Something that is started and stopped with its service."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


async def each(items: Iterable[T], do: Callable[[T], Awaitable[object]]) -> None:
    """Does what is owed, one by one: one that has to wait holds up no other. Where several have to, all wait: what
    they need is down. Raises the first TransientError afterwards.
    """
    waiting: list[TransientError] = []
    for one in items:
        try:
            await do(one)
        except TransientError as exc:
            waiting.append(exc)
            if len(waiting) == _SEVERAL:
                break
    if waiting:
        raise waiting[0]


class Loop:
    """Does `step` every `every`, and at once when woken. A step that raises ends only itself."""

    def __init__(
        self, name: str, step: Callable[[], Awaitable[object]], *, every: timedelta, first: bool = True
    ) -> None:
        """Without `first` the first step comes after `every`, too."""
        self._name = name
        self._first = first
        self._step = step
        self._every = every.total_seconds()
        self._woken = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    @property
    def stopping(self) -> bool:
        """A long step may end early then."""
        return self._stopping

    async def start(self) -> None:
        """Nothing when it runs already."""
        if self._task is None:
            self._stopping = False
            self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Finishes the step in hand, unless something keeps it waiting for longer than `GRACE`."""
        task, self._task = self._task, None
        if task is None:
            return
        self._stopping = True
        self._woken.set()
        await asyncio.wait([task], timeout=GRACE.total_seconds())
        await end([task])

    def wake(self) -> None:
        """The next step begins now."""
        self._woken.set()

    async def _run(self) -> None:
        if not self._first:
            await self._wait()
        while not self._stopping:
            self._woken.clear()
            try:
                await in_turn(self._step())
            except TransientError as exc:
                log.warning("loop.waiting", loop=self._name, reason=str(exc))
            except Exception as exc:
                log.error("loop.failed", loop=self._name, exc=exc)
            if not self._stopping:
                await self._wait()

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._every):
                await self._woken.wait()
