"""Why is nothing dialling: how many of a list come how far, with some of those who do not come further."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.kit.clock import Clock
from hub.store.base import Document
from services.campaigns.calllists.repository import CallRepository
from services.campaigns.calllists.rules import STAGES, Known, Policy, standing_of

MOST, _AT_ONCE, _SAMPLE = 50_000, 500, 5
"""People of a list that are looked at, at once, and shown of each stage."""


@dataclass(slots=True)
class Stopped:
    """Those who do not pass a stage."""

    count: int = 0
    examples: list[tuple[str, str, str]] = field(default_factory=list)
    """Entry, name and reason."""


@dataclass(slots=True)
class Funnel:
    """Of one list: `stages` in order; `dialable` pass all of them."""

    total: int = 0
    stages: dict[str, Stopped] = field(default_factory=lambda: {stage: Stopped() for stage in STAGES})
    dialable: int = 0
    complete: bool = True
    """Everybody was looked at."""


class Funnels:
    """Of all lists."""

    def __init__(self, repository: CallRepository, clock: Clock, policy: Policy) -> None:
        self._repository = repository
        self._clock = clock
        self._policy = policy

    async def of(self, call_list: Document, operator: str) -> Funnel:
        """As of now, for an operator."""
        funnel, after = Funnel(), None
        now, masks = self._clock.now(), await self._repository.masks_there()
        while True:
            where = {"list": call_list["_id"]}
            page = await self._repository.entries.find(where, order="state", limit=_AT_ONCE, after=after)
            await self._counted(funnel, page.items, call_list, masks, operator, now)
            if (after := page.next) is None:
                return funnel
            if funnel.total >= MOST:
                funnel.complete = False
                return funnel

    async def _counted(
        self,
        funnel: Funnel,
        entries: Sequence[Document],
        call_list: Document,
        masks: Sequence[Document],
        operator: str,
        now: datetime,
    ) -> None:
        numbers = await self._repository.numbers.get_many({one["number"] for one in entries})
        people = await self._repository.people.get_many({one["person"] for one in entries})
        for entry in entries:
            known = Known(number=numbers.get(entry["number"]), person=people.get(entry["person"]), masks=masks)
            standing = standing_of(entry, call_list, known, self._policy, operator, now)
            funnel.total += 1
            if not standing.stage:
                funnel.dialable += 1
                continue
            stopped = funnel.stages[standing.stage]
            stopped.count += 1
            if len(stopped.examples) < _SAMPLE:
                stopped.examples.append((entry["_id"], entry["name"], standing.words))
