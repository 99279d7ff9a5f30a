"""Two chains become one, and are parted again: both touch a handful of documents, whatever the chains hold."""

from collections.abc import Callable
from functools import partial

from hub.api.actor import Actor
from hub.kit.clock import Clock
from hub.kit.errors import Conflict, NotFound
from hub.store.base import Document
from hub.store.history import noted
from services.interactions.chains.change import with_closed_head
from services.interactions.chains.merging import (
    absorbed_into,
    check,
    parted,
    with_absorbed,
    with_head_into,
    without_absorbed,
)
from services.interactions.repository import Repository
from services.interactions.roots import existing, root_of, roots
from services.interactions.tokens import Tokens

_NOTED = ("into", "absorbed")
_LOOKED = 50


class Merges:
    """Every step may be repeated, after a crash or by a second press."""

    def __init__(self, repository: Repository, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock
        self._tokens = Tokens(repository)

    async def merge(self, chain_id: str, survivor_id: str, *, actor: Actor) -> Document:
        """The survivor, with all that the other has and gets.

        Raises:
            NotFound: one of them is not there.
            Conflict: they are of two clients, one is private and the other not, or the chain was merged already.
        """
        chains = self._repository.chains
        absorbed, survivor = await existing(chains, chain_id, "chain"), await root_of(chains, survivor_id, "chain")
        if absorbed.get("into") != survivor["_id"]:
            check(absorbed, survivor)
        await self._check_clients(absorbed, survivor)
        # The survivor first: whoever sees the one must not lose sight of it in between.
        after = await self._change(survivor["_id"], partial(with_absorbed, absorbed=absorbed), actor)
        try:
            gone = await self._change(chain_id, partial(absorbed_into, survivor_id=survivor["_id"]), actor)
        except Conflict:
            await self._step_back(survivor["_id"], chain_id, actor)
            raise
        await self._list(gone, survivor["_id"])
        await self._tokens.settle([after, gone])
        return after

    async def part(self, chain_id: str, *, actor: Actor) -> Document:
        """The chain for itself again, with all that came to it meanwhile, which is gone from the survivor.

        Raises:
            NotFound: there is none.
            Conflict: it was not merged.
        """
        chain = await existing(self._repository.chains, chain_id, "chain")
        survivor_id = chain.get("into")
        if not survivor_id:
            raise Conflict("this chain was not merged into another")
        after = await self._change(chain_id, parted, actor)
        survivor = await self._step_back(survivor_id, chain_id, actor)
        await self._list(after, None)
        await self._tokens.settle([after, survivor])
        return after

    async def _step_back(self, survivor_id: str, chain_id: str, actor: Actor) -> Document:
        """The survivor without what he had of the other."""
        left = await self._repository.newest_of_chain(survivor_id, limit=_LOOKED)
        return await self._change(survivor_id, partial(without_absorbed, absorbed_id=chain_id, left=left), actor)

    async def _change(self, chain_id: str, change: Callable[[Document], Document], actor: Actor) -> Document:
        def noting(now: Document) -> Document:
            after = change(now)
            return now if after is now else noted(now, after, _NOTED, by=actor.login, at=self._clock.now())

        after = await self._repository.chains.amend(chain_id, noting)
        if after is None:
            raise NotFound(f"there is no chain {chain_id}")
        await self._repository.chains.tell(after)
        return after

    async def _list(self, chain: Document, into: str | None) -> None:
        for client in (await roots(self._repository.clients, [chain["client_id"]])).values():
            for holder in (client["_id"], chain["client_id"]):
                await self._repository.clients.amend(holder, partial(_listed, chain=chain, into=into))

    async def _check_clients(self, absorbed: Document, survivor: Document) -> None:
        clients = [chain["client_id"] for chain in (absorbed, survivor)]
        found = await roots(self._repository.clients, clients)
        if len({found[client]["_id"] if client in found else client for client in clients}) > 1:
            raise Conflict("these chains are of two clients; merge the clients first, or move one of the chains")


def _listed(client: Document, chain: Document, into: str | None) -> Document:
    """With whether the chain was absorbed, and whether it is closed where it is for itself."""
    listed = with_head_into(client, chain["_id"], into)
    return listed if into else with_closed_head(listed, chain)
