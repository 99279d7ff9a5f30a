"""Queries by who sees something, and the tokens of a client, which are those of his chains."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.contracts.scope import OPEN, seen_by
from hub.kit.errors import NotFound, StoreUnavailable
from hub.kit.every import pages
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.store.amend import TRIES, contended
from hub.store.base import MANY_VALUES, Document, Page
from services.interactions.merged import merged
from services.interactions.models import CHAIN_STATES, UNCOUNTED
from services.interactions.repository import Repository
from services.interactions.roots import existing, roots

log = Log(__name__)


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
        """Newest first, those that list one of these tokens in `seen_by`: a page of each, merged. Of chains `where`
        may have the states that will do.
        """
        source = {"chains": self._repository.chains, "clients": self._repository.clients}[collection]
        given = {key: value for key, value in where.items() if value is not None}
        states = given.pop("state", CHAIN_STATES if collection == "chains" else (None,))
        wheres = [{**given, **_state(state), "seen_by": token} for token in tokens for state in states]
        return await merged(source, wheres, order=order, descending=True, limit=limit, after=after)

    async def has_more(self, client: Document) -> bool:
        """Whether his chains are seen by more than he."""
        return not set(client.get("seen_by") or ()) >= set(await self._tokens_of(client))

    async def recount(self, client_id: str) -> Document:
        """The client, told, with the tokens of his chains as they are now: whoever reads him next sees what is so.

        Raises:
            NotFound: there is none.
        """
        client, _ = await self._recounted(client_id)
        return client

    async def settle(self, chains: Iterable[Document]) -> None:
        """Counts the clients of those that owe it; what is not done now is done by `Counting`."""
        owing = [chain["_id"] for chain in chains if chain.get(UNCOUNTED)]
        if not owing:
            return
        seam("interactions.before_count")
        # As they are before their clients are counted: one that somebody changes meanwhile goes on owing.
        found = list((await self._repository.chains.get_many(owing)).values())
        clients = await roots(self._repository.clients, {chain["client_id"] for chain in found})
        for client_id, client in clients.items():
            if await self.counted(client["_id"]):
                await self._repository.counted([chain for chain in found if chain["client_id"] == client_id])

    async def counted(self, client_id: str) -> bool:
        """Counts a client anew; whether he needs no more of it."""
        try:
            _, whole = await self._recounted(client_id)
        except (NotFound, StoreUnavailable) as exc:
            log.warning("tokens.uncounted", client=client_id, reason=str(exc))
            return False
        return whole

    async def _recounted(self, client_id: str) -> tuple[Document, bool]:
        """The client, and whether all of his chains were there."""
        for attempt in range(TRIES):
            client = await existing(self._repository.clients, client_id, "client")
            # Read after the client: whoever changes a chain meanwhile changes him, too, and one of us comes again.
            whole = await self._has_all_chains(client)
            tokens = await self._tokens_of(client, kept=() if whole else client.get("seen_by") or ())
            after = _counted(client, tokens) if whole else {**client, "seen_by": tokens}
            if after == client:
                await self._repository.clients.tell(client)
                return client, whole
            swapped = await self._repository.clients.swap_many([(client, after)])
            if client_id in swapped:
                await self._repository.clients.tell(swapped[client_id])
                return swapped[client_id], whole
            await contended(attempt)
        raise StoreUnavailable("this client is changed by too many at once")

    async def _has_all_chains(self, client: Document) -> bool:
        """Or one is being opened: he lists it before it is there."""
        listed = {entry["id"] for entry in client["open_chains"]}
        return len(await self._repository.chains.get_many(listed)) == len(listed)

    async def _tokens_of(self, client: Document, *, kept: Sequence[str] = ()) -> list[str]:
        tokens = {*kept}
        if client.get("owner") or client.get("team"):
            tokens |= set(seen_by(client.get("owner"), [client.get("team")]))
        find, where = self._repository.page, {"client_id": client["_id"]}
        async for chains in pages(lambda after: find("chains", where, order="last_at", limit=500, after=after)):
            tokens |= {token for chain in chains for token in chain.get("seen_by") or [OPEN]}
        return sorted(tokens or {OPEN})[-MANY_VALUES:]


def _state(state: str | None) -> dict[str, str]:
    return {"state": state} if state else {}


def _counted(client: Document, tokens: list[str]) -> Document:
    return {**{name: value for name, value in client.items() if name != UNCOUNTED}, "seen_by": tokens}
