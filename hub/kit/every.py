"""A list read to its end, a page at a time."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Paged(Protocol[T_co]):
    """A page as the store or a service gives it."""

    @property
    def items(self) -> Sequence[T_co]: ...

    @property
    def next(self) -> str | None: ...


async def pages(find: Callable[[str | None], Awaitable[Paged[T]]]) -> AsyncIterator[Sequence[T]]:
    """The items of each page; `find` gives the one after what it is told, at first the first."""
    after: str | None = None
    while True:
        page = await find(after)
        yield page.items
        if (after := page.next) is None:
            return


async def every(find: Callable[[str | None], Awaitable[Paged[T]]]) -> list[T]:
    """All of them at once; for lists that are known to be short."""
    return [item async for items in pages(find) for item in items]
