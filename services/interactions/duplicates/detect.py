"""Finds the cards that are of one client among many."""

import random
from collections.abc import Iterator, Sequence

from services.interactions.duplicates.blocking import candidates
from services.interactions.duplicates.census import Census
from services.interactions.duplicates.comparing import Comparer, Found
from services.interactions.duplicates.deciding import Groups, Pair, affordable, rules_of, unambiguous
from services.interactions.duplicates.levels import CERTAIN, POSSIBLE
from services.interactions.duplicates.records import Record
from services.interactions.duplicates.samples import Sample
from services.interactions.duplicates.vetoes import contradicts, names_differ, silent, veto
from services.interactions.duplicates.weights import Lesson, Weights

_DRAWN, _LEARNT = 20_000, 20_000
_LIKELY = 1e-4
"""Pairs that are learnt from are at least so probable, or would be if nothing forbade them."""
_ERRORS, _ALLOWANCE = 0.001, 200
"""The share of pairs told that may be expected to be wrong, and how many sure ones a short list is given."""
_SLIPS_OF_BOTH = 4
_FEW = 5_000
_MARGIN = 50.0
"""How many times surer one of two has to be."""


class Judge:
    """Compares a few cards with the experience of many: of a sample, which stands for a base of `size` cards."""

    def __init__(self, sample: Sequence[Record], size: int) -> None:
        self._comparer = Comparer(Census(sample))
        self._weights = Weights(size)

    def verdict(self, a: Record, b: Record) -> tuple[float, tuple[str, ...]]:
        """How probable it is that both are of one client, 0 where something forbids it; and what agrees."""
        if a.kind != b.kind:
            return 0.0, ()
        found = self._comparer.compare(a, b)
        if veto(a, b) or contradicts(found):
            return 0.0, rules_of(found)
        return self._weights.probability(found), rules_of(found)


class Finder:
    """Compares the cards of one table or base."""

    def __init__(self, records: Sequence[Record], *, seed: int = 1) -> None:
        self._records = records
        self._census = Census(records)
        self._comparer = Comparer(self._census)
        self._weights = Weights(len(records))
        self._random = random.Random(seed)
        self._stride = 1 + len(records) // _FEW
        """Of the pairs that are forbidden every so many are compared: only to learn what relatives share."""

    def pairs(self, at_least: float = CERTAIN) -> list[Pair]:
        """The duplicates, the surest first; those below `CERTAIN` are for a person to look at."""
        self._draw()
        scored = self._scored(min(at_least, POSSIBLE))
        sure = affordable([pair for pair in scored if pair.score >= CERTAIN], _ERRORS, _ALLOWANCE)
        certain = list(self._grouped(list(unambiguous(sure, self._conflict, _MARGIN))))
        known = {(pair.a, pair.b) for pair in certain}
        rest = [pair for pair in scored if at_least <= pair.score < CERTAIN and (pair.a, pair.b) not in known]
        return sorted((*certain, *rest), key=lambda pair: (-pair.score, pair.a, pair.b))

    def _draw(self) -> None:
        size = len(self._records)
        if size < 2:
            return
        drawn = (self._random.sample(range(size), 2) for _ in range(_DRAWN))
        self._weights.observe_chance([self._compare(a, b) for a, b in drawn if self._alike(a, b)])

    def _alike(self, a: int, b: int) -> bool:
        return self._records[a].kind == self._records[b].kind

    def _compare(self, a: int, b: int) -> list[Found]:
        return self._comparer.compare(self._records[a], self._records[b])

    def _apart(self, a: int, b: int) -> bool:
        """Whether two cards are of different clients, even if each has slips of its own."""
        return bool(veto(self._records[a], self._records[b], slips=_SLIPS_OF_BOTH)) or names_differ(
            self._compare(a, b)
        )

    def _conflict(self, a: int, b: int, third: int) -> bool:
        reason = veto(self._records[a], self._records[b])
        if reason and silent(reason, self._records[third]):
            return True
        return names_differ(self._compare(a, b))

    def _scored(self, at_least: float) -> list[Pair]:
        """All pairs that are probable enough, after the weights were fitted to all that share something."""
        kept: dict[tuple[int, int], list[Found]] = {}
        open_, closed = (Sample[Lesson](_LEARNT, self._random) for _ in range(2))
        for n, (a, b, forbidden) in enumerate(self._met()):
            if forbidden and n % self._stride:
                continue
            found = self._compare(a, b)
            probable, related = self._weights.verdict(found)
            if probable < _LIKELY and related < POSSIBLE:
                continue
            (closed if forbidden else open_).add((found, forbidden))
            if not forbidden and probable >= _LIKELY and not contradicts(found):
                kept[a, b] = found
        self._weights.learn([(open_.items, open_.weight), (closed.items, closed.weight * self._stride)])
        scores = ((key, self._weights.probability(found), found) for key, found in kept.items())
        return [Pair(a, b, score, rules_of(found)) for (a, b), score, found in scores if score >= at_least]

    def _met(self) -> Iterator[tuple[int, int, bool]]:
        """The pairs to compare, and whether something forbids them."""
        records = self._records
        for a, b in candidates(records):
            if self._alike(a, b):
                one, other = records[a], records[b]
                yield a, b, bool(veto(one, other)) or self._comparer.are_others(one, other)

    def _grouped(self, pairs: Sequence[Pair]) -> Iterator[Pair]:
        """Each two of a group, also those that only a third card leads together."""
        groups = Groups(self._apart)
        known: dict[tuple[int, int], Pair] = {}
        for pair in sorted(pairs, key=lambda one: -one.score):
            if groups.join(pair.a, pair.b, 1 - pair.score):
                known[pair.a, pair.b] = pair
        for members in groups.all():
            for n, a in enumerate(members):
                for b in members[n + 1 :]:
                    yield known.get((a, b)) or self._through(a, b, members, known)

    def _through(self, a: int, b: int, members: Sequence[int], known: dict[tuple[int, int], Pair]) -> Pair:
        """As sure as the weaker one of two steps by way of a third card."""
        steps = (
            [known.get((min(c, a), max(c, a))) for c in members],
            [known.get((min(c, b), max(c, b))) for c in members],
        )
        both = [min(one.score, other.score) for one, other in zip(*steps, strict=True) if one and other]
        return Pair(a, b, max(both, default=CERTAIN), ("group", *rules_of(self._compare(a, b))))
