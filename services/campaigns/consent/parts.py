"""Puts the parts of consent together, on what the service has."""

from dataclasses import dataclass

from hub.api.public import Public
from hub.bus.base import Bus
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock
from hub.store.base import Store
from services.campaigns.consent import doors, endpoints, handlers
from services.campaigns.consent.invitations import Invitations
from services.campaigns.consent.repository import ConsentRepository
from services.campaigns.consent.service import Consents


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All of them."""

    consents: Consents
    invitations: Invitations
    master: bytes

    def public(self, whose: endpoints.Whose, recipients: doors.Recipients) -> tuple[Public, ...]:
        return (
            endpoints.public(self.consents, self.invitations, whose),
            doors.public(self.consents, recipients, self.master),
        )


def built(store: Store, blobs: Blobs, bus: Bus, clock: Clock, *, region: str, master: bytes, base: str) -> Parts:
    """Listens on the bus from now on; `base` is where customers reach the gateway, `master` signs links."""
    repository = ConsentRepository(store)
    consents = Consents(repository, bus, clock, region=region)
    handlers.subscribe(bus, consents)
    invitations = Invitations(repository, consents, blobs, bus, clock, master=master, base=base)
    return Parts(consents=consents, invitations=invitations, master=master)
