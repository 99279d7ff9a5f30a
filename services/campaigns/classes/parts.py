"""Puts the parts of classes together, on what the service has."""

from dataclasses import dataclass
from typing import Protocol

from hub.api.public import Public
from hub.jobs.service import Jobs
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock
from hub.store.base import Store
from services.campaigns.classes import endpoints
from services.campaigns.classes.looking import Looking
from services.campaigns.classes.repository import ClassRepository
from services.campaigns.classes.running import Classify, Facts
from services.campaigns.classes.service import Classifications, Tables, Whose


class Columns(Tables, Whose, Facts, Protocol):
    """The tables of segments, for all that classes want of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All of them."""

    repository: ClassRepository
    classifications: Classifications
    columns: Columns
    clock: Clock

    def job(self, books: Facts, currency: str) -> Classify:
        """Counts what is in `books` and in the columns; revenue in `currency`."""
        return Classify(self.repository, self.classifications, books=books, columns=self.columns, currency=currency)

    def public(self, jobs: Jobs) -> Public:
        looking = Looking(self.classifications, self.columns, self.columns, self.clock)
        return endpoints.public(self.classifications, looking, jobs)


def built(store: Store, blobs: Blobs, columns: Columns, clock: Clock) -> Parts:
    repository = ClassRepository(store, blobs)
    classifications = Classifications(repository, columns, columns, clock)
    return Parts(repository=repository, classifications=classifications, columns=columns, clock=clock)
