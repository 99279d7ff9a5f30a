"""Numbers of sources as a table: rolled up to a level, costs allocated, what is worth what. Pure; in hundredths."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal

from services.campaigns.attribution.sql import WHOLE
from services.campaigns.segments.projection import Row
from services.campaigns.sources.models import LEVELS

UNKNOWN = 0
"""The source of what no touch is known of."""
_FAR = 100
_CENT = Decimal("0.01")
_WIDE = Context(prec=60)
"""Of the largest sums no digit is lost."""


@dataclass(frozen=True, slots=True)
class Node:
    """A source."""

    k: int
    id: str
    level: str
    parent: int
    name: str
    reference: str
    leads_to: int


class Tree:
    """The directory, merged sources read as those that they lead to."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._nodes = {row[0]: Node(*row) for row in rows}
        self._paths: dict[int, tuple[Node, ...]] = {}

    def path(self, k: int) -> tuple[Node, ...]:
        """From the channel down; none of what is not known."""
        if k not in self._paths:
            self._paths[k] = self._walked(k)
        return self._paths[k]

    def _walked(self, k: int) -> tuple[Node, ...]:
        found: list[Node] = []
        here = self._nodes.get(k)
        for _ in range(_FAR):
            if here is None:
                break
            if here.leads_to in self._nodes:
                here = self._nodes[here.leads_to]
                continue
            found.insert(0, here)
            here = self._nodes.get(here.parent)
        return tuple(found[: len(LEVELS)])

    def at(self, k: int, level: str) -> tuple[Node, ...]:
        """Down to a level; shorter where it is above it."""
        return self.path(k)[: LEVELS.index(level) + 1]

    def below(self, k: int) -> list[int]:
        """All that is read as this source or lies below it, itself among them; as they were met."""
        target = self.path(k)[-1].k if self.path(k) else k
        return [one for one in self._nodes if any(node.k == target for node in self.path(one))]


@dataclass(slots=True)
class Share:
    """What one model gives to a source."""

    minor: int = 0
    parts: int = 0
    """Of deals, millionths."""
    newcomers: int = 0


@dataclass(slots=True)
class Line:
    """A source's numbers."""

    path: tuple[Node, ...]
    plan: int = 0
    fact: int = 0
    leads: int = 0
    touches: int = 0
    shares: dict[str, Share] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the tables say of a period; by source as it was met."""

    sums: Sequence[Row] = ()
    leads: Sequence[Row] = ()
    touches: Sequence[Row] = ()
    costs: Sequence[Row] = ()


def rolled(tree: Tree, found: Found, level: str, allocate: str = "none") -> list[Line]:
    """A line for each source of a level, and for what is known only above it; the costliest and best first."""
    lines: dict[tuple[int, ...], Line] = {}

    def line(k: int) -> Line:
        path = tree.at(k, level)
        return lines.setdefault(tuple(node.k for node in path), Line(path))

    for model, node, minor, parts, newcomers in found.sums:
        share = line(node).shares.setdefault(model, Share())
        share.minor, share.parts, share.newcomers = (
            share.minor + minor,
            share.parts + parts,
            share.newcomers + newcomers,
        )
    for node, count in found.leads:
        line(node).leads += count
    for node, count in found.touches:
        line(node).touches += count
    for node, kind, minor, _ in found.costs:
        one = line(node)
        one.plan, one.fact = (one.plan + minor, one.fact) if kind == "plan" else (one.plan, one.fact + minor)
    if allocate != "none":
        _allocated(lines, level, allocate)
    return sorted(lines.values(), key=lambda one: (-_most(one), -one.fact, [node.name for node in one.path]))


def summed(lines: Iterable[Line]) -> Line:
    """All of them in one."""
    total = Line(())
    for line in lines:
        total.plan, total.fact = total.plan + line.plan, total.fact + line.fact
        total.leads, total.touches = total.leads + line.leads, total.touches + line.touches
        for model, share in line.shares.items():
            into = total.shares.setdefault(model, Share())
            into.minor, into.parts = into.minor + share.minor, into.parts + share.parts
            into.newcomers += share.newcomers
    return total


def _most(line: Line) -> int:
    return max((share.minor for share in line.shares.values()), default=0)


def _allocated(lines: Mapping[tuple[int, ...], Line], level: str, measure: str) -> None:
    """Costs of what is above the level are shared by those below it; where none has any measure they stay."""
    deep = LEVELS.index(level) + 1
    for key, line in lines.items():
        below = [
            one for other, one in lines.items() if len(other) == deep and len(key) < deep and other[: len(key)] == key
        ]
        weights = [getattr(one, measure) for one in below]
        if key and sum(weights):
            for one, plan, fact in zip(below, split(line.plan, weights), split(line.fact, weights), strict=True):
                one.plan, one.fact = one.plan + plan, one.fact + fact
            line.plan = line.fact = 0


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Whole parts of an amount by weights; their sum is the amount. Weights are not all 0."""
    whole, so_far, given = sum(weights), 0, 0
    parts: list[int] = []
    for weight in weights:
        so_far += weight
        parts.append(amount * so_far // whole - given)
        given += parts[-1]
    return parts


def money(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-2, _WIDE).quantize(_CENT, context=_WIDE)


def deals(parts: int) -> Decimal:
    """To the millionth where hundredths do not tell it: the parts that are shown add up."""
    exact = Decimal(parts) / WHOLE
    rounded = exact.quantize(_CENT)
    return rounded if rounded == exact else exact


def percent(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """None where there is nothing to compare with."""
    return _rounded(_WIDE.multiply(Decimal(part), Decimal(100)), whole) if whole else None


def each_costs(minor: int, count: Decimal | int) -> Decimal | None:
    return _rounded(money(minor), count) if count and minor else None


def _rounded(part: Decimal, whole: Decimal | int) -> Decimal:
    return _WIDE.divide(part, Decimal(whole)).quantize(_CENT, ROUND_HALF_EVEN, _WIDE)


def romi(revenue: int, cost: int) -> Decimal | None:
    """(revenue - cost) / cost, in percent."""
    return percent(revenue - cost, cost)
