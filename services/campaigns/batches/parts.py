"""Puts the parts of letters together, on what the service has."""

from dataclasses import dataclass
from datetime import timedelta

from hub.api.public import Public
from hub.api.uploads import Uploads
from hub.jobs.models import JobKind
from hub.jobs.service import Jobs
from hub.kit.apart import Apart
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock
from hub.kit.loop import Loop
from hub.store.base import Store
from services.campaigns.batches import endpoints
from services.campaigns.batches.job import PostLetters, PrintLetters, Says
from services.campaigns.batches.minding import Minding
from services.campaigns.batches.repository import BatchRepository
from services.campaigns.batches.returning import TakeReturns
from services.campaigns.batches.service import Batches
from services.campaigns.mailings.contents import Library
from services.campaigns.mailings.outcomes import Outcomes
from services.campaigns.mailings.repository import MailingRepository
from services.campaigns.mailings.service import Mailings

_MINDS = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All of them."""

    repository: BatchRepository
    rows: MailingRepository
    batches: Batches
    outcomes: Outcomes
    library: Library
    consents: Says
    clock: Clock

    def jobs(self, apart: Apart) -> tuple[JobKind, ...]:
        printing = PrintLetters(
            self.repository,
            self.rows,
            self.batches,
            outcomes=self.outcomes,
            library=self.library,
            consents=self.consents,
            apart=apart,
            clock=self.clock,
        )
        return (
            printing,
            PostLetters(self.batches, self.repository),
            TakeReturns(self.repository, self.batches, apart),
        )

    def loop(self, jobs: Jobs) -> Loop:
        minding = Minding(self.repository, self.batches, jobs, self.clock)
        return Loop("batches", minding.look, every=_MINDS)

    def public(self, jobs: Jobs, uploads: Uploads) -> Public:
        return endpoints.public(self.batches, jobs, uploads)


def built(
    store: Store,
    blobs: Blobs,
    clock: Clock,
    *,
    rows: MailingRepository,
    mailings: Mailings,
    outcomes: Outcomes,
    library: Library,
    consents: Says,
) -> Parts:
    """Letters are rows of mailings."""
    repository = BatchRepository(store, blobs)
    return Parts(
        repository=repository,
        rows=rows,
        batches=Batches(repository, rows, mailings, outcomes, clock),
        outcomes=outcomes,
        library=library,
        consents=consents,
        clock=clock,
    )
