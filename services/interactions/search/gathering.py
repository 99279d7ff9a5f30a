"""What must be found otherwise than before: records name what changed, the store tells how it is now."""

from asyncio import to_thread
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Protocol

import orjson

from hub.contracts.base import Record
from hub.contracts.topics import CHAINS, CLIENTS, INTERACTIONS, OUTCOMES, TASKS
from hub.kit.every import pages
from hub.store.base import Document, Page, Where
from services.interactions.clients.whole import wholes
from services.interactions.repository import Repository
from services.interactions.roots import members, roots
from services.interactions.search.entries import (
    Around,
    Entry,
    around,
    of_chain,
    of_client,
    of_file,
    of_interaction,
    of_transcript,
    of_work,
    written_down,
)
from services.interactions.search.reading import Texts, is_read

TOPICS = (INTERACTIONS.name, CHAINS.name, CLIENTS.name, TASKS.name, OUTCOMES.name)
_AT_ONCE = 500
Notes = Callable[[Iterable[str]], Mapping[str, str]]


class Kept(Protocol):
    """Tasks, or deals and claims."""

    async def get_many(self, ids: Iterable[str]) -> dict[str, Document]: ...


class Found(Protocol):
    """Interactions, or chains."""

    async def find(self, where: Where, *, order: str, limit: int, after: str | None) -> Page: ...


@dataclass(slots=True)
class Changed:
    """Ids of what changed."""

    interactions: set[str] = field(default_factory=set)
    chains: set[str] = field(default_factory=set)
    clients: set[str] = field(default_factory=set)
    tasks: set[str] = field(default_factory=set)
    outcomes: set[str] = field(default_factory=set)


def changed(records: Iterable[Record]) -> Changed:
    """What these records tell of; of what cannot be read nothing."""
    found = Changed()
    for record in records:
        told = orjson.loads(record.value) if record.value else {}
        for noun in ("interaction", "chain", "client", "task", "outcome"):
            if isinstance(about := told.get(noun), dict) and "id" in about:
                getattr(found, f"{noun}s").add(about["id"])
    return found


class Gathering:
    """Reads what changed, and what is found otherwise because of it."""

    def __init__(self, repository: Repository, tasks: Kept, outcomes: Kept, texts: Texts) -> None:
        self._repository = repository
        self._tasks = tasks
        self._outcomes = outcomes
        self._texts = texts

    async def entries(self, of: Changed, notes: Notes) -> AsyncIterator[list[Entry]]:
        """In pages; `notes` gives with what entries were made before."""
        clients, moved = await self._clients(of.clients, notes)
        yield clients
        fresh = list((await self._repository.interactions.get_many(of.interactions)).values())
        chains, wheres, spread = await self._chains({*of.chains, *moved, *(one["chain_id"] for one in fresh)}, notes)
        yield chains
        yield await self._messages(fresh, wheres)
        for chain_id in spread:
            async for page in _pages(self._repository.interactions, {"chain_id": chain_id}, "at"):
                yield await self._messages(page, wheres)
        yield await self._work(of)

    async def _clients(self, ids: set[str], known: Notes) -> tuple[list[Entry], set[str]]:
        """Those and whom they belong to, and the chains that are found under another name now."""
        if not ids:
            return [], set()
        ids = ids | (await members(self._repository.clients, ids)).keys()
        own, rooted = await self._repository.clients.get_many(ids), await roots(self._repository.clients, ids)
        own |= {root["_id"]: root for root in rooted.values()}
        notes = {client_id: _note(root["_id"], root["name"]) for client_id, root in rooted.items()}
        notes |= {root["_id"]: _note(root["_id"], root["name"]) for root in rooted.values()}
        before = await to_thread(known, [f"client/{client_id}" for client_id in own])
        whole = {client["_id"]: client for client in await wholes(self._repository, list(own.values()))}
        entries = [of_client(whole[client_id], notes[client_id]) for client_id in own]
        others = [i for i in own if before.get(f"client/{i}", notes[i]) != notes[i]]
        return entries, {
            chain["_id"]
            for client_id in others
            async for page in _pages(self._repository.chains, {"client_id": client_id}, "last_at")
            for chain in page
        }

    async def _chains(self, ids: set[str], known: Notes) -> tuple[list[Entry], dict[str, Around], list[str]]:
        """Those and what they were merged into; what is around their messages; those whose messages are found
        otherwise now.
        """
        if not ids:
            return [], {}, []
        ids = ids | (await members(self._repository.chains, ids)).keys()
        own, rooted = await self._repository.chains.get_many(ids), await roots(self._repository.chains, ids)
        own |= {root["_id"]: root for root in rooted.values()}
        rooted |= {root["_id"]: root for root in rooted.values()}
        clients = await roots(self._repository.clients, {root["client_id"] for root in rooted.values()})
        wheres = {chain_id: around(rooted[chain_id], clients.get(rooted[chain_id]["client_id"])) for chain_id in own}
        notes = {
            chain_id: _note(where.chain_id, where.client_id, where.client, *where.marks)
            for chain_id, where in wheres.items()
        }
        before = await to_thread(known, [f"chain/{chain_id}" for chain_id in own])
        entries = [of_chain(chain, wheres[chain_id], notes[chain_id]) for chain_id, chain in own.items()]
        return entries, wheres, [i for i in own if before.get(f"chain/{i}", notes[i]) != notes[i]]

    async def _messages(self, documents: Sequence[Document], wheres: Mapping[str, Around]) -> list[Entry]:
        """Messages and their files. One whose chain is not there yet comes again when it is told."""
        entries: list[Entry] = []
        for document in documents:
            if where := wheres.get(document["chain_id"]):
                entries.append(of_interaction(document, where))
                for attachment in document["attachments"]:
                    if is_read(attachment):
                        text = await self._texts.of(document["_id"], attachment)
                        entries.append(of_file(document, attachment, text, where))
                for recording in written_down(document):
                    said = await self._texts.said(recording["text_blob"]) if recording.get("text_blob") else ""
                    entries.append(of_transcript(document, recording, said, where))
        return entries

    async def _work(self, of: Changed) -> list[Entry]:
        tasks, outcomes = await self._tasks.get_many(of.tasks), await self._outcomes.get_many(of.outcomes)
        return [
            *(of_work("task", task) for task in tasks.values()),
            *(of_work(outcome["kind"], outcome) for outcome in outcomes.values()),
        ]


def _pages(collection: Found, where: Where, order: str) -> AsyncIterator[Sequence[Document]]:
    return pages(lambda after: collection.find(where, order=order, limit=_AT_ONCE, after=after))


def _note(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()
