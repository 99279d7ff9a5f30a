"""Which pairs are told as duplicates: no group of cards may hold two that are certainly of different clients."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from services.interactions.duplicates.comparing import Found
from services.interactions.duplicates.levels import LEVELS, RULES


class Pair(NamedTuple):
    """Two cards by their places, how probable it is that they are of one client, and what agrees."""

    a: int
    b: int
    score: float
    rules: tuple[str, ...]


_DOUBT = 0.03
_LARGEST = 50
"""Cards of one client; what grows beyond is a value that everybody has."""


class Groups:
    """Cards that are taken for one client's, joined pair by pair, the most probable ones first."""

    def __init__(self, apart: Callable[[int, int], bool]) -> None:
        self._apart = apart
        self._members: dict[int, list[int]] = {}

    def join(self, a: int, b: int, doubt: float) -> bool:
        """Whether nobody of the one group contradicts anybody of the other; then they are one from now on. `doubt` is
        how probable it is that `a` and `b` are not of one client: each pair that comes about by it would be wrong.
        """
        ours, theirs = self.of(a), self.of(b)
        if ours is theirs:
            return True
        brought = len(ours) * len(theirs)
        if brought > 1 and doubt * brought > _DOUBT:
            return False
        if len(ours) + len(theirs) > _LARGEST or any(self._apart(one, other) for one in ours for other in theirs):
            return False
        ours += theirs
        for place in theirs:
            self._members[place] = ours
        self._members.setdefault(a, ours)
        return True

    def of(self, place: int) -> list[int]:
        return self._members.setdefault(place, [place])

    def all(self) -> Iterator[list[int]]:
        seen: set[int] = set()
        for place, members in self._members.items():
            if place not in seen:
                seen.update(members)
                if len(members) > 1:
                    yield sorted(members)


Conflict = Callable[[int, int, int], bool]
"""Whether two cards contradict each other in what the third one, given last, says nothing of."""


def unambiguous(pairs: Sequence[Pair], conflict: Conflict, margin: float) -> Iterator[Pair]:
    """Leaves out a pair of a card that may as well be somebody else's, unless that is `margin` times less probable:
    father and son of one name, and a third card that does not tell whose it is.
    """
    by_card: dict[int, list[Pair]] = {}
    for pair in pairs:
        by_card.setdefault(pair.a, []).append(pair)
        by_card.setdefault(pair.b, []).append(pair)
    for pair in pairs:
        if not any(_rivals(pair, card, by_card[card], conflict, margin) for card in (pair.a, pair.b)):
            yield pair


def _rivals(pair: Pair, card: int, others: Iterable[Pair], conflict: Conflict, margin: float) -> bool:
    mine = pair.b if pair.a == card else pair.a
    for other in others:
        theirs = other.b if other.a == card else other.a
        close = 1 - other.score < (1 - pair.score) * margin
        if theirs != mine and close and conflict(mine, theirs, card):
            return True
    return False


def affordable(pairs: Sequence[Pair], errors: float, allowance: int) -> list[Pair]:
    """The surest pairs, as many as there may be before more than a share of `errors` of them is expected to be wrong;
    a short list is treated as if `allowance` pairs were certain beside it.
    """
    ranked = sorted(pairs, key=lambda pair: -pair.score)
    expected = 0.0
    for n, pair in enumerate(ranked, 1):
        expected += 1 - pair.score
        if expected > errors * (n + allowance):
            return ranked[: n - 1]
    return ranked


def rules_of(found: Iterable[Found]) -> tuple[str, ...]:
    """What agrees, as `surname`, or `given_name: short form` where it does not agree to the letter."""
    told = []
    for field, level, _ in found:
        name = LEVELS[field][level].name
        if name not in ("different", "unlike"):
            told.append(RULES[field] if name in ("exact", "same") else f"{RULES[field]}: {name}")
    return tuple(told)
