"""The bus door of mailings: what became of messages, what came back, who said no."""

from hub.bus.base import Bus
from hub.contracts.address import CONSENT
from hub.contracts.topics import DELIVERY_MASS, INBOUND, INTERACTIONS, TRACKING
from services.campaigns.mailings.hits import Hits
from services.campaigns.mailings.outcomes import Outcomes

GROUP = "campaigns"


def subscribe(bus: Bus, outcomes: Outcomes, hits: Hits) -> None:
    """Each in a group of its own: a slow one holds up no other."""
    bus.subscribe(DELIVERY_MASS.name, group=f"{GROUP}.delivery", handle=outcomes.hear_deliveries, max_records=1_000)
    bus.subscribe(INTERACTIONS.name, group=f"{GROUP}.replies", handle=outcomes.hear_interactions)
    bus.subscribe(TRACKING.name, group=f"{GROUP}.tracking", handle=hits.hear, max_records=1_000)
    bus.subscribe(INBOUND.name, group=f"{GROUP}.left", handle=outcomes.hear_words, marks={CONSENT})
