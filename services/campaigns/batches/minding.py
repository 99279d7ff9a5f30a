"""Minds batches whose job never began, or ended before it was done: none stays half made, or half posted."""

from datetime import datetime, timedelta
from typing import Protocol

from hub.jobs.models import Args, JobView
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.every import pages
from hub.kit.loop import each
from hub.store.base import Document
from services.campaigns.batches.repository import BatchRepository, settled
from services.campaigns.batches.service import Batches

_KINDS = {"making": "letters.print", "posting": "letters.post"}
_LATE = timedelta(minutes=15)
"""A step of a job that was cancelled may go on for so long, and take letters."""
_AGAIN, _AGAIN_AT_MOST = timedelta(minutes=1), timedelta(hours=1)
_ENDED = ("done", "failed", "cancelled")


class Begins(Protocol):
    """Jobs."""

    async def begin(self, kind: str, args: Args, *, by: str, key: str | None = None) -> JobView:
        """The same again is the same job, as it stands. Raises TransientError."""
        ...


async def worked_on(jobs: Begins, batch: Document) -> JobView | None:
    """The job that a batch is owed now, begun if it was not; none: it is owed none. Raises TransientError."""
    if (kind := _KINDS.get(batch["state"])) is None:
        return None
    key = "-".join([batch["_id"], *([str(batch["tries"])] if batch.get("tries") else [])])
    return await jobs.begin(kind, {"batch": batch["_id"]}, by=batch["by"], key=key)


class Minding:
    """Of all batches."""

    def __init__(self, repository: BatchRepository, batches: Batches, jobs: Begins, clock: Clock) -> None:
        self._repository = repository
        self._batches = batches
        self._jobs = jobs
        self._clock = clock

    async def look(self) -> None:
        """Raises TransientError."""
        async for batches in pages(lambda after: self._repository.opened(after=after)):
            await each(batches, self._mind)

    async def _mind(self, batch: Document) -> None:
        if batch["state"] not in _KINDS:
            await self._put_back(batch)
        elif from_iso(batch.get("again_at") or batch["at"]) <= self._clock.now():
            job = await worked_on(self._jobs, batch)
            if job is not None and job.state in _ENDED:
                await self._ended(batch, job)

    async def _ended(self, batch: Document, job: JobView) -> None:
        """What is not printed waits for another batch; what was posted is posted, so marking it is tried again."""
        why = job.reason or f"its job is {job.state}"
        if batch["state"] == "making":
            await self._batches.fail(batch["_id"], f"it could not be printed: {why}")
            return
        now = self._clock.now()
        await self._repository.amend(batch["_id"], lambda one: _later(one, why, now))

    async def _put_back(self, batch: Document) -> None:
        await self._batches.put_back(batch["_id"])
        if self._clock.now() - from_iso(batch["over_at"]) > _LATE:
            await self._repository.forget(batch["_id"])
            await self._repository.amend(batch["_id"], settled)


def _later(batch: Document, why: str, now: datetime) -> Document:
    """Marked by another job, after a pause; not where it was done meanwhile. Pure."""
    if batch["state"] != "posting":
        return batch
    tries = batch.get("tries", 0) + 1
    pause = min(_AGAIN * 2 ** min(tries, 10), _AGAIN_AT_MOST)
    reason = f"its letters are not all marked yet, which is tried again: {why}"[:500]
    return {**batch, "tries": tries, "again_at": iso(now + pause), "reason": reason}
