"""The rules about dead letters: each waits for a person, who publishes it again or gives it up with a reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hub.bus.base import Bus
from hub.bus.deadletters import read_again
from hub.contracts.base import Record
from hub.contracts.park import ONLY_GROUP, REPLAY_OF, MessageParked
from hub.contracts.topics import TOPICS
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock, iso
from hub.kit.errors import NotFound
from hub.store.base import Document, Page, Store
from services.gateway.deadletters.repository import LettersRepository
from services.gateway.errors import Unreplayable

RAW_SHOWN = 64 * 1024
"""Bytes of the raw form that are shown."""
MOST_AT_ONCE = 1_000
_BATCH = 100
_OF_THE_LAST_FAILURE = ("state", "parked_at", "error", "reason", "position", "sender", "blob")
_REMEMBERED = 20
_READ = frozenset(topic.name for topic in TOPICS)
"""What else is parked is no record of a topic: a timer, or what a document owed and nobody can read."""


@dataclass(frozen=True, slots=True)
class Raw:
    """The beginning of what the channel received."""

    size: int
    beginning: bytes


class DeadLetters:
    """Takes dead letters from the bus, shows them, replays and discards them."""

    def __init__(self, store: Store, bus: Bus, blobs: Blobs, clock: Clock) -> None:
        self._repository = LettersRepository(store)
        self._bus = bus
        self._blobs = blobs
        self._clock = clock

    async def take(self, parked: Sequence[MessageParked]) -> None:
        """Stores letters; one that was replayed and failed again is open again. May be repeated."""
        marked = {letter.id: _mark(letter) for letter in parked}
        known = await self._repository.get_many([mark for mark in marked.values() if mark])
        fresh = []
        for letter in parked:
            before = known.get(marked[letter.id])
            if before is not None and before["group"] == letter.group:
                await self._repository.amend(str(before["_id"]), lambda stored, new=letter: _again(stored, new))  # type: ignore[misc]
            else:
                fresh.append(_document(letter))
        await self._repository.insert_many(fresh)

    async def page(self, *, topic: str | None, state: str | None, limit: int, after: str | None) -> Page:
        """Newest first."""
        return await self._repository.page(topic=topic, state=state, limit=limit, after=after)

    async def get(self, letter_id: str) -> Document:
        """Raises NotFound."""
        letter = await self._repository.get(letter_id)
        if letter is None:
            raise NotFound
        return letter

    async def raw(self, letter: Document) -> Raw | None:
        """What the channel received, if it is kept apart from the record."""
        if not letter["blob"]:
            return None
        try:
            content = await self._blobs.get(letter["blob"])
        except NotFound:
            return None
        return Raw(len(content), content[:RAW_SHOWN])

    async def replay(self, letter_id: str, *, login: str) -> Document:
        """Publishes the record again, for the group that failed, unless that was done since it last failed.

        Raises:
            NotFound: there is no such letter.
            Unreplayable: it does not carry the record, which is nowhere else either.
        """
        if not await self._replay([letter := await self.get(letter_id)], login) and letter["state"] != "replayed":
            raise Unreplayable(_why_not(letter))
        return await self.get(letter_id)

    async def replay_all(self, ids: Sequence[str], *, login: str) -> int:
        """How many were published again; raises NotFound before the first if one does not exist.

        Those whose record is not kept stay open.
        """
        found = await self._repository.get_many(ids)
        if missing := [one for one in ids if one not in found]:
            raise NotFound(f"there is no dead letter {', '.join(missing)}; nothing was replayed")
        return await self._replay([found[one] for one in dict.fromkeys(ids)], login)

    async def replay_topic(self, topic: str, *, login: str) -> int:
        """The open letters of a topic, oldest first, at most `MOST_AT_ONCE`; how many were published again."""
        page = await self._repository.page(topic=topic, state="open", limit=MOST_AT_ONCE, after=None, oldest=True)
        return await self._replay(page.items, login)

    async def discard(self, letter_id: str, *, login: str, reason: str) -> Document:
        """Gives it up; it stays listed, and can still be replayed. Raises NotFound."""
        told = self._told("discarded", login, reason)
        letter = await self._repository.amend(
            letter_id, lambda stored: None if stored["state"] == "discarded" else _with(stored, told)
        )
        if letter is None:
            raise NotFound
        return letter

    async def _replay(self, letters: Iterable[Document], login: str) -> int:
        due = [letter for letter in letters if letter["state"] != "replayed"]
        count = 0
        for start in range(0, len(due), _BATCH):
            found = [(letter, await self._record(letter)) for letter in due[start : start + _BATCH]]
            await self._bus.publish_records([record for _, record in found if record is not None])
            for letter, record in found:
                if record is not None:
                    await self._replayed(letter, login)
                    count += 1
        return count

    async def _record(self, letter: Document) -> Record | None:
        """The record as it was, marked for the group that failed; none where nobody has it."""
        parked = MessageParked.model_validate({**letter, "id": letter["_id"]})
        if parked.lost or parked.topic not in _READ:
            return None
        record = parked.record() if parked.complete else await read_again(self._bus, parked)
        return None if record is None else _marked(record, parked)

    async def _replayed(self, letter: Document, login: str) -> None:
        """Unless it has failed again meanwhile: then it is open, and that is right."""
        told, attempts = self._told("replayed", login), letter["attempts"]
        await self._repository.amend(
            str(letter["_id"]),
            lambda stored: (
                None
                if stored["state"] == "replayed"
                else _with(stored, told, keep_state=stored["attempts"] != attempts)
            ),
        )

    def _told(self, state: str, login: str, reason: str | None = None) -> Document:
        return {"state": state, "at": iso(self._clock.now()), "by": login, "reason": reason}


def _with(stored: Document, told: Document, *, keep_state: bool = False) -> Document:
    state = stored["state"] if keep_state else told["state"]
    return {**stored, "state": state, "history": [*stored["history"], told]}


def _mark(letter: MessageParked) -> str:
    return dict(letter.record().headers).get(REPLAY_OF, b"").decode(errors="replace")


def _again(stored: Document, letter: MessageParked) -> Document | None:
    """The letter after it failed once more; none where this failure was counted already."""
    if letter.id in stored["failures"]:
        return None
    failed = _document(letter)
    return {
        **stored,
        **{name: failed[name] for name in _OF_THE_LAST_FAILURE},
        "attempts": stored["attempts"] + 1,
        "failures": [*stored["failures"], letter.id][-_REMEMBERED:],
    }


def _document(letter: MessageParked) -> Document:
    return {
        "_id": letter.id,
        **letter.model_dump(mode="json", exclude={"id", "parked_at"}),
        "parked_at": iso(letter.parked_at),
        "state": "open",
        "attempts": 1,
        "failures": [letter.id],
        "history": [],
    }


def _marked(record: Record, letter: MessageParked) -> Record:
    headers = [header for header in record.headers if header[0] not in (REPLAY_OF, ONLY_GROUP)]
    marks = [(REPLAY_OF, letter.id.encode()), (ONLY_GROUP, letter.group.encode())]
    return Record(topic=record.topic, key=record.key, value=record.value, headers=[*headers, *marks])


def _why_not(letter: Document) -> str:
    if letter.get("lost"):
        return f"nothing is left to replay: {letter['reason']}"
    if letter["topic"] not in _READ:
        return f"nobody reads {letter['topic']}: the letter shows what could not be done; do it anew where it belongs"
    return (
        f"the record was too large for its dead letter, and {letter['position']} is not kept any more; it cannot be"
        " replayed"
    )
