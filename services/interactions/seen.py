"""Who sees what: every question of an employee about clients, chains and interactions goes through here."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from hub.api.actor import Actor
from hub.contracts.scope import EVERYTHING, OPEN, SHOWN, Shown, reaches, shown_to
from hub.kit.errors import Forbidden, NotFound
from hub.store.base import Document, In, Page
from hub.store.query import cursor
from services.interactions.models import open_heads
from services.interactions.reach import Accounts
from services.interactions.repository import Repository
from services.interactions.roots import Merged, members, roots
from services.interactions.tokens import Tokens

MOST_READ = 2_000
"""Documents that are read for one page of a list of which somebody sees little; `next` goes on from there."""
CONFIDENTIAL = "this is confidential: its owner and its teams alone see what it says; ask one of them"
FOREIGN = "this account is another team's; choose one of your own, or ask for this chain to be handed over"


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A page of what somebody sees."""

    items: list[T]
    next: str | None


class Directory(Protocol):
    """Which mailboxes, bots and numbers are ours."""

    async def accounts(self) -> Accounts: ...


class Seen:
    """What is not seen is not there; of what is confidential a part is shown."""

    def __init__(self, repository: Repository, directory: Directory) -> None:
        self._repository = repository
        self._directory = directory
        self._tokens = Tokens(repository)

    async def chain(self, actor: Actor, chain_id: str) -> tuple[Document, Shown]:
        """Raises NotFound."""
        document = await self._repository.chains.get(chain_id)
        shown = (await self._of_chains(actor, [chain_id])).get(chain_id, "nothing")
        if document is None or shown == "nothing":
            raise NotFound(f"there is no chain {chain_id}")
        return document, shown

    async def whole_chain(self, actor: Actor, chain_id: str) -> Document:
        """Raises NotFound; Forbidden: he does not see what it says."""
        document, shown = await self.chain(actor, chain_id)
        _refuse_less(shown)
        return document

    async def client(self, actor: Actor, client_id: str) -> Document:
        """Raises NotFound."""
        document = await self._repository.clients.get(client_id)
        root = (await roots(self._repository.clients, [client_id])).get(client_id)
        if document is None or root is None or not await self._reaches_client(actor, root):
            raise NotFound(f"there is no client {client_id}")
        return document

    async def clients(self, actor: Actor, documents: Sequence[Document]) -> list[Document]:
        """Those that he sees."""
        found = await roots(self._repository.clients, [document["_id"] for document in documents])
        return [one for one in documents if await self._reaches_client(actor, found.get(one["_id"], one))]

    async def _reaches_client(self, actor: Actor, root: Document) -> bool:
        """By his tokens, or by those of his chains where a message came while they were counted: then anew."""
        if reaches(actor.reach, root.get("seen_by") or [OPEN]):
            return True
        if not await self._tokens.has_more(root):
            return False
        return reaches(actor.reach, (await self._tokens.recount(root["_id"]))["seen_by"])

    async def interaction(self, actor: Actor, interaction_id: str) -> tuple[Document, Shown]:
        """Raises NotFound."""
        document = await self._repository.interactions.get(interaction_id)
        found = await self.interactions(actor, [document] if document else [])
        if not found:
            raise NotFound(f"there is nothing under {interaction_id}")
        return found[0]

    async def whole_interaction(self, actor: Actor, interaction_id: str) -> Document:
        """Raises NotFound; Forbidden: he does not see what it says."""
        document, shown = await self.interaction(actor, interaction_id)
        _refuse_less(shown)
        return document

    async def interactions(self, actor: Actor, documents: Sequence[Document]) -> list[tuple[Document, Shown]]:
        """Those that he sees, and what of each."""
        return await self._sift(actor, documents, "chain_id")

    async def chains(self, actor: Actor, documents: Sequence[Document]) -> list[tuple[Document, Shown]]:
        """Those that he sees, and what of each."""
        return await self._sift(actor, documents, "_id")

    async def _sift(self, actor: Actor, documents: Sequence[Document], chain: str) -> list[tuple[Document, Shown]]:
        """`chain` names the field that holds the chain's id."""
        shown = await self._of_chains(actor, {document[chain] for document in documents})
        found = [(document, shown.get(document[chain], "nothing")) for document in documents]
        return [(document, level) for document, level in found if level != "nothing"]

    def level(self, actor: Actor, chain: Document) -> Shown:
        """What he is shown of a chain."""
        return level_of(actor, chain)

    async def open_chains(self, actor: Actor, clients: Iterable[Document]) -> set[str]:
        """Ids of the open chains of these clients that he sees."""
        ids = [entry["id"] for client in clients for entry in open_heads(client)]
        reader = actor.reading
        return {chain_id for chain_id, level in (await self._of_chains(reader, ids)).items() if level != "nothing"}

    async def with_members(self, where: Mapping[str, Any]) -> dict[str, Any]:
        """The conditions, for a client or chain with those that were merged into it."""
        found = {name: value for name, value in where.items() if value is not None}
        for field, merged in (("client_id", self._repository.clients), ("chain_id", self._repository.chains)):
            if field in found and (more := await members(merged, [str(found[field])])):
                found[field] = In([found[field], *more])
        return found

    async def check_account(self, actor: Actor, account: str | None) -> None:
        """Raises Forbidden: the account is of a team that he has nothing to do with."""
        if not account or EVERYTHING in actor.reach:
            return
        found = (await self._directory.accounts()).named(account)
        if found and found.team and found.team not in actor.teams:
            raise Forbidden(FOREIGN, fields={"account": FOREIGN})

    async def _of_chains(self, actor: Actor, ids: Iterable[str]) -> dict[str, Shown]:
        found = await roots(self._repository.chains, ids)
        return {chain_id: level_of(actor, chain) for chain_id, chain in found.items()}

    async def scopes(self, chains: Sequence[str], clients: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Of each that there is, by its id: what decides who sees it. For the live stream."""
        found = await _rooted(self._repository.chains, chains) | await _rooted(self._repository.clients, clients)
        return {
            doc_id: {
                "seen_by": root.get("seen_by") or [OPEN],
                "private": bool(root.get("private")),
                "others": root.get("others") or "full",
            }
            for doc_id, root in found.items()
        }


async def _rooted(collection: Merged, ids: Sequence[str]) -> dict[str, Document]:
    return await roots(collection, ids) if ids else {}


def level_of(actor: Actor, chain: Mapping[str, Any]) -> Shown:
    """What somebody is shown of a chain. Other services see all."""
    if actor.is_service:
        return "full"
    return shown_to(
        actor.login,
        actor.teams,
        actor.reach,
        tokens=chain.get("seen_by") or [OPEN],
        private=bool(chain.get("private")),
        others=chain.get("others") or "full",
    )


async def sifted(
    find: Callable[[int, str | None], Awaitable[Page]],
    keep: Callable[[Sequence[Document]], Awaitable[list[tuple[Document, Shown]]]],
    *,
    order: str,
    limit: int,
    after: str | None,
) -> "Found[tuple[Document, Shown]]":
    """A page of what is kept of what is found, and its `next`. It may have few items although more follow."""
    read = 0
    while True:
        page = await find(limit, after)
        items, after = await keep(page.items), page.next
        read += len(page.items)
        if items and after is not None:
            # Not after the last one found: its id and its moment are nobody's who does not see it.
            last, _ = items[-1]
            after = cursor(last[order], last["_id"])
        if items or after is None or read >= MOST_READ:
            return Found(items, after)


def _refuse_less(shown: Shown) -> None:
    if shown != SHOWN[0]:
        raise Forbidden(CONFIDENTIAL)
