"""Queries by who sees something, and the tokens of a client, which are those of his chains."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from hub.contracts.scope import OPEN, seen_by
from hub.kit.errors import NotFound, StoreUnavailable
from hub.store.amend import TRIES, contended
from hub.store.base import MANY_VALUES, Document, Page
from hub.store.query import cursor
from services.interactions.repository import Repository


class Tokens:
    """Beside the repository, for what is listed in `seen_by`."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    async def page(
        self,
        collection: str,
        tokens: Iterable[str],
        where: Mapping[str, Any],
        *,
        order: str,
        limit: int,
        after: str | None,
    ) -> Page:
        """Newest first, those that list one of these tokens in `seen_by`: a page of each, merged."""
        source = {"chains": self._repository.chains, "clients": self._repository.clients}[collection]
        given = {key: value for key, value in where.items() if value is not None}
        pages = await asyncio.gather(
            *(
                source.find({**given, "seen_by": token}, order=order, descending=True, limit=limit, after=after)
                for token in tokens
            )
        )
        found = {document["_id"]: document for page in pages for document in page.items}
        newest = sorted(found.values(), key=lambda one: (one[order], one["_id"]), reverse=True)
        items = newest[:limit]
        more = len(newest) > limit or any(page.next for page in pages)
        return Page(items, cursor(items[-1][order], items[-1]["_id"]) if more and items else None)

    async def has_more(self, client: Document) -> bool:
        """Whether his chains are seen by more than he."""
        return not set(client.get("seen_by") or ()) >= set(await self._tokens_of(client))

    async def recount(self, client_id: str) -> Document:
        """The client, told, with the tokens of his chains as they are now: whoever reads him next sees what is so.

        Raises:
            NotFound: there is none.
        """
        for attempt in range(TRIES):
            client = await self._repository.clients.get(client_id)
            if client is None:
                raise NotFound(f"there is no client {client_id}")
            # Read after the client: whoever changes a chain meanwhile changes him, too, and one of us comes again.
            tokens = await self._tokens_of(client)
            if tokens == client.get("seen_by"):
                await self._repository.clients.tell(client)
                return client
            swapped = await self._repository.clients.swap_many([(client, {**client, "seen_by": tokens})])
            if client_id in swapped:
                await self._repository.clients.tell(swapped[client_id])
                return swapped[client_id]
            await contended(attempt)
        raise StoreUnavailable("this client is changed by too many at once")

    async def _tokens_of(self, client: Document) -> list[str]:
        tokens = set(
            seen_by(client.get("owner"), [client.get("team")]) if client.get("owner") or client.get("team") else ()
        )
        after: str | None = None
        while True:
            page = await self._repository.page(
                "chains", {"client_id": client["_id"]}, order="last_at", limit=500, after=after
            )
            tokens |= {token for chain in page.items for token in chain.get("seen_by") or [OPEN]}
            if (after := page.next) is None:
                return sorted(tokens or {OPEN})[-MANY_VALUES:]
