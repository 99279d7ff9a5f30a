"""The indexes of one copy of the service: the one that is asked, and one that is made anew beside it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from services.interactions.adapters.index import VERSION, Index
from services.interactions.search.service import Named


class Generation(NamedTuple):
    """What an index was made by, and how often it was asked to be made anew by then."""

    version: int
    number: int


@dataclass(frozen=True, slots=True)
class _Standing:
    generation: Generation
    index: Index


class Generations:
    """See `services.interactions.search.projection.Indexes`. Its functions block; call them in a thread.

    Asked is the newest that once had everything; before any had, the oldest. So a crash at any moment leaves one that
    can be asked, and what was begun beside it is gone on with.
    """

    def __init__(self, folder: Path, owner: str) -> None:
        """`owner` names the copy of the service, so that each has folders of its own."""
        self._folder = folder / "projections"
        self._owner = owner.rpartition("/")[2]
        self._asked: _Standing | None = None
        self._rising: _Standing | None = None

    @property
    def asked(self) -> Index:
        return self._standing(Generation(VERSION, 0)).index

    @property
    def rising(self) -> Index | None:
        return self._rising.index if self._rising else None

    def find(self, *args: Any, **kwargs: Any) -> list[Named]:
        return self.asked.find(*args, **kwargs)

    def stems(self, word: str) -> Sequence[str]:
        return self.asked.stems(word)

    def seek(self, number: int) -> None:
        """Begins this one beside the one that is asked, or goes on with it; what else was begun is given up."""
        wanted = Generation(VERSION, number)
        asked = self._standing(wanted).generation
        if wanted == (self._rising.generation if self._rising else asked):
            return
        self._rising = self._opened(wanted) if wanted != asked else None
        for other in self._found():
            if other not in (asked, wanted):
                self._index(other).discard()

    def swap(self) -> None:
        """What was made anew is asked from now on. A question that is being answered ends with the one before."""
        assert self._asked
        assert self._rising
        self._rising.index.mark_whole()
        before, self._asked, self._rising = self._asked, self._rising, None
        before.index.discard()

    def close(self) -> None:
        for standing in (self._asked, self._rising):
            if standing:
                standing.index.close()

    def _standing(self, otherwise: Generation) -> _Standing:
        if self._asked is None:
            self._asked = self._opened(self._newest() or otherwise)
        return self._asked

    def _newest(self) -> Generation | None:
        """What another version left serves as long as its files are of the same form; else it is taken away."""
        found = []
        for one in self._found():
            if one.version == VERSION or self._index(one).fits():
                found.append(one)
            else:
                self._index(one).discard()
        whole = [one for one in found if self._index(one).whole]
        return max(whole, default=min(found, default=None))

    def _found(self) -> list[Generation]:
        name = re.compile(rf"search-(\d+)(?:\.(\d+))?-{re.escape(self._owner)}")
        names = [name.fullmatch(path.name) for path in self._folder.glob("search-*")]
        return [Generation(int(one[1]), int(one[2] or 0)) for one in names if one]

    def _opened(self, generation: Generation) -> _Standing:
        return _Standing(generation, self._index(generation))

    def _index(self, generation: Generation) -> Index:
        number = f".{generation.number}" if generation.number else ""
        return Index(self._folder / f"search-{generation.version}{number}-{self._owner}")
