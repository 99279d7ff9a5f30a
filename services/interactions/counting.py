"""Counts clients whose chains are seen by others than before, where a crash kept whoever changed them from it."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from hub.kit.every import pages
from hub.kit.loop import Loop
from hub.store.base import Document
from hub.store.told import Told
from services.interactions.models import UNCOUNTED
from services.interactions.repository import Repository
from services.interactions.tokens import Tokens

_AT_ONCE = 200


class Counting:
    """Beside the service, in each copy: to count twice does no harm."""

    def __init__(self, repository: Repository, every: timedelta) -> None:
        self._repository = repository
        self._tokens = Tokens(repository)
        self._loop = Loop("counting", self.run, every=every)
        self.start = self._loop.start
        self.stop = self._loop.stop

    async def run(self) -> None:
        """Raises StoreUnavailable."""
        async for chains in _uncounted(self._repository.chains):
            await self._tokens.settle(chains)
        async for clients in _uncounted(self._repository.clients):
            for client in clients:
                await self._tokens.counted(client["_id"])


def _uncounted(told: Told) -> AsyncIterator[Sequence[Document]]:
    return pages(lambda after: told.find({UNCOUNTED: True}, limit=_AT_ONCE, after=after))
