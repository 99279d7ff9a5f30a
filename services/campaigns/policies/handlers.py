"""The bus door of policies: who is new."""

from hub.bus.base import Bus
from hub.contracts.topics import CLIENTS
from services.campaigns.policies.service import Policies

GROUP = "campaigns"


def subscribe(bus: Bus, policies: Policies) -> None:
    """In a group of its own, so that it holds up no other."""
    bus.subscribe(CLIENTS.name, group=f"{GROUP}.source_policies", handle=policies.hear)
