"""What a job is: a kind, its steps, a result for each item."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, Field

from hub.contracts.job import JobState
from hub.kit.errors import TransientError
from hub.kit.reasons import reason_of
from hub.store.base import CollectionSpec, Document, Index
from hub.store.told import OWES

JOBS = CollectionSpec(
    "jobs",
    (
        Index("created_at"),
        Index("state", "created_at"),
        Index("active", "turn", sparse=True),
        OWES,
    ),
)
"""`active` while somebody shall work on it; `turn` is when somebody last did, so that jobs take turns."""
RESULTS = CollectionSpec("job_results", (Index("job_id", "number"),))

Args = dict[str, Any]
"""What a job was started with: JSON values."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one item."""

    id: str
    """Names the item, once in a job."""
    detail: Document = field(default_factory=dict)
    """JSON values, some kilobytes."""
    failed: str = ""
    """Why it could not be done; empty: it was."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a step came to."""

    results: Sequence[ItemResult] = ()
    cursor: str | None = None
    """Where the next step begins; none: this was the last."""
    act: Callable[[], Awaitable[None]] | None = None
    """What the step does, once its results are durable; so a job never did what its results do not show."""


class JobKind(Protocol):
    """A kind of job. A step may be repeated, after a kill or when something was down, and must bear it."""

    kind: str
    """Names it, within its service and for ever: `reread`."""
    sends: bool
    """It makes messages leave: it rests while the hub is held."""

    async def total(self, args: Args) -> int | None:
        """How many items there are, as far as it is known."""
        ...

    async def step(self, args: Args, cursor: str | None) -> Step:
        """A page of items, in some seconds; `cursor` is none for the first.

        Raises:
            TransientError: something is down; the step is repeated.
            Exception: any other ends the job as failed. What is wrong with an item is told as its result (`each`).
        """
        ...


@runtime_checkable
class Reverts(Protocol):
    """A kind whose jobs can be undone."""

    def revertible(self, args: Args) -> bool:
        """Whether a job with these arguments did anything."""
        ...

    async def revert(self, args: Args, results: Sequence[ItemResult]) -> None:
        """Undoes some items, the last ones first; may be repeated. Raises as `JobKind.step`."""
        ...


@runtime_checkable
class Keeps(Protocol):
    """A kind that keeps something beside the results of its jobs, as what a revert needs."""

    async def forget(self, args: Args, results: Sequence[ItemResult]) -> None:
        """Removes what was kept for these items, for the job goes with its results; may be repeated.

        Raises:
            TransientError: something is down; it is called again.
        """
        ...


async def each(
    items: Iterable[T], name: Callable[[T], str], work: Callable[[T], Awaitable[Document]]
) -> list[ItemResult]:
    """Does `work` on each item; one that fails fails alone. Raises TransientError."""
    return [await _one(item, name(item), work) for item in items]


async def _one(item: T, name: str, work: Callable[[T], Awaitable[Document]]) -> ItemResult:
    try:
        return ItemResult(name, await work(item))
    except TransientError:
        raise
    except Exception as exc:
        return ItemResult(name, failed=f"{type(exc).__name__}: {reason_of(exc)}")


class JobView(BaseModel):
    """Work that takes longer than a request."""

    id: str = Field(examples=["job_7f2k"])
    kind: str = Field(examples=["reread"])
    state: JobState
    done: int = Field(description="Items that are over, those that failed among them")
    total: int | None = Field(default=None, description="Null while it is not known")
    failed: int
    created_at: datetime
    by: str = Field(description="Login of the employee who started it")
    service: str = Field(examples=["email"])
    reason: str = Field(description="Why it failed, or what it waits for")

    @classmethod
    def of(cls, job: Document) -> "JobView":
        return cls.model_validate({**job, "id": job["_id"]})


class JobPage(BaseModel):
    items: list[JobView]
    next: str | None = Field(description="For `before`")
    silent: list[str] = Field(default=[], description="Services that do not answer now; their jobs are missing")


class ResultView(BaseModel):
    """What became of one item of a job."""

    id: str
    state: Literal["done", "failed"]
    reason: str
    detail: dict[str, Any]

    @classmethod
    def of(cls, stored: Document) -> "ResultView":
        state: Literal["done", "failed"] = "failed" if stored["failed"] else "done"
        return cls(id=stored["item"], state=state, reason=stored["failed"], detail=stored["detail"])


class ResultPage(BaseModel):
    items: list[ResultView]
    next: str | None
