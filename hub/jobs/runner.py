"""Works on jobs: each by one copy at a time, in turns, step by step, from where the last one left off."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Any

from hub.jobs.models import JobKind, Reverts
from hub.jobs.repository import (
    JobRepository,
    claimed,
    counted,
    ended,
    item_result,
    lease_of,
    rested,
    undone,
    waiting,
)
from hub.kit.clock import Clock, from_iso
from hub.kit.errors import TransientError
from hub.kit.log import Log
from hub.kit.loop import GRACE, Loop
from hub.kit.reasons import reason_of
from hub.kit.restraint import Restraint
from hub.kit.seams import seam
from hub.kit.turns import in_turn
from hub.store.base import Document
from hub.store.leases import Lease, Leases

log = Log(__name__)
LOOK = timedelta(seconds=0.5)
AT_ONCE = 4
"""Jobs that one copy works on; the others wait for their turn."""
TURN = 5.0
"""Seconds after which a job lets another one in."""
STEP = timedelta(minutes=10)
"""A step that takes longer ends its job."""
KILLS = 5
"""A job in whose step the process was killed so often is the reason."""
REVERTED_AT_ONCE = 100
BACK_OFF, BACK_OFF_CAP = timedelta(seconds=1), timedelta(minutes=1)
Change = Callable[[Document], Document]


class Gone(Exception):
    """The job is somebody else's now, or was cancelled. Never leaves this file."""


