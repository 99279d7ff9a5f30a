"""The bus port: publish events, subscribe a group, read from anywhere. Two adapters pass one behaviour suite."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hub.contracts.base import Envelope, Record

Handle = Callable[[Sequence[Envelope]], Awaitable[None]]
"""Handles a batch in order, all or nothing, and may see any of it again: it is idempotent on the event id.

TransientError: the batch is tried again, in order, with back-off, for as long as it takes. Any other exception: the
batch is tried one by one, and the record that still fails is parked as a dead letter.
"""

Position = tuple[str, int]
"""Topic and partition."""

END = -1
"""As an offset: what comes from now on."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a group is behind in one topic."""

    group: str
    topic: str
    records: int
    """Published and not yet committed."""


class Reader(Protocol):
    """Reads without a group and commits nothing: for live views and replays."""

    async def read(self, *, max_records: int = 500, wait: float = 1.0) -> list[Record]:
        """The next records, in order within a partition; empty when nothing came for `wait` seconds."""
        ...

    def positions(self) -> dict[Position, int]:
        """The offset of the next record for each partition."""
        ...

    async def close(self) -> None: ...


class Bus(Protocol):
    """One service's door to the bus."""

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Returns when all are durable (`acks=all`); keeps the order of one key.

        Raises:
            BusUnavailable: not confirmed. Some may be there all the same: publish again, readers are idempotent.
        """
        ...

    async def publish_records(self, records: Sequence[Record]) -> None:
        """The same for records as they are: dead letters replayed, tests."""
        ...

    def subscribe(
        self,
        topic: str,
        *,
        group: str,
        handle: Handle,
        max_records: int = 500,
        marks: Collection[str] | None = None,
    ) -> None:
        """Before `start`: a FastStream batch subscriber. Offsets are committed after `handle` returned.

        With `marks` the group gets only events that carry one of them (`Event.marks`); the others cost it next to
        nothing, for they are not decoded.
        """
        ...

    async def reader(
        self,
        topics: Sequence[str],
        *,
        since: datetime | None = None,
        at: Mapping[Position, int] | None = None,
    ) -> Reader:
        """Reads `topics` from a time, or from offsets (0 where `at` names none); neither: from the start."""
        ...

    async def lag(self) -> list[Lag]:
        """For each subscription of this door."""
        ...

    async def start(self) -> None:
        """Makes the topics, then the subscribers run. Waits for the bus as long as it takes."""
        ...

    async def stop(self) -> None:
        """Finishes the batches in hand and commits them."""
        ...

    async def ping(self) -> None:
        """Returns when the bus answers; raises BusUnavailable otherwise."""
        ...
