"""Puts the parts of sequences together, on what the service has."""

from dataclasses import dataclass

from hub.api.public import Public
from hub.bus.base import Bus
from hub.kit.clock import Clock
from hub.kit.restraint import Restraint
from hub.store.base import Store
from services.campaigns.mailings.looking import Looking as Mailed
from services.campaigns.mailings.repository import MailingRepository
from services.campaigns.mailings.runner import Lease
from services.campaigns.mailings.service import Mailings
from services.campaigns.mailings.standing import Standing
from services.campaigns.segments.service import Columns, Segments
from services.campaigns.sequences import endpoints, handlers
from services.campaigns.sequences.advancing import Advancing
from services.campaigns.sequences.entering import Entering
from services.campaigns.sequences.looking import Looking
from services.campaigns.sequences.repository import SequenceRepository
from services.campaigns.sequences.service import Sequences
from services.campaigns.sequences.stopping import Deals, Stopping


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All of them."""

    repository: SequenceRepository
    kept_mailings: MailingRepository
    sequences: Sequences
    entering: Entering
    advancing: Advancing
    clock: Clock

    def looking(self, mailed: Mailed) -> Looking:
        return Looking(self.repository, self.sequences, self.kept_mailings, mailed, self.clock)

    def public(self, mailed: Mailed) -> Public:
        return endpoints.public(self.sequences, self.entering, self.looking(mailed))


def built(
    store: Store,
    bus: Bus,
    clock: Clock,
    *,
    standing: Standing,
    mailings: Mailings,
    kept_mailings: MailingRepository,
    segments: Segments,
    columns: Columns,
    books: Deals,
    leases: Lease,
    restraint: Restraint,
) -> Parts:
    """Listens on the bus from now on; its loop is started by whoever calls."""
    repository = SequenceRepository(store)
    repository.on(bus, clock)
    sequences = Sequences(repository, standing=standing, segments=segments, clock=clock)
    entering = Entering(repository, sequences, columns, clock)
    handlers.subscribe(bus, entering)
    stopping = Stopping(columns, books, segments)
    advancing = Advancing(
        repository, kept_mailings, mailings, standing, stopping, clock, leases=leases, restraint=restraint
    )
    return Parts(
        repository=repository,
        kept_mailings=kept_mailings,
        sequences=sequences,
        entering=entering,
        advancing=advancing,
        clock=clock,
    )
