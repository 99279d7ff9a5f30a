"""Keeps the index up to date: a reader of its own, whose position is written together with what it has read.

The index is one for each copy of the service, and can always be made anew from the bus: without a usable one it
begins there at the start, and says how far it is behind. Asked for, or by another version, a new one is made beside
the one that is asked, and takes its place once it has as much.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Protocol

from hub.bus.base import END, Bus, Position, Reader
from hub.contracts.base import Record
from hub.kit.errors import StoreUnavailable
from hub.kit.log import Log
from hub.kit.loop import Loop
from hub.store.amend import upsert
from hub.store.base import CollectionSpec, Document, Store
from services.interactions.search.entries import Entry
from services.interactions.search.gathering import TOPICS, Changed, Gathering, changed
from services.interactions.search.reading import Texts

log = Log(__name__)
_EVERY = timedelta(milliseconds=700)
_AT_ONCE = 1_000
"""Records taken over in one step."""
_NO_MORE = 0.02
"""Seconds after which nothing more is there."""
PROJECTIONS = CollectionSpec("projections")
_SEARCH = "search"


class Written(Protocol):
    """What the entries are written to; see `services.interactions.adapters.index.Index`."""

    def positions(self) -> dict[Position, int]: ...

    def notes(self, ids: Iterable[str]) -> dict[str, str]: ...

    def add(self, entries: Iterable[Entry]) -> None: ...

    def commit(self, positions: Mapping[Position, int]) -> None: ...

    def rollback(self) -> None: ...

    def unread(self) -> set[str]: ...

    @property
    def broken(self) -> bool:
        """Its files are damaged."""
        ...

    def make_anew(self) -> None: ...


class Indexes(Protocol):
    """The one that is asked, and the one that is made anew; see `services.interactions.adapters.generations`."""

    @property
    def asked(self) -> Written: ...

    @property
    def rising(self) -> Written | None: ...

    def seek(self, number: int) -> None: ...

    def swap(self) -> None: ...

    def close(self) -> None: ...


class Anew:
    """How often the search was asked to be made anew: all copies of the service make theirs so."""

    def __init__(self, store: Store) -> None:
        self._kept = store.collection(PROJECTIONS)

    async def number(self) -> int:
        found = await self._kept.get(_SEARCH)
        return found["number"] if found else 0

    async def ask(self, after: int) -> None:
        """Once more than `after`; whoever asks beside somebody else asks for the same."""

        def change(known: Document) -> Document:
            return {**known, "number": after + 1} if known["number"] == after else known

        await upsert(self._kept, {"_id": _SEARCH, "number": after + 1}, change)


class Following:
    """One index, and how far it is."""

    def __init__(self, index: Written, bus: Bus, gathering: Gathering) -> None:
        self.index = index
        self._bus = bus
        self._gathering = gathering
        self._reader: Reader | None = None

    async def step(self, files: set[str]) -> int:
        """Takes over what came, at most so much, and these messages; how many records it was."""
        if self.index.broken:
            await self.close()
            await asyncio.to_thread(self.index.make_anew)
        records = await self._come()
        if records or files:
            await self._take(changed(records), files)
        return len(records)

    async def behind(self) -> int:
        """Records that came and are not found yet."""
        here = await self._at()
        ends = await self._places(dict.fromkeys(here or await self._places(), END))
        return sum(max(end - here.get(place, 0), 0) for place, end in ends.items())

    async def close(self) -> None:
        reader, self._reader = self._reader, None
        if reader:
            await reader.close()

    async def _at(self) -> dict[Position, int]:
        return self._reader.positions() if self._reader else await asyncio.to_thread(self.index.positions)

    async def _places(self, at: Mapping[Position, int] | None = None) -> dict[Position, int]:
        """Of all partitions where these begin."""
        reader = await self._bus.reader(TOPICS, at=at)
        try:
            return reader.positions()
        finally:
            await reader.close()

    async def _come(self) -> list[Record]:
        if self._reader is None:
            self._reader = await self._bus.reader(TOPICS, at=await asyncio.to_thread(self.index.positions))
        return await self._reader.read(max_records=_AT_ONCE, wait=_NO_MORE)

    async def _take(self, of: Changed, files: set[str]) -> None:
        """All of it or nothing; what fails is read again."""
        assert self._reader
        of.interactions |= files
        try:
            async for entries in self._gathering.entries(of, self.index.notes):
                if entries:
                    await asyncio.to_thread(self.index.add, entries)
            await asyncio.to_thread(partial(self.index.commit, self._reader.positions()))
        except BaseException:
            await asyncio.to_thread(self.index.rollback)
            await self.close()
            raise


class Projection:
    """The index that is asked, and while one is made anew that one, too."""

    def __init__(self, indexes: Indexes, bus: Bus, gathering: Gathering, texts: Texts, anew: Anew) -> None:
        self._indexes = indexes
        self._texts = texts
        self._anew = anew
        self._follow = partial(Following, bus=bus, gathering=gathering)
        self._asked: Following | None = None
        self._rising: Following | None = None
        self._seeking = asyncio.Lock()
        self._sought: int | None = None
        self._loop = Loop("search", self.step, every=_EVERY)

    @property
    def unread_files(self) -> int:
        return self._texts.unread

    async def start(self) -> None:
        with suppress(StoreUnavailable):
            await self._seek()
        for each in filter(None, (self._indexes.asked, self._indexes.rising)):
            with suppress(StoreUnavailable):
                self._texts.give_back(await asyncio.to_thread(each.unread))
        await self._texts.start()
        await self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()
        await self._texts.stop()
        for each in filter(None, (self._asked, self._rising)):
            await each.close()
        await asyncio.to_thread(self._indexes.close)

    async def step(self) -> int:
        """Takes over what came, at most so much; how many records it was."""
        await self._seek()
        asked, rising = self._served(), self._rising
        files = self._texts.read_since()
        try:
            taken = await asked.step(files)
            also = await rising.step(files) if rising else 0
        except BaseException:
            self._texts.give_back(files)
            raise
        if rising and await rising.behind() <= await asked.behind():
            await self._swap(asked, rising)
        if max(taken, also) >= _AT_ONCE:
            self._loop.wake()
        return taken

    async def rebuild(self) -> None:
        """Makes it anew, in every copy; while that goes on here it is not begun once more."""
        if self._rising is None:
            await self._anew.ask(await self._anew.number())
            await self._seek()
            self._loop.wake()

    async def behind(self) -> int:
        """Records that came and are not found yet."""
        return await self._served().behind()

    async def rising(self) -> int | None:
        """How many the one that is made anew has still to take over; none is made."""
        return await self._rising.behind() if self._rising else None

    def _served(self) -> Following:
        if self._asked is None:
            self._asked = self._follow(self._indexes.asked)
        return self._asked

    async def _seek(self) -> None:
        """What shall be made anew is begun, once; what was begun, and is not wanted any more, is left."""
        async with self._seeking:
            number = await self._anew.number()
            if number == self._sought:
                return
            await asyncio.to_thread(self._indexes.seek, number)
            self._sought = number
            index, before = self._indexes.rising, self._rising
            if before and before.index is index:
                return
            self._rising = self._follow(index) if index else None
        if before:
            await before.close()

    async def _swap(self, before: Following, after: Following) -> None:
        await asyncio.to_thread(self._indexes.swap)
        self._asked, self._rising = after, None
        await before.close()
        log.info("search.made_anew", reason="it was asked for, or another version made it")
