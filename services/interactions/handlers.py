"""The bus door of the interactions service."""

from hub.bus.base import Bus
from hub.contracts import topics
from services.interactions.service import Interactions

GROUP = "interactions"


def subscribe(bus: Bus, service: Interactions, *, batch: int) -> None:
    """What it listens to."""
    bus.subscribe(topics.INBOUND.name, group=GROUP, handle=service.receive, max_records=batch)
    bus.subscribe(topics.DELIVERY.name, group=GROUP, handle=service.record_deliveries, max_records=batch)
