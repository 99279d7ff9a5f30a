"""The one way to change a document that others hear of, and to tell it.

A document is stored together with the events it owes, so that no crash can part the two; what is owed is published
and then cleared, in bulk. A sweeper finishes what a crash or a bus that was down has left. An event may therefore be
published more than once, with the same id.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from pydantic import ValidationError

from hub.bus.base import Bus
from hub.bus.limits import RECORD_BYTES, check_size
from hub.contracts.base import Envelope, Event, encode
from hub.contracts.registry import REGISTRY
from hub.kit.clock import Clock, SystemClock, from_iso, iso
from hub.kit.errors import StoreUnavailable, TooLarge, TransientError, Undecodable
from hub.kit.log import Log
from hub.kit.seams import seam
from hub.store.amend import TRIES, contended
from hub.store.base import Collection, Document, Index, Page, Scalar, Where

log = Log(__name__)
OWES = Index("owes", sparse=True)
"""A collection of documents that are told declares it; `owes` is true while `outbox` holds something."""
_OWED = ("owes", "outbox")
CORRELATION, CAUSATION = "correlation_id", "causation_id"
"""Fields of a document: what it goes on with and follows from. What is told of it without a cause has them, too."""
_FRAME = 4_000
"""Bytes of an event beside the document that it states: its attributes and headers."""

Fact = Event | type[Event]
"""An event, or the kind of event that states the whole document: its body is made when it is published, from the
document as it is then."""
Facts = Callable[[Document | None, Document], Sequence[Fact]]
"""What is to be told of a change: from the document before (none: it is new) to the one after, with `_v`. Pure."""
State = Callable[[type[Event], Document], Event]
"""An event of this kind that states the document, with `_v` as its revision."""


@dataclass(frozen=True, slots=True)
class Owing:
    """A document as it shall be, and what is owed beside the facts of its collection, as a request to send it."""

    document: Document
    events: tuple[Event, ...] = ()


Change = Callable[[Document], Document | Owing | None]
"""As `hub.store.amend.Change`."""
Causes = Mapping[str, Envelope]
"""What caused a change, by the id of the document; none: somebody asked for it."""


class Told:
    """A collection whose changes are told. It reads like one; it is written by `insert` and `amend` alone.

    Sizes are checked before anything is stored: TooLarge means that nothing changed.
    """

    def __init__(
        self, collection: Collection, *, facts: Facts, state: State, source: str, bounded: bool = False
    ) -> None:
        """`source` is the service that tells, as `omnihub/interactions`. What it tells goes where `on` says.

        What states a document of a `bounded` collection fits into an event, however much the document holds.
        """
        self._bounded = bounded
        self._collection = collection
        self._facts = facts
        self._state = state
        self._bus: Bus | None = None
        self._clock: Clock = SystemClock()
        self.source = source

    def on(self, bus: Bus, clock: Clock) -> None:
        """What is told goes there, with this time."""
        self._bus, self._clock = bus, clock

    @property
    def bus(self) -> Bus:
        assert self._bus is not None, "a repository that changes things is put on a bus first"
        return self._bus

    async def get(self, doc_id: str) -> Document | None:
        return await self._collection.get(doc_id)

    async def get_many(self, ids: Iterable[str]) -> dict[str, Document]:
        return await self._collection.get_many(ids)

    async def find(
        self,
        where: Where,
        *,
        order: str = "_id",
        descending: bool = False,
        limit: int = 100,
        after: str | None = None,
    ) -> Page:
        return await self._collection.find(where, order=order, descending=descending, limit=limit, after=after)

    async def count(self, where: Where, *, at_most: int) -> int:
        return await self._collection.count(where, at_most=at_most)

    async def count_by(self, field: str, where: Where | None = None) -> dict[Scalar, int]:
        return await self._collection.count_by(field, where)

    def check(self, before: Document | None, after: Document, *also: Event) -> None:
        """Raises TooLarge unless this change could be told; for who has to store something else first."""
        facts = [*self._facts(before, {**after, "_v": before["_v"] + 1 if before else 1}), *also]
        if facts:
            self._check(after, facts)

    async def insert(
        self, document: Document, *, cause: Envelope | None = None, also: Sequence[Event] = ()
    ) -> tuple[Document, bool]:
        """The document as it is stored then, and whether it is the one given: whoever is first wins.

        Nothing is published yet: see `tell`. Raises TooLarge.
        """
        doc_id = document["_id"]
        owing = Owing(document, tuple(also))
        stored, new = await self.insert_many([owing], causes={doc_id: cause} if cause else {})
        return stored[doc_id], doc_id in new

    async def insert_many(
        self, documents: Sequence[Document | Owing], *, causes: Causes | None = None
    ) -> tuple[dict[str, Document], set[str]]:
        """All as they are stored then, by id, and the ids of those that are new."""
        owing = [self._owing(None, each, causes or {}) for each in documents]
        new = await self._collection.insert_many(owing)
        return await self._as_stored(owing, new), new

    async def insert_repeated(
        self, documents: Sequence[Document], *, checked: bool = False
    ) -> tuple[dict[str, Document], set[str]]:
        """The same for what the bus hands over again until it is done: no debt is stored, `anew` tells what it is.

        `checked`: `check` was asked for each of them already.
        """
        for document in () if checked else documents:
            self._check(document, self._facts(None, document))
        new = await self._collection.insert_many(documents)
        return await self._as_stored(documents, new), new

    def anew(self, documents: Iterable[Document], causes: Causes) -> list[Envelope]:
        """What is told of these when they are new: the same, with the same ids, whenever one is handed them again."""
        now = self._clock.now()
        return [
            self._caused(fact if isinstance(fact, Event) else self._state(fact, document), causes, document, now)
            for document in documents
            for fact in self._facts(None, document)
        ]

    def _caused(self, event: Event, causes: Causes, document: Document, now: datetime) -> Envelope:
        cause = causes.get(document["_id"])
        if cause is None:
            began, origin = document.get(CORRELATION, ""), document.get(CAUSATION, "")
            return Envelope(event=event, source=self.source, time=now, correlation_id=began, causation_id=origin)
        return cause.caused(event, source=self.source, time=now)

    async def _as_stored(self, documents: Sequence[Document], new: set[str]) -> dict[str, Document]:
        stored = {document["_id"]: {**document, "_v": 1} for document in documents if document["_id"] in new}
        missing = [document["_id"] for document in documents if document["_id"] not in new]
        return stored | (await self._collection.get_many(missing) if missing else {})

    async def amend(self, doc_id: str, change: Change, *, cause: Envelope | None = None) -> Document | None:
        """The document as it is then; none where there is none. Nothing is published yet. Raises TooLarge."""
        return (await self.amend_many({doc_id: change}, causes={doc_id: cause} if cause else {})).get(doc_id)

    async def amend_many(
        self,
        changes: Mapping[str, Change],
        *,
        causes: Causes | None = None,
        known: Mapping[str, Document] | None = None,
    ) -> dict[str, Document]:
        """Each of them as it is then, by id, changed or not; those that do not exist are left out.

        `known` are documents as they were read before, which spares reading them again.
        """
        done: dict[str, Document] = {}
        causes = causes or {}
        found = {doc_id: document for doc_id, document in (known or {}).items() if doc_id in changes}
        left = set(changes)
        for attempt in range(TRIES):
            found |= await self._collection.get_many(left - found.keys()) if left - found.keys() else {}
            wanted = {doc_id: changes[doc_id](found[doc_id]) for doc_id in left if doc_id in found}
            changed = {i: w for i, w in wanted.items() if w is not None and w is not found[i]}
            done |= {doc_id: found[doc_id] for doc_id in wanted.keys() - changed.keys()}
            swapped = await self.swap_many([(found[doc_id], each) for doc_id, each in changed.items()], causes=causes)
            done |= swapped
            left = changed.keys() - swapped.keys()
            if not left:
                return done
            found = {}
            await contended(attempt)
        raise StoreUnavailable("documents are changed by too many at once; try again")

    async def swap_many(
        self, changes: Sequence[tuple[Document, Document | Owing]], *, causes: Causes | None = None
    ) -> dict[str, Document]:
        """From each document as it was read to what it shall be; those that nobody had changed, as they are now."""
        owing = [self._owing(before, after, causes or {}) for before, after in changes]
        swapped = await self._collection.swap_many(owing) if owing else set()
        return {d["_id"]: {**d, "_v": d["_v"] + 1} for d in owing if d["_id"] in swapped}

    async def remove(self, document: Document) -> bool:
        """Takes back a document that nobody has heard of; False when somebody changed it meanwhile."""
        return await self._collection.delete(document)

    async def tell(self, *documents: Document) -> bool:
        """Publishes what they owe, and clears it. False: bus or store are down, the sweeper does it later."""
        try:
            await tell((self, documents))
        except TransientError as exc:
            log.warning("outbox.waiting", documents=len(documents), reason=str(exc))
            return False
        return True

    def envelopes(self, document: Document) -> list[Envelope]:
        """What a document owes, in order.

        Raises:
            Undecodable: this version does not know such an event.
        """
        try:
            return [self._envelope(entry, document) for entry in document.get("outbox") or ()]
        except (KeyError, ValueError, TypeError, ValidationError) as exc:
            raise Undecodable(f"outbox of {document['_id']}: {type(exc).__name__}: {str(exc)[:500]}") from exc

    async def clear(self, documents: Iterable[Document]) -> set[str]:
        """What they owed is published; the ids of those that nobody changed since."""
        owing = [each for each in documents if each.get("owes")]
        return await self._collection.unset(owing, *_OWED) if owing else set()

    def _owing(self, before: Document | None, given: Document | Owing, causes: Causes) -> Document:
        owing = given if isinstance(given, Owing) else Owing(given)
        document = owing.document
        after = {**document, "_v": before["_v"] + 1 if before else 1}
        facts = [*self._facts(before, after), *owing.events]
        if not facts:
            return document
        self._check(document, facts)
        entries = _without(document.get("outbox") or [], facts) + self._entries(
            after, facts, causes.get(after["_id"])
        )
        return {**document, "outbox": entries, "owes": True}

    def _entries(self, after: Document, facts: Sequence[Fact], cause: Envelope | None) -> list[dict[str, Any]]:
        now = iso(self._clock.now())
        origin = cause.id if cause else after.get(CAUSATION, "")
        began = (cause.correlation_id or origin) if cause else after.get(CORRELATION, "")
        entries: list[dict[str, Any]] = []
        for fact in facts:
            entry: dict[str, Any] = {"type": fact.TYPE, "time": now}
            if origin or began:
                entry |= {"correlation_id": began or origin, "causation_id": origin}
            if isinstance(fact, Event):
                entry["body"] = fact.model_dump(mode="json", exclude_none=True)
            entries.append(entry)
            if not origin and len(facts) > 1:
                # What somebody asked for follows from the first thing that is told of it.
                origin = (fact if isinstance(fact, Event) else self._state(fact, after)).event_id()
        return entries

    def _check(self, document: Document, facts: Sequence[Fact]) -> None:
        check_size([encode(self._wrap(fact)) for fact in facts if isinstance(fact, Event)])
        if self._bounded or all(isinstance(fact, Event) for fact in facts):
            return
        size = len(orjson.dumps(document)) + _FRAME
        if size > RECORD_BYTES:
            raise TooLarge(
                f"{document['_id']} would be told in an event of {size:,} bytes, over the limit of {RECORD_BYTES:,};"
                " shorten what it says"
            )

    def _wrap(self, event: Event) -> Envelope:
        return Envelope(event=event, source=self.source, time=self._clock.now())

    def _envelope(self, entry: dict[str, Any], document: Document) -> Envelope:
        kind = REGISTRY.events[entry["type"]]
        return Envelope(
            event=kind.model_validate(entry["body"]) if "body" in entry else self._state(kind, document),
            source=entry.get("source", self.source),
            time=from_iso(entry["time"]),
            correlation_id=entry.get("correlation_id", ""),
            causation_id=entry.get("causation_id", ""),
        )


Debt = tuple[Told, Iterable[Document]]


async def tell(*debts: Debt, also: Sequence[Envelope] = ()) -> None:
    """Publishes what these documents owe, after `also`, in one step of the bus, and clears it.

    What this version cannot read (a newer copy owes it) is left to the sweeper: the rest does not wait for it.

    Raises:
        TransientError: the bus or a store did not confirm; they go on owing.
    """
    owing = [(told, [each for each in documents if each.get("owes")]) for told, documents in debts]
    readable = [
        (told, [(each, read) for each in documents if (read := _read(told, each))]) for told, documents in owing
    ]
    envelopes = [envelope for _, documents in readable for _, read in documents for envelope in read]
    if not (also or envelopes):
        return
    published = [*also, *envelopes]
    seam("outbox.before_publish", (each.event.on_topic() for each in published))
    await debts[0][0].bus.publish(published)
    seam("outbox.after_publish", (each.event.on_topic() for each in published))
    await asyncio.gather(*(told.clear([each for each, _ in documents]) for told, documents in readable if documents))


def _read(told: Told, document: Document) -> list[Envelope]:
    try:
        return told.envelopes(document)
    except Undecodable as exc:
        log.warning("outbox.unreadable", document=document["_id"], reason=str(exc))
        return []


def _without(entries: list[dict[str, Any]], facts: Sequence[Fact]) -> list[dict[str, Any]]:
    """What was owed before, less what states the document and is stated anew: the newest state says it all."""
    anew = {fact.TYPE for fact in facts if not isinstance(fact, Event)}
    return [entry for entry in entries if entry["type"] not in anew or "body" in entry]
