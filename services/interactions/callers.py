"""Who may be calling from an address: all of them, with what is open; for the phone that rings."""

from collections.abc import Iterable

from hub.contracts.ring import RingingClient, RingingMatter
from hub.contracts.scope import OPEN
from hub.store.base import Document
from services.interactions.models import heads_of
from services.interactions.repository import Repository
from services.interactions.roots import roots
from services.interactions.tasks.repository import TaskRepository

_MOST = 10
"""Clients, and of each so many chains and tasks: what fits on a screen before the answer."""
_TASKS_READ = 50


class Callers:
    """Looks them up: a handful of reads by id and by index, however many calls and clients there are."""

    def __init__(self, repository: Repository, tasks: TaskRepository) -> None:
        self._repository = repository
        self._tasks = tasks

    async def of(self, address: str) -> list[RingingClient]:
        """Whose address it is, first; then those of whom a message said so."""
        stored = await self._repository.addresses.get(address)
        owner = stored["client_id"] if stored else None
        if not owner:
            return []
        found = await roots(self._repository.clients, [owner])
        if owner not in found:
            return []
        sure = found[owner]
        others = [
            one["client_id"]
            for one in sure.get("candidates") or []
            if one["address"] == address and one.get("client_id") not in (None, sure["_id"])
        ]
        more = await roots(self._repository.clients, others[:_MOST]) if others else {}
        clients = {root["_id"]: root for root in (sure, *more.values())}
        return [await self._shown(one, sure=one["_id"] == sure["_id"]) for one in list(clients.values())[:_MOST]]

    async def _shown(self, client: Document, *, sure: bool) -> RingingClient:
        heads = heads_of(client)
        chains = await self._repository.chains.get_many(list(heads)[:_MOST])
        return RingingClient(
            client_id=client["_id"],
            name=client["name"],
            owner=client.get("owner"),
            sure=sure,
            seen_by=_tokens(client),
            chains=tuple(_matter(one, one["subject"]) for one in _said(chains.values())),
            tasks=tuple(_matter(one, one["title"]) for one in await self._open_tasks(client["_id"])),
        )

    async def _open_tasks(self, client_id: str) -> list[Document]:
        page = await self._tasks.tasks.find({"client_id": client_id}, order="turn", limit=_TASKS_READ)
        return [one for one in page.items if one["state"] == "open"][:_MOST]


def _said(chains: Iterable[Document]) -> list[Document]:
    """Of a confidential or private chain nothing is said to whoever happens to pick up."""
    return [one for one in chains if not one.get("private") and (one.get("others") or "full") == "full"]


def _matter(document: Document, title: str) -> RingingMatter:
    return RingingMatter(id=document["_id"], title=title, seen_by=_tokens(document))


def _tokens(document: Document) -> tuple[str, ...]:
    return tuple(document.get("seen_by") or [OPEN])
