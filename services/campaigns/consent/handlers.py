"""The bus door of consent: every word there is."""

from hub.bus.base import Bus
from hub.contracts.address import CONSENT
from hub.contracts.topics import INBOUND
from services.campaigns.consent.service import Consents

GROUP = "campaigns"


def subscribe(bus: Bus, consents: Consents) -> None:
    """In a group of its own, so that nothing else holds it up."""
    bus.subscribe(INBOUND.name, group=f"{GROUP}.consent", handle=consents.hear, marks={CONSENT})
