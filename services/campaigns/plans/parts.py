"""Puts the parts of plans together, on what the service has."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.api.public import Public
from hub.bus.base import Bus
from hub.kit.clock import Clock
from hub.store.base import Store
from hub.store.told import Told
from services.campaigns.attribution.service import Attribution
from services.campaigns.plans import endpoints
from services.campaigns.plans.comparing import Comparing, Shows
from services.campaigns.plans.repository import PlanRepository
from services.campaigns.plans.service import Find, Plans
from services.campaigns.sources.service import Sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All of them."""

    plans: Plans
    comparing: Comparing
    told: Told
    """What may owe its events after a crash."""

    def public(self) -> Public:
        return endpoints.public(self.plans, self.comparing)


def built(
    store: Store,
    bus: Bus,
    clock: Clock,
    sources: Sources,
    attribution: Attribution,
    *,
    finds: Mapping[str, Find],
    shows: Mapping[str, Shows],
) -> Parts:
    """`finds` and `shows` by kind of part, beside sources and mailings' sources."""
    kept = PlanRepository(store)
    kept.plans.on(bus, clock)

    async def itself(source: str) -> str:
        return source

    known: Mapping[str, Shows] = {"source": itself, "mailing": sources.of_mailing, **shows}
    return Parts(
        plans=Plans(kept, sources, clock, finds={"source": sources.get, **finds}),
        comparing=Comparing(attribution, known),
        told=kept.plans,
    )
