"""Puts the parts of segments, and of the lists and classes that they ask, together, on what the service has."""

from dataclasses import dataclass
from typing import Protocol

from hub.api.public import Public
from hub.api.uploads import Uploads
from hub.bus.base import Bus
from hub.jobs.service import Jobs
from hub.kit.apart import Apart
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock
from hub.store.base import Store
from hub.store.leases import Leases
from services.campaigns.classes import parts as class_parts
from services.campaigns.lists import endpoints as list_endpoints
from services.campaigns.lists.repository import ListRepository
from services.campaigns.lists.service import Lists, ReadList, Tables
from services.campaigns.segments import endpoints
from services.campaigns.segments.repository import SegmentRepository
from services.campaigns.segments.service import Columns as Columns_
from services.campaigns.segments.service import Segments
from services.campaigns.segments.watching import Watching


class Columns(Columns_, Tables, class_parts.Columns, Protocol):
    """The tables of columns, for all three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All of them."""

    kept_lists: ListRepository
    lists: Lists
    segments: Segments
    classes: class_parts.Parts
    repository: SegmentRepository
    watching: Watching

    def reading(self, apart: Apart, *, region: str) -> ReadList:
        return ReadList(self.kept_lists, apart, region=region)

    def public(self, jobs: Jobs, uploads: Uploads) -> tuple[Public, ...]:
        return (
            endpoints.public(self.segments),
            self.classes.public(jobs),
            list_endpoints.public(self.lists, jobs, uploads),
        )


def built(store: Store, blobs: Blobs, bus: Bus, clock: Clock, *, columns: Columns, leases: Leases) -> Parts:
    """What watches is started by whoever calls."""
    repository, kept_lists = SegmentRepository(store), ListRepository(store, blobs)
    repository.segments.on(bus, clock)
    lists, classes = Lists(kept_lists, columns, clock), class_parts.built(store, blobs, columns, clock)
    segments = Segments(repository, columns, clock, lists, classes.classifications)
    return Parts(
        kept_lists=kept_lists,
        lists=lists,
        segments=segments,
        classes=classes,
        repository=repository,
        watching=Watching(repository, segments, blobs, leases, clock),
    )
