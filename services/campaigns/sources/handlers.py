"""The bus door of touches: what comes in, what recipients of mailings do, what is said of new clients."""

from hub.bus.base import Bus
from hub.contracts.topics import CAMPAIGNS, CLIENTS, INTERACTIONS
from services.campaigns.sources.touches import Touches

GROUP = "campaigns"


def subscribe(bus: Bus, touches: Touches) -> None:
    """In groups of their own, so that they hold up no other."""
    bus.subscribe(INTERACTIONS.name, group=f"{GROUP}.touches", handle=touches.hear_interactions)
    bus.subscribe(CAMPAIGNS.name, group=f"{GROUP}.responses", handle=touches.hear_responses)
    bus.subscribe(CLIENTS.name, group=f"{GROUP}.opened", handle=touches.hear_clients)
