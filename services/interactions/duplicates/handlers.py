"""What keeps the likenesses of clients up to date."""

from hub.bus.base import Bus
from hub.contracts import topics
from services.interactions.duplicates.service import Duplicates

GROUP = "interactions.likenesses"
_BATCH = 500


def subscribe(bus: Bus, duplicates: Duplicates) -> None:
    bus.subscribe(topics.CLIENTS.name, group=GROUP, handle=duplicates.hear, max_records=_BATCH)
