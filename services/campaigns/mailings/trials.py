"""Which variant of a trial is best, and how sure that is. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import erf, sqrt


@dataclass(frozen=True, slots=True)
class Result:
    """What a variant came to."""

    variant: int
    sent: int
    reacted: int

    @property
    def rate(self) -> float:
        return self.reacted / self.sent if self.sent else 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The best one, and how sure it is that it is better than the next: 0.5 is a coin, 1 is certain."""

    winner: int
    confidence: float


def best(results: Sequence[Result]) -> Verdict:
    """Two proportions compared by a pooled z test, one-sided. Of equals the first one."""
    ranked = sorted(results, key=lambda one: (-one.rate, one.variant))
    if len(ranked) < 2:
        return Verdict(ranked[0].variant if ranked else 0, 0.5)
    return Verdict(ranked[0].variant, round(_surer(ranked[0], ranked[1]), 4))


def _surer(first: Result, second: Result) -> float:
    if not first.sent or not second.sent:
        return 0.5
    pooled = (first.reacted + second.reacted) / (first.sent + second.sent)
    spread = sqrt(pooled * (1 - pooled) * (1 / first.sent + 1 / second.sent))
    if not spread:
        return 0.5
    return 0.5 * (1 + erf((first.rate - second.rate) / spread / sqrt(2)))


def variant_of(address: str, mailing: str, variants: int, share: float) -> int | None:
    """Which variant is tried on an address; none: it waits for the best. The same however often it is asked."""
    drawn = int.from_bytes(blake2b(f"{mailing}/{address}".encode(), digest_size=8).digest()) / 2**64
    return int(drawn / share * variants) if drawn < share else None


def results_of(counts: Mapping[int, Mapping[str, int]], reacted: Sequence[str], left: Sequence[str]) -> list[Result]:
    """Of rows counted by variant and state; `reacted` are the states that the metric means, `left` those of all that
    left."""
    return [
        Result(variant, sum(states.get(one, 0) for one in left), sum(states.get(one, 0) for one in reacted))
        for variant, states in sorted(counts.items())
    ]
