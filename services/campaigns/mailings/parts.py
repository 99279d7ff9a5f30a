"""Puts the parts of mailings together, on what the service has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from hub.api.public import Public
from hub.bus.base import Bus
from hub.jobs.service import Jobs
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock
from hub.kit.loop import Loop
from hub.kit.restraint import Restraint
from hub.store.base import Store
from hub.store.leases import Leases
from services.campaigns.batches import parts as batch_parts
from services.campaigns.consent.doors import Recipients as Others
from services.campaigns.consent.service import Consents
from services.campaigns.mailings import endpoints, handlers
from services.campaigns.mailings.contents import Library
from services.campaigns.mailings.guests import GuestLists
from services.campaigns.mailings.hits import Hits, Letters
from services.campaigns.mailings.launching import Launch
from services.campaigns.mailings.looking import Looking
from services.campaigns.mailings.outcomes import Outcomes
from services.campaigns.mailings.recipients import Recipients
from services.campaigns.mailings.repository import MailingRepository
from services.campaigns.mailings.runner import Runner
from services.campaigns.mailings.service import Accounts, Mailings
from services.campaigns.mailings.standing import Standing
from services.campaigns.messages import endpoints as message_endpoints
from services.campaigns.messages.service import Messages, Whose
from services.campaigns.segments.service import Columns as Columns_
from services.campaigns.segments.service import Segments
from services.campaigns.templates.service import Templates
from services.campaigns.tracking import doors as tracking_doors
from services.campaigns.tracking.recorder import Recorder
from services.campaigns.warmups import endpoints as warm_up_endpoints
from services.campaigns.warmups.repository import WarmUpRepository
from services.campaigns.warmups.service import WarmUps

_FREES = timedelta(seconds=5)


class Columns(Columns_, Whose, Protocol):
    """Who is meant, and whose addresses are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All of them."""

    repository: MailingRepository
    library: Library
    letters: batch_parts.Parts
    mailings: Mailings
    messages: Messages
    standing: Standing
    mailed: Looking
    warm_ups: WarmUps
    recorder: Recorder
    runner: Runner
    clock: Clock
    master: bytes

    def job(self) -> Launch:
        return Launch(self.repository, self.mailings.prepare, self.clock)

    def loop(self) -> Loop:
        return Loop("freed", self.warm_ups.free, every=_FREES)

    def recipients(self, others: Others) -> Recipients:
        """Whose a link is; of no mailing: one of the `others`."""
        return Recipients(self.repository, others)

    def public(self, jobs: Jobs, sequences: Sequence[Public]) -> tuple[Public, ...]:
        """With the doors of `sequences`, which are made of mailings, in their place."""
        letters = Letters(self.repository, self.library)
        return (
            endpoints.public(self.mailings, self.mailed, jobs),
            *sequences,
            warm_up_endpoints.public(self.warm_ups),
            message_endpoints.public(self.messages),
            tracking_doors.public(self.recorder, letters, self.clock, self.master),
        )


def built(
    store: Store,
    blobs: Blobs,
    bus: Bus,
    clock: Clock,
    *,
    templates: Templates,
    segments: Segments,
    columns: Columns,
    consents: Consents,
    accounts: Accounts,
    guests: GuestLists,
    leases: Leases,
    restraint: Restraint,
    master: bytes,
    base: str,
) -> Parts:
    """Listens on the bus from now on; its loops are started by whoever calls.

    `base` is where customers reach the gateway, `master` signs links.
    """
    repository = MailingRepository(store, blobs)
    repository.on(bus, clock)
    library = Library(templates, master=master, base=base)
    mailings = Mailings(
        repository,
        templates=templates,
        segments=segments,
        columns=columns,
        consents=consents,
        accounts=accounts,
        library=library,
        clock=clock,
        guests=guests,
    )
    messages = Messages(
        repository,
        templates=templates,
        consents=consents,
        accounts=accounts,
        whose=columns,
        bus=bus,
        clock=clock,
        master=master,
        base=base,
    )
    outcomes = Outcomes(repository, library, bus, clock)
    handlers.subscribe(bus, outcomes, Hits(repository, outcomes))
    letters = batch_parts.built(
        store,
        blobs,
        clock,
        rows=repository,
        mailings=mailings,
        outcomes=outcomes,
        library=library,
        consents=consents,
    )
    warm_ups = WarmUps(WarmUpRepository(store), repository, leases, clock)
    return Parts(
        repository=repository,
        library=library,
        letters=letters,
        mailings=mailings,
        messages=messages,
        standing=Standing(repository, mailings, clock),
        mailed=Looking(repository, mailings, columns, consents),
        warm_ups=warm_ups,
        recorder=Recorder(bus, clock),
        runner=Runner(repository, library, bus, clock, leases=leases, restraint=restraint, warms=warm_ups),
        clock=clock,
        master=master,
    )
