"""A piece of a text with the hits marked: pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from services.interactions.search.asking import Wanted
from services.interactions.search.words import WORD, backwards, folded, numbers

LENGTH = 220
"""Characters of a piece, about."""
_BEFORE = 50
_SEARCHED = 50_000
_MOST_HITS = 1_000
"""In one text that are looked at."""
Stems = Callable[[str], Sequence[str]]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the text."""

    text: str
    hit: bool = False


class Marker:
    """Knows what was looked for."""

    def __init__(self, wanted: Wanted, stems: Stems) -> None:
        self._stems = stems
        looked_for = [*wanted.words, *(word for phrase in wanted.phrases for word in phrase)]
        looked_for += [word for _, word in wanted.people]
        self._words = {stem for word in looked_for for stem in stems(word)}
        self._beginnings = tuple({wanted.beginning, *stems(wanted.beginning)} - {""})
        self._tails = tuple(wanted.tails)
        self._without = {stem for word in wanted.without for stem in stems(word)}

    def fragment(self, text: str) -> list[Piece]:
        """Where most of it stands close together; the beginning of the text where nothing does."""
        text = text[:_SEARCHED]
        hits = sorted(set(islice(self._hits(text), _MOST_HITS)))
        start = _best(hits)
        start = max(0, start - _BEFORE) if hits else 0
        while 0 < start < len(text) and not text[start - 1].isspace():
            start -= 1
        return _pieces(text, start, min(len(text), start + LENGTH), hits)

    def fits(self, text: str) -> bool:
        """Whether all words that were asked for stand in this text, and none that must not."""
        words = {folded(found[0]) for found in WORD.finditer(text[:_SEARCHED])}
        there = words | {stem for word in words for stem in self._stems(word)}
        begun = not self._beginnings or any(word.startswith(self._beginnings) for word in there)
        return begun and self._words <= there and not self._without & there

    def _hits(self, text: str) -> Iterator[Span]:
        for found in WORD.finditer(text):
            if self._is_hit(folded(found[0])):
                yield found.span()
        if self._tails:
            for start, end in numbers(text):
                if backwards(text[start:end]).startswith(self._tails):
                    yield start, end

    def _is_hit(self, word: str) -> bool:
        stems = self._stems(word)
        begins = bool(self._beginnings) and (
            word.startswith(self._beginnings) or any(stem in self._beginnings for stem in stems)
        )
        return begins or any(stem in self._words for stem in stems)


def _best(hits: Sequence[Span]) -> int:
    """The first hit of the stretch that has most of them. Linear: both ends of the stretch only move on."""
    best, most, behind = 0, 0, 0
    for number, (start, _) in enumerate(hits):
        while behind < len(hits) and hits[behind][1] <= start + LENGTH - _BEFORE:
            behind += 1
        if behind - number > most:
            best, most = start, behind - number
    return best


def _pieces(text: str, start: int, end: int, hits: Sequence[Span]) -> list[Piece]:
    pieces = [Piece("…")] if start else []
    at = start
    for first, last in hits:
        if first < at or last > end:
            continue
        pieces += [Piece(text[at:first])] if first > at else []
        pieces.append(Piece(text[first:last], hit=True))
        at = last
    pieces += [Piece(text[at:end] + ("…" if end < len(text) else ""))] if at < end else []
    return pieces
