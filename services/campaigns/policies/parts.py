"""Puts the parts of policies together, on what the service has."""

from datetime import timedelta

from hub.api.public import Public
from hub.bus.base import Bus
from hub.kit.clock import Clock
from hub.kit.loop import Loop
from hub.store.base import Store
from services.campaigns.policies import endpoints, handlers
from services.campaigns.policies.repository import PolicyRepository
from services.campaigns.policies.service import Chains, Met, Policies

_LOOKS, _FORGETS = timedelta(seconds=5), timedelta(hours=1)


def built(store: Store, bus: Bus, clock: Clock, met: Met, chains: Chains) -> tuple[Public, Loop, Loop]:
    """Listens on the bus from now on; its loops are started by whoever calls."""
    policies = Policies(PolicyRepository(store), met, chains, clock)
    handlers.subscribe(bus, policies)
    return (
        endpoints.public(policies),
        Loop("source policies", policies.look, every=_LOOKS),
        Loop("old source asks", policies.forget, every=_FORGETS),
    )
