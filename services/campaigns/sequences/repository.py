"""Every query about sequences: the sequence itself, and a run for each client who entered it."""

from collections.abc import Iterable, Sequence

from hub.bus.base import Bus
from hub.contracts.base import Event
from hub.kit.clock import Clock
from hub.kit.ids import derive
from hub.store.amend import Change, amend
from hub.store.base import CollectionSpec, Document, Index, Page, Store
from hub.store.due import DUE
from hub.store.told import OWES, Fact, Told

SEQUENCES = CollectionSpec(
    "sequences", (Index("removed", "at"), Index("active", sparse=True), Index("ending", sparse=True))
)
RUNS = CollectionSpec(
    "sequence_runs",
    (
        DUE,
        OWES,
        Index("asking", "due_was", sparse=True),
        Index("sequence", "at"),
        Index("sequence", "state", "at"),
    ),
)
NEXT = "next"
"""The timer of a run."""
MOST = 200
"""Sequences that go at a time."""


class SequenceRepository:
    """Runs have timers; `asking` names the sequence while a step of a run is due and not asked for."""

    def __init__(self, store: Store) -> None:
        self.sequences = store.collection(SEQUENCES)
        self.plain_runs = store.collection(RUNS)
        self.runs = Told(self.plain_runs, facts=_nothing, state=_stateless, source="omnihub/campaigns")

    def on(self, bus: Bus, clock: Clock) -> None:
        self.runs.on(bus, clock)

    async def amend(self, sequence: str, change: Change) -> Document | None:
        return await amend(self.sequences, sequence, change)

    async def active(self) -> list[Document]:
        """Those that are running, paused or held; also what was started beyond the limit at one moment."""
        return (await self.sequences.find({"active": True}, limit=2 * MOST)).items

    async def ending(self) -> list[Document]:
        """Those that were ended, and whose runs may not know it yet."""
        return (await self.sequences.find({"ending": True}, limit=MOST)).items

    async def asking(self, sequence: str, *, limit: int) -> list[Document]:
        """Runs whose next step is due, the one that waits longest first."""
        return (await self.plain_runs.find({"asking": sequence}, order="due_was", limit=limit)).items

    async def get_runs(self, sequence: str, clients: Iterable[str]) -> dict[str, Document]:
        """By client."""
        found = await self.plain_runs.get_many([run_id(sequence, client) for client in clients])
        return {run["client_id"]: run for run in found.values()}

    async def add_runs(self, runs: Sequence[Document]) -> set[str]:
        """Ids of those that are new."""
        return await self.plain_runs.insert_many(runs) if runs else set()

    async def swap_runs(self, runs: Sequence[Document]) -> set[str]:
        """The ids of those that nobody had changed since."""
        return await self.plain_runs.swap_many(runs) if runs else set()

    async def page(self, sequence: str, state: str | None, *, limit: int, after: str | None) -> Page:
        where = {"sequence": sequence, **({"state": state} if state else {})}
        return await self.plain_runs.find(where, order="at", descending=True, limit=limit, after=after)

    async def count(self, sequence: str) -> dict[str, int]:
        """By state."""
        found = await self.plain_runs.count_by("state", {"sequence": sequence})
        return {str(state): count for state, count in found.items()}


def run_id(sequence: str, client: str) -> str:
    """One for a client and a sequence."""
    return derive("sr", sequence, client)


def _nothing(before: Document | None, after: Document) -> tuple[Fact, ...]:
    """Its messages are told of as those of mailings are."""
    del before, after
    return ()


def _stateless(kind: type[Event], document: Document) -> Event:
    raise TypeError(f"{kind.TYPE} does not state a run ({document['_id']})")