class Runner:
    """Looks for jobs and works on them; several copies share them by leases."""

    def __init__(
        self,
        kinds: Mapping[str, JobKind],
        *,
        repository: JobRepository,
        leases: Leases,
        clock: Clock,
        restraint: Restraint,
        lease: timedelta,
    ) -> None:
        self._kinds = kinds
        self._repository = repository
        self._leases = leases
        self._clock = clock
        self._restraint = restraint
        self._lease = lease.total_seconds()
        self._hands: dict[str, asyncio.Task[None]] = {}
        self._unwritten: set[str] = set()
        """Jobs that look as if whoever worked on them was killed; it was us, and the store did not answer."""
        self._loop = Loop("jobs", self.look, every=LOOK)

    async def start(self) -> None:
        await self._loop.start()

    async def stop(self) -> None:
        """Finishes the steps in hand, unless they take long: those are repeated by whoever is next."""
        await self._loop.stop()
        tasks = list(self._hands.values())
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE.total_seconds())
        interrupted = list(self._hands)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for job_id in interrupted:
            with suppress(TransientError):  # else it looks as if the process had been killed
                await self._repository.jobs.amend(job_id, rested)

    def wake(self) -> None:
        """There is something new to do."""
        self._loop.wake()

    async def look(self) -> None:
        """Takes on what waits, as far as hands are free. Raises StoreUnavailable."""
        after: str | None = None
        while len(self._hands) < AT_ONCE:
            page = await self._repository.active(after)
            for job in page.items:
                if len(self._hands) < AT_ONCE and job["_id"] not in self._hands and self._ready(job):
                    self._take_on(job["_id"], job["kind"])
            after = page.next
            if after is None:
                return

    def _take_on(self, job_id: str, kind: str) -> None:
        task = asyncio.create_task(self._work(job_id, self._kinds[kind]), name=f"job {job_id}")
        self._hands[job_id] = task
        task.add_done_callback(lambda _: self._hands.pop(job_id, None))
        task.add_done_callback(lambda _: self._loop.wake())

    def _ready(self, job: Document) -> bool:
        kind = self._kinds.get(job["kind"])  # one that this version does not know waits for one that does
        retry_at = job.get("retry_at")
        rests = retry_at is not None and from_iso(retry_at) > self._clock.now()
        return kind is not None and not rests and not self._held(kind)

    def _held(self, kind: JobKind) -> bool:
        return kind.sends and self._restraint.held

    async def _work(self, job_id: str, kind: JobKind) -> None:
        """A turn of one job; never raises an Exception."""
        try:
            lease = await self._leases.take(lease_of(job_id))
            if lease is None:
                await asyncio.sleep(LOOK.total_seconds())  # another copy is at it
                return
            await self._under(lease, self._turn(job_id, kind, lease))
            self._unwritten.discard(job_id)
        except TransientError as exc:
            self._unwritten.add(job_id)
            log.warning("job.waiting", job_id=job_id, reason=str(exc))
            await asyncio.sleep(LOOK.total_seconds())
        except Exception as exc:
            self._unwritten.add(job_id)
            log.error("job.interrupted", job_id=job_id, exc=exc)
            await asyncio.sleep(BACK_OFF.total_seconds())

    async def _under(self, lease: Lease, work: Coroutine[Any, Any, None]) -> None:
        """Does the work while the lease is ours; raises what it raises."""
        working = asyncio.ensure_future(in_turn(work))
        holding = asyncio.create_task(self._hold(lease, working))
        try:
            await asyncio.wait([working])
            if not working.cancelled():
                working.result()
        finally:
            for task in (working, holding):
                task.cancel()
            await asyncio.gather(working, holding, return_exceptions=True)
            with suppress(TransientError):
                await self._leases.release(lease)

    async def _hold(self, lease: Lease, working: "asyncio.Future[None]") -> None:
        renewed = monotonic()
        while True:
            await asyncio.sleep(self._lease / 4)
            try:
                held = await self._leases.renew(lease)
                renewed = monotonic()
            except TransientError:
                held = monotonic() - renewed < self._lease / 2
            if not held:
                log.warning("job.lease_lost", lease=lease.name)
                working.cancel()
                return

    async def _turn(self, job_id: str, kind: JobKind, lease: Lease) -> None:
        until = monotonic() + TURN
        try:
            job = await self._claim(job_id, lease)
            if job["kills"] >= KILLS:
                await self._end(job, f"the process ended {KILLS} times during step {job['steps'] + 1}")
                return
            while await self._advanced(job, kind):
                job = await self._current(job)
                if monotonic() >= until or self._loop.stopping or self._held(kind):
                    await self._change(job, rested)
                    return
        except Gone:
            return

    async def _advanced(self, job: Document, kind: JobKind) -> bool:
        """Takes one step; whether there may be another. Raises Gone, StoreUnavailable."""
        try:
            async with asyncio.timeout(STEP.total_seconds()):
                await (self._undo(job, kind) if job["reverting"] else self._step(job, kind))
        except TransientError as exc:
            pause = min(BACK_OFF * 2 ** min(job["failures"], 10), BACK_OFF_CAP)
            now = self._clock.now()
            log.warning("job.waiting", job_id=job["_id"], reason=str(exc))
            await self._change(job, partial(waiting, reason=reason_of(exc), now=now, pause=pause))
            return False
        except Gone:
            raise
        except TimeoutError:
            await self._end(job, f"a step took longer than {STEP}")
            return False
        except Exception as exc:
            log.error("job.failed", job_id=job["_id"], kind=job["kind"], exc=exc)
            await self._end(job, f"{type(exc).__name__}: {reason_of(exc)}")
            return False
        return True

    async def _step(self, job: Document, kind: JobKind) -> None:
        if job["total"] is None and not job["steps"]:
            total = await kind.total(job["args"])
            job = await self._change(job, lambda now: {**now, "total": total})
        step = await kind.step(job["args"], job["cursor"])
        results = await self._repository.keep(job, step.results)
        seam("job.after_results")
        if step.act:
            await step.act()
        seam("job.after_act")
        now = self._clock.now()
        # Also where it was cancelled meanwhile: what was done is shown.
        await self._change(job, partial(counted, step=step, results=results, now=now), over=True)
        seam("job.after_step")

    async def _undo(self, job: Document, kind: JobKind) -> None:
        assert isinstance(kind, Reverts)
        page = await self._repository.results(
            job["_id"], limit=REVERTED_AT_ONCE, after=job.get("revert_cursor"), newest=True
        )
        done = [item_result(stored) for stored in page.items if not stored["failed"]]
        if done:
            await kind.revert(job["args"], done)
        now = self._clock.now()
        await self._change(job, partial(undone, cursor=page.next, now=now))

    async def _end(self, job: Document, reason: str) -> None:
        await self._change(job, lambda now: ended(now, "failed", reason))

    async def _claim(self, job_id: str, lease: Lease) -> Document:
        now = self._clock.now()

        def change(job: Document) -> Document:
            if not job.get("active"):
                raise Gone
            return claimed(job, epoch=lease.epoch, killed=job_id not in self._unwritten, now=now)

        return await self._told(job_id, change)

    async def _current(self, job: Document) -> Document:
        """As it is stored now. Raises Gone when it is over, or another's."""
        stored = await self._repository.jobs.get(job["_id"])
        if stored is None or not stored.get("active") or stored["epoch"] != job["epoch"]:
            raise Gone
        return stored

    async def _change(self, job: Document, change: Change, *, over: bool = False) -> Document:
        """Changes it while it is ours and where it was, and, unless `over`, not over yet. Raises Gone."""

        def ours(stored: Document) -> Document:
            place = [(each["epoch"], each["steps"], each["reverting"]) for each in (stored, job)]
            if place[0] != place[1] or not (over or stored.get("active")):
                raise Gone
            return change(stored)

        return await self._told(job["_id"], ours)

    async def _told(self, job_id: str, change: Change) -> Document:
        stored = await self._repository.jobs.amend(job_id, change)
        if stored is None:
            raise Gone
        await self._repository.jobs.tell(stored)
        return stored
