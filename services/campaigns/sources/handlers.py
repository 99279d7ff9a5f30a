"""The bus door of touches: what comes in, and what recipients of mailings do."""

from hub.bus.base import Bus
from hub.contracts.topics import CAMPAIGNS, INTERACTIONS
from services.campaigns.sources.touches import Touches

GROUP = "campaigns"


def subscribe(bus: Bus, touches: Touches) -> None:
    """In groups of their own, so that they hold up no other."""
    bus.subscribe(INTERACTIONS.name, group=f"{GROUP}.touches", handle=touches.hear_interactions)
    bus.subscribe(CAMPAIGNS.name, group=f"{GROUP}.responses", handle=touches.hear_responses)
