"""Every query on jobs, and how a job goes from one state to the next: pure functions of its document."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import orjson

from hub.bus.base import Bus
from hub.contracts.base import Event
from hub.contracts.job import JobProgressed
from hub.jobs.models import JOBS, RESULTS, Args, ItemResult, JobKind, Keeps, Step
from hub.kit.clock import Clock, from_iso, iso
from hub.kit.errors import TooLarge, TransientError
from hub.kit.ids import derive
from hub.kit.log import Log
from hub.kit.reasons import REASON, storable
from hub.store.base import Document, Page, Range, Store, Where
from hub.store.leases import LEASES
from hub.store.told import Fact, Told

log = Log(__name__)
ARGS_BYTES = 200_000
DETAIL_BYTES = 64_000
TELL_EVERY = timedelta(seconds=1)
"""Progress is told at most so often, and whenever the state changes."""
_NAME = 500
_STEP_ITEMS = 1_000_000
"""More than a step has: results are numbered by step, then by their place in it."""
_WAITED = ("retry_at",)
_ENDED = ("active", "claimed", *_WAITED)


class JobRepository:
    """The jobs of one service and the results of their items."""

    def __init__(self, store: Store, *, service: str) -> None:
        self.jobs = Told(store.collection(JOBS), facts=facts, state=state_of, source=f"omnihub/{service}")
        self._results = store.collection(RESULTS)
        self._leases = store.collection(LEASES)
        self._service = service

    def on(self, bus: Bus, clock: Clock) -> None:
        """What changes is told there."""
        self.jobs.on(bus, clock)

    async def add(self, job_id: str, kind: str, args: Args, *, by: str, now: datetime) -> Document:
        """The job as it is stored then; one that was added before under this id stays as it is. Raises TooLarge."""
        if len(orjson.dumps(args)) > ARGS_BYTES:
            raise TooLarge(f"a job takes {ARGS_BYTES:,} bytes of arguments; put what is larger into a blob")
        at = iso(now)
        stored, _ = await self.jobs.insert(
            {
                "_id": job_id,
                "kind": kind,
                "args": args,
                "by": by,
                "service": self._service,
                "state": "queued",
                "reason": "",
                "done": 0,
                "failed": 0,
                "total": None,
                "cursor": None,
                "steps": 0,
                "kills": 0,
                "failures": 0,
                "reverting": False,
                "created_at": at,
                "turn": at,
                "told_at": at,
                "active": True,
            }
        )
        await self.jobs.tell(stored)
        return stored

    async def active(self, after: str | None) -> Page:
        """Jobs that somebody shall work on, the one that waited longest first."""
        return await self.jobs.find({"active": True}, order="turn", limit=100, after=after)

    async def page(self, *, state: str | None, before: str | None, limit: int) -> list[Document]:
        """Jobs created before a moment, the newest first."""
        where: Where = {"created_at": Range(until=before), **({"state": state} if state else {})}
        return (await self.jobs.find(where, order="created_at", descending=True, limit=limit)).items

    async def results(self, job_id: str, *, limit: int, after: str | None = None, newest: bool = False) -> Page:
        """What became of the items, in the order in which they were done, or the other way round."""
        return await self._results.find(
            {"job_id": job_id}, order="number", descending=newest, limit=limit, after=after
        )

    async def forget(self, before: datetime, kinds: Mapping[str, JobKind]) -> int:
        """Removes jobs of these kinds, created before a moment, that are over, with their results; how many."""
        forgotten, after = 0, None
        while True:
            page = await self.jobs.find({"created_at": Range(until=iso(before))}, order="created_at", after=after)
            for job in page.items:
                # A kind that nobody here knows is a newer copy's, which knows what it keeps.
                kind = kinds.get(job["kind"])
                if kind and not (job.get("active") or job.get("owes")):
                    forgotten += await self._forgotten(job, kind)
            after = page.next
            if after is None:
                return forgotten

    async def _forgotten(self, job: Document, kind: JobKind) -> bool:
        """One that fails for good leaves the others alone. Raises TransientError."""
        try:
            return await self._forget(job, kind)
        except TransientError:
            raise
        except Exception as exc:
            log.error("job.unforgotten", job_id=job["_id"], kind=job["kind"], exc=exc)
            return False

    async def _forget(self, job: Document, kind: JobKind) -> bool:
        while items := (await self.results(job["_id"], limit=500)).items:
            if isinstance(kind, Keeps):
                await kind.forget(job["args"], [item_result(item) for item in items])
            await self._results.delete_many([str(item["_id"]) for item in items])
        await self._leases.delete_many([lease_of(job["_id"])])
        return await self.jobs.remove(job)

    async def keep(self, job: Document, results: Sequence[ItemResult]) -> list[Document]:
        """Stores the results of a step; those of an item that is there stay as they were first."""
        made = [_result(job, number, result) for number, result in enumerate(results)]
        given = list({each["_id"]: each for each in made}.values())
        new = await self._results.insert_many(given) if given else set()
        old = [each["_id"] for each in given if each["_id"] not in new]
        stored = await self._results.get_many(old) if old else {}
        # One that is there from another step was counted with that.
        return [each for each in ({**g, **stored.get(g["_id"], {})} for g in given) if each["step"] == job["steps"]]


def lease_of(job_id: str) -> str:
    return f"job/{job_id}"


def _result(job: Document, number: int, result: ItemResult) -> Document:
    detail, failed = _kept(result)
    return {
        "_id": derive("jr", job["_id"], result.id),
        "job_id": job["_id"],
        "item": storable(result.id, _NAME),
        "step": job["steps"],
        "number": job["steps"] * _STEP_ITEMS + number,
        "failed": storable(failed, REASON),
        "detail": detail,
    }


def _kept(result: ItemResult) -> tuple[Document, str]:
    """As much of its detail as can be stored, and why it failed."""
    try:
        size = len(orjson.dumps(result.detail))
    except TypeError as exc:
        return {}, result.failed or f"what became of it cannot be stored: {exc}"
    return (result.detail if size <= DETAIL_BYTES else {"left_out": f"{size:,} bytes"}), result.failed


def item_result(stored: Document) -> ItemResult:
    return ItemResult(stored["item"], stored["detail"], stored["failed"])


def facts(before: Document | None, after: Document) -> Sequence[Fact]:
    if before is None or before["state"] != after["state"] or before["told_at"] != after["told_at"]:
        return (JobProgressed,)
    return ()


def state_of(kind: type[Event], job: Document) -> Event:
    return kind.model_validate({**job, "id": job["_id"], "revision": job["_v"]})


def claimed(job: Document, *, epoch: int, killed: bool, now: datetime) -> Document:
    """Somebody begins to work on it. It counts how often whoever did so before was killed in the same step."""
    kills = job["kills"] + (1 if killed and job.get("claimed") else 0)
    return {
        **_without(job, *_WAITED),
        "state": "running",
        "epoch": epoch,
        "claimed": True,
        "kills": kills,
        "turn": iso(now),
    }


def counted(job: Document, *, step: Step, results: Sequence[Document], now: datetime) -> Document:
    """A step is over: the counts and where to go on, together. A job that was cancelled meanwhile stays so."""
    after = {
        **_without(job, *_WAITED),
        "done": job["done"] + len(results),
        "failed": job["failed"] + sum(bool(each["failed"]) for each in results),
        "cursor": step.cursor,
        "steps": job["steps"] + 1,
        "kills": 0,
        "failures": 0,
        "turn": iso(now),
    }
    if job["state"] != "running":
        return {**after, "told_at": iso(now)}
    if step.cursor is None:
        return ended({**after, "total": after["done"]}, "done")
    due = now - from_iso(job["told_at"]) >= TELL_EVERY
    return {**after, "reason": "", "told_at": iso(now)} if due else {**after, "reason": ""}


def undone(job: Document, *, cursor: str | None, now: datetime) -> Document:
    """Some of its results are reverted."""
    after = {**_without(job, *_WAITED), "revert_cursor": cursor, "kills": 0, "failures": 0, "turn": iso(now)}
    return after if cursor else ended({**after, "reverting": False}, "reverted")


def waiting(job: Document, *, reason: str, now: datetime, pause: timedelta) -> Document:
    """Something is down: it goes on after a pause."""
    waits = {"reason": storable(f"waits: {reason}", REASON), "retry_at": iso(now + pause)}
    first = {"told_at": iso(now)} if not job["failures"] else {}
    return {**_without(job, "claimed"), **waits, **first, "failures": job["failures"] + 1}


def rested(job: Document) -> Document:
    """Nobody works on it for now."""
    return _without(job, "claimed")


def ended(job: Document, state: str, reason: str = "") -> Document:
    return {**_without(job, *_ENDED), "state": state, "reason": storable(reason, REASON)}


def turned_back(job: Document) -> Document:
    """It shall be reverted."""
    return {**job, "state": "running", "reverting": True, "revert_cursor": None, "active": True, "reason": ""}


def _without(job: Document, *names: str) -> Document:
    return {name: value for name, value in job.items() if name not in names}
