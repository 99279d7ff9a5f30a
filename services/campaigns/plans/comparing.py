"""Plan against fact: what attribution knows of a campaign's sources, beside what was planned of them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from hub.store.base import Document
from services.campaigns.attribution.models import Amount, Model, Period, ReportQuery
from services.campaigns.attribution.report import Line, Share, Tree, deals, money, percent, romi, summed
from services.campaigns.attribution.service import Attribution, Report
from services.campaigns.plans.models import GOALS
from services.campaigns.segments.projection import key_of

Shows = Callable[[str], Awaitable[str | None]]
"""The source that a part of this kind, by its id, is counted by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One number: `plan` is none where its currency has no rate, `fact` where there is nothing to compute it of."""

    name: str
    plan: Decimal | None
    fact: Decimal | None
    percent: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Money is in the currency of reports."""

    report: Report
    """Of all sources on the days of the plan."""
    lines: Sequence[Line]
    """Those of the campaign and its parts."""
    total: Line
    budget: Decimal | None
    goals: Sequence[Goal]


class Comparing:
    """Of plans as they stand."""

    def __init__(self, attribution: Attribution, shows: Mapping[str, Shows]) -> None:
        """`shows` by kind of part; what is of another kind has no source."""
        self._attribution = attribution
        self._shows = shows

    async def of(self, plan: Document, model: Model) -> Comparison:
        """What its sources, with all below them, cost and brought on its days. Raises StoreUnavailable."""
        days = Period.model_validate({name: plan[name] for name in ("since", "until")})
        query = ReportQuery(since=days.since, until=days.until, by="creative", model=(model,))
        report, tree = await self._attribution.report(query), await self._attribution.tree()
        roots = {path[-1].k for one in await self._sources_of(plan) if (path := tree.path(key_of(one)))}
        lines = [line for line in report.lines if any(node.k in roots for node in line.path)]
        total = summed(lines)
        total.touches = await self._touches(days, tree, roots)
        return Comparison(
            report=report,
            lines=lines,
            total=total,
            budget=await self._worth(plan["budget"], days.since),
            goals=await self._goals(plan["goals"], days.since, total, model),
        )

    async def _sources_of(self, plan: Document) -> list[str]:
        found = [await self._shows[one["kind"]](one["id"]) for one in plan["parts"] if one["kind"] in self._shows]
        return [plan["source"], *(one for one in found if one)]

    async def _touches(self, days: Period, tree: Tree, roots: set[int]) -> int:
        met = await self._attribution.met(days)
        return sum(count for k, count in met if any(node.k in roots for node in tree.path(k)))

    async def _goals(self, planned: Mapping[str, Any], day: date, total: Line, model: Model) -> list[Goal]:
        share = total.shares.get(model, Share())
        facts = {
            "leads": Decimal(total.leads),
            "deals": deals(share.parts),
            "revenue": money(share.minor),
            "responses": Decimal(total.touches),
            "romi": romi(share.minor, total.fact),
        }
        return [
            await self._goal(name, planned[name], day, facts[name]) for name in GOALS if planned[name] is not None
        ]

    async def _goal(self, name: str, planned: Any, day: date, fact: Decimal | None) -> Goal:
        plan = await self._worth(planned, day) if name == "revenue" else Decimal(planned)
        done = percent(fact, plan) if fact is not None and plan else None
        return Goal(name=name, plan=plan, fact=fact, percent=done)

    async def _worth(self, amount: Mapping[str, Any] | None, day: date) -> Decimal | None:
        return await self._attribution.worth(Amount.model_validate(amount), day) if amount else None
