"""What somebody finds: what the index has, as far as he sees it, as it is now."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from hub.api.actor import Actor
from hub.contracts.masks import words_shown
from hub.contracts.scope import EVERYTHING, OPEN, SHOWN, Shown, reaches
from hub.kit.errors import Forbidden
from hub.store.base import Document, Page
from hub.store.query import cursor, position
from services.interactions.clients.whole import wholes
from services.interactions.repository import Repository
from services.interactions.roots import roots
from services.interactions.search.asking import Wanted, understood
from services.interactions.search.entries import (
    SEEN,
    Around,
    Entry,
    of_client,
    of_file,
    of_interaction,
    of_transcript,
    of_work,
    written_down,
)
from services.interactions.search.fragments import Marker, Piece
from services.interactions.search.gathering import Kept
from services.interactions.search.reading import Texts
from services.interactions.seen import Found, Seen, sifted


@dataclass(frozen=True, slots=True)
class Named:
    """What the index found: an entry, its note and its rank."""

    id: str
    note: str
    rank: int


class Index(Protocol):
    """What entries are found in; see `services.interactions.adapters.index.Index`."""

    def find(
        self,
        wanted: Wanted,
        *,
        kinds: Collection[str],
        seen: Sequence[str],
        contacts: bool,
        limit: int,
        below: int | None,
    ) -> list[Named]:
        """Newest first. Only what one of these tokens sees (none: whatever), with words of addresses or without;
        `below`: of a lower rank than this.
        """
        ...

    def stems(self, word: str) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found."""

    kind: str
    document: Document
    fragment: Sequence[Piece]
    attachment: Document | None = None


Find = Callable[[int, str | None], Awaitable[Page]]
Keep = Callable[[Sequence[Document]], Awaitable[list[tuple[Document, Shown]]]]
_INT64 = 2**63
_MOST_ROUNDS = 10
"""Pages of 2,000 that are looked through for one page of what somebody sees."""
Look = Callable[[set[str]], Awaitable[dict[str, Document]]]
"""The documents of these ids that somebody sees whole."""


