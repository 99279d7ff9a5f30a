"""What each agreement is worth, estimated from the pairs at hand by expectation and maximisation."""

from collections.abc import Sequence
from math import log2

from services.interactions.duplicates.comparing import Found
from services.interactions.duplicates.levels import GENDER, GIVEN, LEVELS, NAME, ORDER, PATRONYMIC, PLACE, SURNAME

_PRIOR = 200.0
"""Pairs that what we believed before weighs as much as."""
_ROUNDS = 8
_RELATED = 1.5
"""Pairs of relatives for each pair of cards of one client, before anything is known."""
_NAMESAKES = 0.5
"""Pairs of namesakes that chance does not explain, likewise: names run in families and villages."""
_OF_NAMES = frozenset((GIVEN, SURNAME, PATRONYMIC, ORDER, GENDER, NAME, PLACE))
"""What namesakes agree in."""
_SHARE = 0.2
"""Clients with a second card."""
_FEWEST = 2_000
"""Cards that even a short table is taken for: where few are, chance does not get rarer."""

_MOST = 300.0
"""Odds are kept within what a float holds."""

Tables = list[list[float]]
Lesson = tuple[Sequence[Found], bool]
"""What was found of a pair, and whether both are certainly of different clients."""


class Weights:
    """Tells how probable it is that two cards are of one client."""

    def __init__(self, size: int) -> None:
        self._same = [[level.same for level in field] for field in LEVELS]
        self._related = [[level.related for level in field] for field in LEVELS]
        self._chance = [[level.chance for level in field] for field in LEVELS]
        self._by_chance = log2(max(size, _FEWEST) / _SHARE / 2)
        self._relatives = log2(_RELATED)
        self._namesakes = log2(_NAMESAKES)
        self._tabulate()

    def _tabulate(self) -> None:
        """What a level says for chance and for relatives, against one client."""
        self._same_log = [[log2(share) for share in field] for field in self._same]
        self._against = [_against(*field) for field in zip(self._chance, self._related, self._same_log, strict=True)]

    def probability(self, found: Sequence[Found]) -> float:
        """That both cards are of one client, from 0 to 1."""
        return self.verdict(found)[0]

    def verdict(self, found: Sequence[Found]) -> tuple[float, float]:
        """How probable it is that both are of one client; of relatives, or people who share a home, phone or mail."""
        chance, related, namesakes = self._odds(found)
        part = 1 / (1 + chance + related + namesakes)
        return part, related * part

    def _odds(self, found: Sequence[Found]) -> tuple[float, float, float]:
        """The odds that it is chance, that they are relatives, and namesakes, against one client."""
        chance, related, namesakes = self._by_chance, self._relatives, self._namesakes
        against = self._against
        for field, level, rare in found:
            by_chance, kin = against[field][level]
            if rare is not None:
                by_chance = rare - self._same_log[field][level]
            chance += by_chance
            related += kin
            if field not in _OF_NAMES or (field == PLACE and by_chance > 0):
                namesakes += by_chance
        return 2.0 ** min(chance, _MOST), 2.0 ** min(related, _MOST), 2.0 ** min(namesakes, _MOST)

    def observe_chance(self, pairs: Sequence[Sequence[Found]]) -> None:
        """Takes over how often the levels come about between cards that were drawn at random."""
        counts = [[level.chance * _PRIOR for level in field] for field in LEVELS]
        for found in pairs:
            for field, level, _ in found:
                counts[field][level] += 1
        self._chance = [_shares(field) for field in counts]
        self._tabulate()

    def learn(self, samples: Sequence[tuple[Sequence[Lesson], float]]) -> None:
        """Fits the shares of levels, of relatives and of namesakes to samples of pairs that something speaks for,
        each with what one of its pairs stands for.
        """
        for _ in range(_ROUNDS):
            same = [[level.same * _PRIOR for level in field] for field in LEVELS]
            related = [[level.related * _PRIOR for level in field] for field in LEVELS]
            sums = [_PRIOR, _RELATED * _PRIOR, _NAMESAKES * _PRIOR]
            for lessons, weight in samples:
                self._expect(lessons, weight, same, related, sums)
            self._same = [_shares(field) for field in same]
            self._related = [_shares(field) for field in related]
            self._relatives, self._namesakes = (log2(kind / sums[0]) for kind in sums[1:])
            self._tabulate()

    def _expect(
        self, lessons: Sequence[Lesson], weight: float, same: Tables, related: Tables, sums: list[float]
    ) -> None:
        for found, differs in lessons:
            chance, kin, named = self._odds(found)
            one = 0.0 if differs else 1.0
            part = weight / (one + chance + kin + named)
            is_same, is_related = one * part, kin * part
            sums[0] += is_same
            sums[1] += is_related
            sums[2] += named * part
            for field, level, _ in found:
                same[field][level] += is_same
                related[field][level] += is_related


def _against(chance: Sequence[float], related: Sequence[float], same: Sequence[float]) -> list[tuple[float, float]]:
    """A slip in what relatives share tells one client from them no better than if it agreed to the letter."""
    exact = log2(related[0]) - same[0]
    return [
        (log2(by_chance) - one, max(log2(kin) - one, exact))
        for by_chance, kin, one in zip(chance, related, same, strict=True)
    ]


def _shares(counts: Sequence[float]) -> list[float]:
    total = sum(counts)
    return [count / total for count in counts]
