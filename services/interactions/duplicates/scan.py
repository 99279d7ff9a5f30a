"""The job that looks for duplicates among all stored clients, a page at a time."""

from hub.jobs.models import Args, ItemResult, Step
from hub.store.base import Document
from services.interactions.duplicates.service import Duplicates
from services.interactions.repository import Repository

PAGE = 50
"""Clients of a step."""
_MOST_CLIENTS = 10_000_000


class Scan:
    """Arguments: `at_least`, the score of a pair.

    Its results tell of pages, not of clients: whoever starts it may not see them all.
    """

    kind = "duplicates.scan"
    sends = False

    def __init__(self, duplicates: Duplicates, repository: Repository) -> None:
        self._duplicates = duplicates
        self._repository = repository

    async def total(self, args: Args) -> int | None:  # noqa: ARG002
        return -(-await self._repository.clients.count({}, at_most=_MOST_CLIENTS) // PAGE)

    async def step(self, args: Args, cursor: str | None) -> Step:
        number, _, after = (cursor or "1/").partition("/")
        page = await self._repository.page("clients", {}, order="opened_at", limit=PAGE, after=after or None)
        pairs = await self._duplicates.pairs(page.items, args["at_least"])

        async def act() -> None:
            await self._duplicates.keep(pairs)

        result = ItemResult(f"page-{number}", _told(page.items, pairs))
        return Step([result], f"{int(number) + 1}/{page.next}" if page.next else None, act)


def _told(clients: list[Document], pairs: list[Document]) -> Document:
    return {"clients": len(clients), "pairs": len(pairs)}