class Search:
    """Asked by employees; each kind of thing by an operation of its own, for a role may reach them differently."""

    def __init__(
        self,
        index: Index,
        repository: Repository,
        seen: Seen,
        *,
        tasks: Kept,
        outcomes: Kept,
        texts: Texts,
        zone: str,
    ) -> None:
        self._index = index
        self._repository = repository
        self._seen = seen
        self._work = {"task": tasks, "deal": outcomes, "claim": outcomes}
        self._texts = texts
        self._zone = zone

    async def find(
        self, actor: Actor, text: str, *, kinds: Collection[str], limit: int, after: str | None
    ) -> "Found[Hit]":
        """Raises InvalidInput: see `asking.understood`; Forbidden: addresses are hidden from who asks for them."""
        wanted = understood(text, self._zone)
        if wanted.people and actor.hides:
            raise Forbidden(fields={"q": "addresses are hidden from your role: from:, to: and with: cannot be asked"})
        marker = Marker(wanted, self._index.stems)

        async def find(limit: int, after: str | None) -> Page:
            return await self._page(actor, wanted, kinds, limit, after)

        async def keep(found: Sequence[Document]) -> list[tuple[Document, Shown]]:
            kept = await self._kept(actor, found)
            if actor.hides:
                # The index knows addresses that he is not shown: what he asked for must stand in what he sees.
                kept = [one for one in kept if marker.fits(await self._text(one, contacts=False, titled=True))]
            return [(one, SHOWN[0]) for one in kept]

        found, more = await self._gathered(find, keep, limit=limit, after=after)
        rooted = await self._rooted(found)
        texts = [await self._text(one, contacts=not actor.hides) for one in rooted]
        hits = await asyncio.to_thread(_marked, rooted, texts, marker)
        return Found(hits, cursor(found[-1]["rank"], found[-1]["_id"]) if more else None)

    async def _gathered(
        self, find: Find, keep: Keep, *, limit: int, after: str | None
    ) -> tuple[list[Document], bool]:
        """As many as are wanted, and whether there is one more that he sees: that something is hidden behind them is
        told to nobody.
        """
        found: list[Document] = []
        for _ in range(_MOST_ROUNDS):
            page = await sifted(find, keep, order="rank", limit=limit + 1 - len(found), after=after)
            found += [one for one, _ in page.items]
            after = page.next
            if len(found) > limit or after is None:
                break
        return found[:limit], len(found) > limit

    async def _rooted(self, found: Sequence[Document]) -> list[Document]:
        """With the chain and the client that each is read with now."""
        places = {"chain_id": self._repository.chains, "client_id": self._repository.clients}
        now = {
            name: await roots(merged, {one["of"][name] for one in found if one["of"].get(name)})
            for name, merged in places.items()
        }
        return [{**one, "of": {**one["of"], **_led(one["of"], now)}} for one in found]

    async def _page(
        self, actor: Actor, wanted: Wanted, kinds: Collection[str], limit: int, after: str | None
    ) -> Page:
        below = position(after)[0] if after else None
        find = partial(
            self._index.find,
            wanted,
            kinds=kinds,
            seen=[] if EVERYTHING in actor.reach else [SEEN + token for token in actor.reach],
            contacts=not actor.hides,
            limit=limit + 1,
            below=below if isinstance(below, int) and abs(below) < _INT64 else None,
        )
        found = await asyncio.to_thread(find)
        items: list[Document] = [{"_id": one.id, "rank": one.rank, "note": one.note} for one in found[:limit]]
        return Page(items, cursor(items[-1]["rank"], items[-1]["_id"]) if len(found) > limit else None)

    async def _kept(self, actor: Actor, found: Sequence[Document]) -> list[Document]:
        """Those that are there and that he sees whole, with their documents."""
        documents: dict[str, Document] = {}
        for kind, look in self._looks(actor).items():
            if ids := {_subject(one) for one in found if one["_id"].startswith(f"{kind}/")}:
                documents |= await look(ids)
        return [{**one, "of": documents[_subject(one)]} for one in found if _subject(one) in documents]

    def _looks(self, actor: Actor) -> dict[str, Look]:
        return {
            "interaction": partial(self._messages, actor),
            "file": partial(self._messages, actor),
            "transcript": partial(self._messages, actor),
            "chain": partial(self._chains, actor),
            "client": partial(self._clients, actor),
            **{kind: partial(self._tasks, actor, kept) for kind, kept in self._work.items()},
        }

    async def _messages(self, actor: Actor, ids: set[str]) -> dict[str, Document]:
        found = await self._repository.interactions.get_many(ids)
        return _whole(await self._seen.interactions(actor, list(found.values())))

    async def _chains(self, actor: Actor, ids: set[str]) -> dict[str, Document]:
        found = await self._repository.chains.get_many(ids)
        return _whole(await self._seen.chains(actor, list(found.values())))

    async def _clients(self, actor: Actor, ids: set[str]) -> dict[str, Document]:
        found = await self._repository.clients.get_many(ids)
        return _reached(actor, await wholes(self._repository, list(found.values())))

    async def _tasks(self, actor: Actor, kept: Kept, ids: set[str]) -> dict[str, Document]:
        return _reached(actor, (await kept.get_many(ids)).values())

    async def _text(self, found: Document, *, contacts: bool, titled: bool = False) -> str:
        """What it is found by, as it is shown to who asks: masked whole, and before anything is cut out of it."""
        kind, document, file = found["_id"].partition("/")[0], found["of"], _file_of(found)
        nowhere = Around("", "")
        entry: Entry | None = None
        if kind == "interaction":
            entry = of_interaction(document, nowhere)
        elif kind == "file" and file:
            entry = of_file(document, file, await self._texts.of(document["_id"], file), nowhere)
        elif kind == "transcript" and (recording := _recording_of(found)):
            text = await self._texts.said(recording["text_blob"]) if recording.get("text_blob") else ""
            entry = of_transcript(document, recording, text, nowhere)
        elif kind == "client":
            entry = of_client(document, "")
        elif kind in self._work:
            entry = of_work(kind, document)
        if entry is None:
            return words_shown(str(document.get("subject") or ""))
        parts = [*([entry.title] if titled else []), entry.text, *([entry.contacts] if contacts else [])]
        return words_shown("\n".join(parts))


def _file_of(found: Document) -> Document | None:
    entry_id = found["_id"].partition("/")[2]
    return next((one for one in found["of"].get("attachments") or () if one["id"] == entry_id), None)


def _recording_of(found: Document) -> Document | None:
    entry_id = found["_id"].partition("/")[2]
    return next((dict(one) for one in written_down(found["of"]) if one["id"] == entry_id), None)


def _marked(found: Sequence[Document], texts: Sequence[str], marker: Marker) -> list[Hit]:
    return [
        Hit(one["_id"].partition("/")[0], one["of"], marker.fragment(text), _file_of(one))
        for one, text in zip(found, texts, strict=True)
    ]


def _led(document: Document, now: Mapping[str, Mapping[str, Document]]) -> Document:
    return {name: rooted[document[name]]["_id"] for name, rooted in now.items() if document.get(name) in rooted}


def _subject(found: Document) -> str:
    """The id of the document that an entry is of."""
    kind, _, entry_id = found["_id"].partition("/")
    return str(found["note"] if kind in ("file", "transcript") else entry_id)


def _whole(shown: Iterable[tuple[Document, Shown]]) -> dict[str, Document]:
    """Of what he is shown a part, the rest would be told by its being found."""
    return {document["_id"]: document for document, level in shown if level == SHOWN[0]}


def _reached(actor: Actor, documents: Iterable[Document]) -> dict[str, Document]:
    return {one["_id"]: one for one in documents if reaches(actor.reach, one.get("seen_by") or [OPEN])}
