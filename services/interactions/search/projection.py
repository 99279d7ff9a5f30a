"""Keeps the index up to date: a reader of its own, whose position is written together with what it has read.

The index is one for each copy of the service, and can always be made anew from the bus: without a usable one it
begins there at the start, and says how far it is behind.
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
from services.interactions.search.entries import Entry
from services.interactions.search.gathering import TOPICS, Changed, Gathering, changed
from services.interactions.search.reading import Texts

log = Log(__name__)
_EVERY = timedelta(milliseconds=700)
_AT_ONCE = 1_000
"""Records taken over in one step."""
_NO_MORE = 0.02
"""Seconds after which nothing more is there."""


class Written(Protocol):
    """What the entries are written to; see `services.interactions.adapters.index.Index`."""

    def positions(self) -> dict[Position, int]: ...

    def notes(self, ids: Iterable[str]) -> dict[str, str]: ...

    def add(self, entries: Iterable[Entry]) -> None: ...

    def commit(self, positions: Mapping[Position, int]) -> None: ...

    def rollback(self) -> None: ...

    def unread(self) -> set[str]: ...

    def close(self) -> None: ...

    @property
    def broken(self) -> bool:
        """Its files are damaged."""
        ...

    def make_anew(self) -> None: ...


class Projection:
    """One index, and how far it is."""

    def __init__(self, index: Written, bus: Bus, gathering: Gathering, texts: Texts) -> None:
        self._index = index
        self._bus = bus
        self._gathering = gathering
        self._texts = texts
        self._reader: Reader | None = None
        self._loop = Loop("search", self.step, every=_EVERY)

    @property
    def unread_files(self) -> int:
        return self._texts.unread

    async def start(self) -> None:
        with suppress(StoreUnavailable):
            self._texts.give_back(await asyncio.to_thread(self._index.unread))
        await self._texts.start()
        await self._loop.start()

    async def stop(self) -> None:
        await self._loop.stop()
        await self._texts.stop()
        if self._reader:
            await self._reader.close()
            self._reader = None
        await asyncio.to_thread(self._index.close)

    async def step(self) -> int:
        """Takes over what came, at most so much; how many records it was."""
        if self._index.broken:
            await self._anew()
        records = await self._come()
        files = self._texts.read_since()
        if records or files:
            await self._take(changed(records), files)
        if len(records) >= _AT_ONCE:
            self._loop.wake()
        return len(records)

    async def _anew(self) -> None:
        """Begins at the start of the topics."""
        if self._reader:
            await self._reader.close()
            self._reader = None
        await asyncio.to_thread(self._index.make_anew)

    async def behind(self) -> int:
        """Records that came and are not found yet."""
        here = await self._at()
        ends = await self._places(dict.fromkeys(here or await self._places(), END))
        return sum(max(end - here.get(place, 0), 0) for place, end in ends.items())

    async def _at(self) -> dict[Position, int]:
        return self._reader.positions() if self._reader else await asyncio.to_thread(self._index.positions)

    async def _places(self, at: Mapping[Position, int] | None = None) -> dict[Position, int]:
        """Of all partitions where these begin."""
        reader = await self._bus.reader(TOPICS, at=at)
        try:
            return reader.positions()
        finally:
            await reader.close()

    async def _come(self) -> list[Record]:
        if self._reader is None:
            self._reader = await self._bus.reader(TOPICS, at=await asyncio.to_thread(self._index.positions))
        return await self._reader.read(max_records=_AT_ONCE, wait=_NO_MORE)

    async def _take(self, of: Changed, files: set[str]) -> None:
        """All of it or nothing; what fails is read again."""
        assert self._reader
        of.interactions |= files
        try:
            async for entries in self._gathering.entries(of):
                if entries:
                    await asyncio.to_thread(self._index.add, entries)
            await asyncio.to_thread(partial(self._index.commit, self._reader.positions()))
        except BaseException:
            self._texts.give_back(files)
            await asyncio.to_thread(self._index.rollback)
            await self._reader.close()
            self._reader = None
            raise
