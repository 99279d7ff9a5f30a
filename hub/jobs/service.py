"""Starts jobs, shows them, cancels and reverts them; the runner of the same service does the work."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from hub.bus.base import Bus
from hub.jobs.models import Args, JobKind, JobPage, JobView, ResultPage, ResultView, Reverts
from hub.jobs.repository import JobRepository, ended, turned_back
from hub.jobs.runner import Runner
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import Conflict, NotFound
from hub.kit.ids import derive, fresh
from hub.kit.loop import Loop
from hub.kit.restraint import Restraint
from hub.store.base import Document, Store
from hub.store.leases import LEASES, Leases
from hub.store.outbox import Sweeper
from hub.store.told import Change

LEASE = timedelta(seconds=30)
SWEEP = timedelta(seconds=5)
KEPT = timedelta(days=90)
"""A job that is over is forgotten with its results so long after it was started."""
_FORGET_EVERY = timedelta(hours=1)
_ENDED = ("done", "failed", "cancelled")


class Jobs:
    """The jobs of one service. It is started and stopped with it."""

    def __init__(
        self,
        kinds: Iterable[JobKind],
        *,
        service: str,
        store: Store,
        bus: Bus,
        clock: Clock,
        owner: str,
        restraint: Restraint,
        lease: timedelta = LEASE,
    ) -> None:
        """`owner` names this process, as `hub.store.leases` wants it."""
        self._kinds: Mapping[str, JobKind] = {kind.kind: kind for kind in kinds}
        self._clock = clock
        self.repository = JobRepository(store, service=service)
        self.repository.on(bus, clock)
        leases = Leases(store.collection(LEASES), clock, owner, lease)
        self.runner = Runner(
            self._kinds, repository=self.repository, leases=leases, clock=clock, restraint=restraint, lease=lease
        )
        self._sweeper = Sweeper([self.repository.jobs], bus, clock, SWEEP)
        self._forgetting = Loop("jobs.old", self.forget, every=_FORGET_EVERY)

    async def start(self) -> None:
        await self._sweeper.start()
        await self.runner.start()
        await self._forgetting.start()

    async def stop(self) -> None:
        await self._forgetting.stop()
        await self.runner.stop()
        await self._sweeper.stop()

    async def begin(self, kind: str, args: Args, *, by: str, key: str | None = None) -> JobView:
        """Puts a job into the queue; the same again by the same employee with the same key is the same job.

        Raises:
            TooLarge: the arguments are.
        """
        assert kind in self._kinds, f"no kind of job {kind} here"
        job_id = derive("job", kind, by, key) if key else fresh("job")
        job = await self.repository.add(job_id, kind, args, by=by, now=self._clock.now())
        self.runner.wake()
        return JobView.of(job)

    async def forget(self) -> int:
        """How many old jobs were removed. Raises TransientError."""
        return await self.repository.forget(self._clock.now() - KEPT, self._kinds)

    async def get(self, job_id: str) -> JobView:
        """Raises NotFound."""
        return JobView.of(await self._stored(job_id))

    async def own(self, job_id: str, kind: str, *, by: str) -> Document:
        """What a job made is given to whoever began it alone: it is what he sees. Raises NotFound."""
        job = await self.repository.jobs.get(job_id)
        if job is None or job["kind"] != kind or job["by"] != by:
            raise NotFound(f"there is no such job of yours: {job_id[:100]}")
        return job

    async def page(self, *, state: str | None = None, before: str | None = None, limit: int = 100) -> JobPage:
        """The newest first; `next` is the moment for `before`."""
        items = await self.repository.page(state=state, before=before, limit=limit)
        more = iso(JobView.of(items[-1]).created_at) if len(items) == limit else None
        return JobPage(items=[JobView.of(item) for item in items], next=more)

    async def results(self, job_id: str, *, limit: int = 100, after: str | None = None) -> ResultPage:
        """What became of its items. Raises NotFound, InvalidInput."""
        await self._stored(job_id)
        page = await self.repository.results(job_id, limit=limit, after=after)
        return ResultPage(items=[ResultView.of(item) for item in page.items], next=page.next)

    async def cancel(self, job_id: str) -> JobView:
        """It stops after the step in hand; what was done stays done.

        Raises:
            NotFound: there is no such job.
            Conflict: it is over, or it is being reverted.
        """

        def change(job: Document) -> Document | None:
            if job["state"] == "cancelled":
                return None
            if job["state"] not in ("queued", "running") or job["reverting"]:
                what = "being reverted" if job["state"] == "running" else job["state"]
                raise Conflict(f"this job is {what}; only what is queued or running can be cancelled")
            return ended(job, "cancelled")

        return await self._changed(job_id, change)

    async def revert(self, job_id: str) -> JobView:
        """It is undone item by item, the last one first, as a job itself.

        Raises:
            NotFound: there is no such job.
            Conflict: it is not over yet, it did nothing, it is too old, or what it did cannot be undone.
        """

        def change(job: Document) -> Document | None:
            if job["state"] == "reverted" or (job["reverting"] and job["state"] == "running"):
                return None
            if job["state"] not in _ENDED:
                raise Conflict(f"this job is {job['state']}; cancel it first")
            kind = self._kinds.get(job["kind"])
            if not isinstance(kind, Reverts) or not kind.revertible(job["args"]):
                raise Conflict("there is nothing that this job could take back")
            if from_iso(job["created_at"]) <= self._clock.now() - KEPT:
                # What it would need is being removed, perhaps at this moment.
                raise Conflict(f"this job is older than {KEPT.days} days; what it needs to take it back is not kept")
            return turned_back(job)

        view = await self._changed(job_id, change)
        self.runner.wake()
        return view

    async def _changed(self, job_id: str, change: Change) -> JobView:
        job = await self.repository.jobs.amend(job_id, change)
        if job is None:
            raise _missing(job_id)
        await self.repository.jobs.tell(job)
        return JobView.of(job)

    async def _stored(self, job_id: str) -> Document:
        job = await self.repository.jobs.get(job_id)
        if job is None:
            raise _missing(job_id)
        return job


def _missing(job_id: str) -> NotFound:
    return NotFound(f"there is no job {job_id[:100]}")
