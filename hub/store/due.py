"""Timers that live in the document they are about: whoever swaps one out, together with what it owes, has fired it.

A document holds its timers by name in `timers`, and the earliest in `due_at`, which is indexed. So a timer fires
once, whatever copies look; it survives a restart, moves when the document is amended, and goes with the document.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from hub.bus.deadletters import park
from hub.contracts.base import Record
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import TransientError
from hub.kit.log import Log
from hub.kit.loop import Loop
from hub.kit.seams import seam
from hub.store.base import Document, Index, Page, Range
from hub.store.told import Owing, Told

log = Log(__name__)
DUE = Index("due_at", sparse=True)
"""A collection of documents that have timers declares it."""
LOOK = timedelta(seconds=0.5)
"""Pause between two looks for what is due."""
_AT_ONCE = 100
_PAGES = 50
"""Looked through in one go."""
_GROUP = "timers"
"""Of dead letters whose timer failed for good."""

Fire = Callable[[Document, datetime], Document | Owing]
"""The document after its timer fired, without regard to the timer itself, which is taken out. The facts of its
collection say what is told, with what it is owing beside. Pure."""
Fail = Callable[[Document, Exception], Document]
"""The document after its timer failed for good, without regard to the timer itself: what a person shall see. Pure."""
First = Callable[[Document], Awaitable[None]]
"""Done before a timer fires, with the document as it was read: what others have to know. It may come twice."""


@dataclass(frozen=True, slots=True)
class Timer:
    """What waits for its time."""

    name: str
    at: datetime
    document: Document


def with_timer(document: Document, name: str, at: datetime) -> Document:
    """The document with a timer set, or moved."""
    return _indexed(document, {**(document.get("timers") or {}), name: iso(at)})


def without_timer(document: Document, name: str) -> Document:
    """The document as one in which this timer never fires; the same one where it had none."""
    timers: dict[str, str] = document.get("timers") or {}
    if name not in timers:
        return document
    return _indexed(document, {other: at for other, at in timers.items() if other != name})


def _indexed(document: Document, timers: Mapping[str, str]) -> Document:
    bare = {name: value for name, value in document.items() if name not in ("timers", "due_at")}
    return {**bare, "timers": dict(timers), "due_at": min(timers.values())} if timers else bare


class Due:
    """Fires the timers of one collection; every copy of a service may look, one of them wins for each timer."""

    def __init__(
        self,
        told: Told,
        fires: Mapping[str, Fire],
        clock: Clock,
        *,
        held: Callable[[], bool] = lambda: False,
        first: First | None = None,
        fails: Mapping[str, Fail] | None = None,
    ) -> None:
        """`fires` has what to do by the name of the timer, `fails` what becomes of the document where that fails for
        good (none: it stays as it is); nothing fires while `held`.
        """
        self._told = told
        self._fires = fires
        self._clock = clock
        self._held = held
        self._first = first
        self._fails = fails or {}
        self._loop = Loop("due", self.look, every=LOOK)

    async def start(self) -> None:
        await self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()

    async def look(self) -> int:
        """Fires what is due; how many timers this copy fired. One that fails for good leaves the others alone."""
        if self._held():
            return 0
        now = self._clock.now()
        fired, after = 0, None
        for _ in range(_PAGES):
            page = await self.waiting(until=now, limit=_AT_ONCE, after=after)
            # A timer that this version does not know is a newer copy's.
            due = [timer for timer in _timers(page) if timer.at < now and timer.name in self._fires]
            fired += sum([await self._settle(timer, now) for timer in due])
            if (after := page.next) is None:
                break
        return fired

    async def waiting(self, *, until: datetime | None = None, limit: int = 100, after: str | None = None) -> Page:
        """Documents that have a timer, the next one first."""
        bounds = Range(since="", until=iso(until) if until else None)
        return await self._told.find({"due_at": bounds}, order="due_at", limit=limit, after=after)

    async def _settle(self, timer: Timer, now: datetime) -> bool:
        try:
            return await self._fire(timer, now)
        except TransientError:
            raise
        except Exception as exc:
            # It would fail again at every look, for ever: it is taken out, and a person sees it.
            log.error("timer.failed", timer=timer.name, document=timer.document["_id"], exc=exc)
            await self._give_up(timer, exc)
            return False

    async def _give_up(self, timer: Timer, error: Exception) -> None:
        try:
            await self._park(timer, error)
        except TransientError as exc:
            log.warning("timer.unparked", document=timer.document["_id"], error=str(exc))
            return  # It stays, and the next look parks it; what is behind it need not wait for the bus.
        fail = self._fails.get(timer.name)
        try:
            await self._take_out(timer, (lambda document: fail(document, error)) if fail else None)
        except TransientError:
            raise
        except Exception as exc:
            log.error("timer.unshown", document=timer.document["_id"], exc=exc)
            await self._take_out(timer, None)

    async def _park(self, timer: Timer, error: Exception) -> None:
        """The dead letter has the document as it was; the same one however often it is parked."""
        value = orjson.dumps({"timer": timer.name, "document": timer.document})
        record = Record(topic=_GROUP, key=str(timer.document["_id"]).encode(), value=value)
        await park(self._told.bus, record, group=_GROUP, error=error, source=self._told.source, clock=self._clock)

    async def _take_out(self, timer: Timer, fail: Callable[[Document], Document] | None) -> None:
        def change(document: Document) -> Document | None:
            if (document.get("timers") or {}).get(timer.name) != iso(timer.at):
                return None  # moved, or taken out
            return without_timer(fail(document) if fail else document, timer.name)

        after = await self._told.amend(timer.document["_id"], change)
        if after:
            await self._told.tell(after)

    async def _fire(self, timer: Timer, now: datetime) -> bool:
        won: list[bool] = []

        def change(document: Document) -> Owing | None:
            won.clear()
            if (document.get("timers") or {}).get(timer.name) != iso(timer.at):
                return None  # fired by another copy, moved or taken out
            won.append(True)
            fired = self._fires[timer.name](document, now)
            owing = fired if isinstance(fired, Owing) else Owing(fired)
            return Owing(without_timer(owing.document, timer.name), owing.events)

        if self._first:
            await self._first(timer.document)
        after = await self._told.amend(timer.document["_id"], change)
        if after is None or not won:
            return False
        seam("due.after_swap")
        await self._told.tell(after)
        log.info("timer.fired", timer=timer.name, document=after["_id"])
        return True


def _timers(page: Page) -> list[Timer]:
    found = [
        Timer(name, from_iso(at), document)
        for document in page.items
        for name, at in (document.get("timers") or {}).items()
    ]
    return sorted(found, key=lambda timer: timer.at)
