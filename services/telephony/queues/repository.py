"""Queues of lines, the visits of callers to flows, and whose phone is spoken for, in the store."""

from collections.abc import Iterable
from datetime import datetime

from hub.kit.clock import iso
from hub.store.amend import Change, amend
from hub.store.base import CollectionSpec, Document, Index, Range, Store
from services.telephony.queues.rules import empty

QUEUES = CollectionSpec("call_queues")
VISITS = CollectionSpec("visits", (Index("at"),))
SEATS = CollectionSpec("seats")
_AT_ONCE = 500


class QueueRepository:
    """One document for each line that has a queue, one for each call in a flow that left something, one for each
    member who was rung.
    """

    def __init__(self, store: Store) -> None:
        self._queues = store.collection(QUEUES)
        self._visits = store.collection(VISITS)
        self._seats = store.collection(SEATS)

    async def queue(self, line: str) -> Document:
        return await self._queues.get(line) or {**empty(line), "_v": 0}

    async def change(self, line: str, change: Change) -> Document:
        """The queue as it is then."""
        found = await amend(self._queues, line, change)
        if found is None:
            await self._queues.insert(empty(line))
            found = await amend(self._queues, line, change)
        assert found is not None, "a queue that was made is never removed"
        return found

    async def visits(self, ids: Iterable[str]) -> dict[str, Document]:
        return await self._visits.get_many(ids)

    async def visit(self, call: str, line: str, now: datetime) -> Document:
        """The visit of a call, begun where there is none yet."""
        fresh: Document = {"_id": call, "line": line, "at": iso(now), "name": "", "position": None, "joined_at": ""}
        fresh |= {"left": "", "left_at": "", "settled": "", "message": ""}
        if await self._visits.insert(fresh):
            return {**fresh, "_v": 1}
        return await self._visits.get(call) or fresh

    async def note(self, call: str, change: Change) -> Document | None:
        return await amend(self._visits, call, change)

    async def seats(self, logins: Iterable[str]) -> dict[str, Document]:
        return await self._seats.get_many(logins)

    async def seat(self, login: str, call: str, *, now: datetime, until: datetime) -> bool:
        """Whether his phone rings for this call alone, until then."""
        held = await self._seats.get(login)
        taken: Document = {"_id": login, "call": call, "until": iso(until)}
        if held is None:
            return await self._seats.insert(taken)
        if held["call"] != call and held["until"] > iso(now):
            return False
        return await self._seats.swap({**taken, "_v": held["_v"]})

    async def unseat(self, login: str, call: str, until: datetime) -> None:
        """His phone does not ring for it any more; until then it rings for nobody."""

        def free(seat: Document) -> Document | None:
            return {**seat, "call": "", "until": iso(until)} if seat["call"] == call else None

        await amend(self._seats, login, free)

    async def forget(self, until: datetime) -> None:
        """Visits that began before that."""
        page = await self._visits.find({"at": Range(since="", until=iso(until))}, order="at", limit=_AT_ONCE)
        await self._visits.delete_many([one["_id"] for one in page.items])
