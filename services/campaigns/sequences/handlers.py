"""The bus door of sequences: who entered a segment."""

from hub.bus.base import Bus
from hub.contracts.topics import CAMPAIGNS
from services.campaigns.sequences.entering import Entering

GROUP = "campaigns.sequences"


def subscribe(bus: Bus, entering: Entering) -> None:
    bus.subscribe(CAMPAIGNS.name, group=GROUP, handle=entering.hear)
