"""Interactions taken out of a chain, put into another, or given to another client; each way back is known."""

from collections.abc import Sequence
from functools import partial

from hub.api.actor import Actor
from hub.contracts.interaction import Link
from hub.kit.clock import Clock, iso
from hub.kit.errors import Conflict, InvalidInput
from hub.kit.ids import derive, moment_of
from hub.store.base import Document
from services.interactions.chains.moved import moved, step_back
from services.interactions.outgoing import Outgoing
from services.interactions.repository import Repository
from services.interactions.roots import existing, root_of, roots

RULE = "moved"
SPLIT = "split"
MOST = 500
"""Interactions moved at once."""


class Moves:
    """Every step may be repeated. What refers to a moved interaction follows it; attachments go with it."""

    def __init__(self, repository: Repository, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock
        self._outgoing = Outgoing(repository)

    async def split(self, chain_id: str, ids: Sequence[str], *, actor: Actor) -> Document:
        """The new chain with these interactions of a chain, which goes on from it.

        Raises:
            NotFound: there is no such chain.
            InvalidInput: one is not in it, or all that it has would go.
        """
        found = await self._repository.interactions.get_many(ids)
        if len(found) < len(set(ids)):
            raise _not_inside()
        parts = list(found.values())
        first = min(parts, key=lambda part: (part["at"], part["_id"]))
        new = derive("ch", SPLIT, chain_id, first["_id"], at=moment_of(first["_id"]))
        await self._check_inside(chain_id, [part for part in parts if part["chain_id"] != new])
        link = Link(rule=SPLIT, evidence=f"taken out by {actor.login}", continues=chain_id)
        ordered = sorted(parts, key=lambda part: str(part["at"]))
        put = [await self._put(part, (new, part["client_id"]), link, actor) for part in ordered]
        await self._leave(put)
        return (await self._repository.chains.get(new)) or {}

    async def to_chain(self, interaction_id: str, chain_id: str, *, actor: Actor) -> Document:
        """The interaction in another chain, and its client's. Raises NotFound; Conflict: it waits for its time."""
        part, chain = await self._interaction(interaction_id), await self._chain(chain_id)
        link = Link(rule=RULE, evidence=f"moved by {actor.login}")
        return await self._move(part, (chain["_id"], chain["client_id"]), link, actor)

    async def to_client(self, interaction_id: str, client_id: str, *, actor: Actor) -> Document:
        """The interaction in a chain of its own, of another client. Errors as `to_chain`."""
        part = await self._interaction(interaction_id)
        await existing(self._repository.clients, client_id, "client")
        new = derive("ch", RULE, interaction_id, client_id, at=moment_of(interaction_id))
        link = Link(rule=RULE, evidence=f"moved by {actor.login}", continues=part["chain_id"])
        return await self._move(part, (new, client_id), link, actor)

    async def back(self, interaction_id: str, *, actor: Actor) -> Document:
        """The interaction where it was before it was moved last. Raises NotFound; Conflict: nobody moved it."""
        part = await self._interaction(interaction_id)
        if not part.get("moves"):
            raise Conflict("nobody has moved this; it is where it came")
        was = part["moves"][-1]
        return await self._move(part, (was["chain_id"], was["client_id"]), Link.model_validate(was["link"]), actor)

    async def _move(self, part: Document, place: tuple[str, str], link: Link, actor: Actor) -> Document:
        if part.get("planned"):
            raise Conflict("it waits for its time; take it back and write it anew where it belongs")
        after = await self._put(part, place, link, actor)
        await self._leave([after])
        return after

    async def _leave(self, parts: Sequence[Document]) -> None:
        """Where they were last, also when it is asked again because a crash came in between."""
        gone = {part["_id"] for part in parts}
        for chain_id in {part["moves"][-1]["chain_id"] for part in parts if part.get("moves")}:
            await step_back(self._repository, chain_id, gone)

    async def _put(self, part: Document, place: tuple[str, str], link: Link, actor: Actor) -> Document:
        """There, and known to chain and client; the same however often it is asked."""
        change = partial(_in_place, place=place, link=link, by=actor.login, at=iso(self._clock.now()))
        after = await self._repository.interactions.amend(part["_id"], change) or part
        chains = await self._repository.touch_chains([after])
        await self._repository.chains.tell(*chains.values())
        await self._repository.interactions.tell(after)
        await self._outgoing.move_on(after)
        return after

    async def _check_inside(self, chain_id: str, parts: Sequence[Document]) -> None:
        """Raises InvalidInput: one is not read with this chain, or nothing would be left of it."""
        chain = await self._chain(chain_id)
        rooted = await roots(self._repository.chains, {part["chain_id"] for part in parts})
        if any(part["chain_id"] not in rooted or rooted[part["chain_id"]]["_id"] != chain["_id"] for part in parts):
            raise _not_inside()
        left = await self._repository.newest_of_chain(chain["_id"], limit=len(parts) + 1)
        if parts and {part["_id"] for part in left} <= {part["_id"] for part in parts}:
            raise InvalidInput(fields={"ids": "something must stay; to give all to another client, move each"})

    async def _interaction(self, interaction_id: str) -> Document:
        return await existing(self._repository.interactions, interaction_id)

    async def _chain(self, chain_id: str) -> Document:
        return await root_of(self._repository.chains, chain_id, "chain")


def _in_place(part: Document, place: tuple[str, str], link: Link, by: str, at: str) -> Document:
    if (part["chain_id"], part["client_id"]) == place:
        return part
    return moved(part, place, link, by, at)


def _not_inside() -> InvalidInput:
    return InvalidInput(fields={"ids": "each must be an interaction of this chain"})
