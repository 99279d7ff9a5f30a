"""Jobs are done item by item, whoever is killed, cancelled or faster."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx
import pytest

from hub.api.actor import Seal
from hub.api.asking import AsService
from hub.api.public import publish
from hub.contracts.job import JobProgressed
from hub.jobs.endpoints import public
from hub.jobs.models import Args, ItemResult, Step, each
from hub.jobs.service import Jobs
from hub.kit.clock import SystemClock, iso
from hub.kit.errors import BlobsUnavailable, Conflict, NotFound, TooLarge
from hub.kit.http import service_app
from hub.kit.restraint import Restraint, hold, release
from hub.store.base import Document, Store
from hub.store.leases import LEASES
from hub.store.mongo import MongoStore
from hub.store.sqlite import SqliteStore
from hub.testing.fakes import FakeBus
from hub.testing.waiting import eventually

ROOT = Path(__file__).parents[3]


class Numbers:
    """Counts from 0: a page of numbers is a step, and each number is written down when its turn comes."""

    kind = "numbers"

    def __init__(self, *, sends: bool = False) -> None:
        self.sends = sends
        self.did: list[int] = []
        self.reverted: list[str] = []
        self.forgot: list[str] = []
        self.down = 0
        self.gate: asyncio.Event | None = None
        self.at_gate = asyncio.Event()

    async def total(self, args: Args) -> int | None:
        return int(args["count"])

    async def step(self, args: Args, cursor: str | None) -> Step:
        if self.down:
            self.down -= 1
            raise BlobsUnavailable("the disk is away")
        if cursor is not None and args.get("broken") == cursor:
            raise ValueError("nobody knows how to go on")
        if self.gate is not None and cursor:
            self.at_gate.set()
            await self.gate.wait()
        start = int(cursor or 0)
        end = min(start + args.get("page", 3), args["count"])
        results = await each(range(start, end), str, lambda number: self._look(number, args))

        async def act() -> None:
            self.did += [int(result.id) for result in results if not result.failed]

        return Step(results, str(end) if end < args["count"] else None, act)

    async def _look(self, number: int, args: Args) -> Document:
        if number in args.get("poison", ()):
            raise ValueError(f"{number} is poison")
        return {"square": number * number}

    def revertible(self, args: Args) -> bool:
        return not args.get("dry")

    async def revert(self, args: Args, results: list[ItemResult]) -> None:  # noqa: ARG002
        self.reverted += [result.id for result in results]

    async def forget(self, args: Args, results: list[ItemResult]) -> None:
        if self.down:
            self.down -= 1
            raise BlobsUnavailable("the disk is away")
        if args.get("stuck"):
            raise ValueError("nobody knows how to forget it")
        self.forgot += [result.id for result in results]


class Bench:
    def __init__(self, store: Store) -> None:
        self.store, self.bus, self.kind, self.restraint = store, FakeBus(), Numbers(), Restraint()
        self.jobs = self.copy("one")

    def copy(self, owner: str, *, kind: Numbers | None = None, lease: float = 30) -> Jobs:
        return Jobs(
            [kind or self.kind],
            service="tests",
            store=self.store,
            bus=self.bus,
            clock=SystemClock(),
            owner=owner,
            restraint=self.restraint,
            lease=timedelta(seconds=lease),
        )

    async def begin(self, count: int = 7, **args: Any) -> str:
        return (await self.jobs.begin("numbers", {"count": count, **args}, by="ivan")).id

    async def is_over(self, job_id: str, *states: str) -> Any:
        async def over() -> bool:
            return (await self.jobs.get(job_id)).state in (states or ("done", "failed", "cancelled", "reverted"))

        await eventually(over)
        return await self.jobs.get(job_id)

    async def results(self, job_id: str) -> list[tuple[str, str]]:
        return [(item.id, item.reason) for item in (await self.jobs.results(job_id)).items]

    def told(self) -> list[JobProgressed]:
        return [event for event in self.bus.events("jobs") if isinstance(event, JobProgressed)]


@pytest.fixture(params=["sqlite", pytest.param("mongo", marks=pytest.mark.connected)])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    store: Store = SqliteStore(tmp_path / "jobs.sqlite")
    if request.param == "mongo":
        url = request.getfixturevalue("mongo_server").url
        store = MongoStore(url, request.getfixturevalue("mongo_database"))
    made = Bench(store)
    await store.start()
    yield made
    await made.jobs.stop()
    await store.stop()


async def test_a_job_does_each_item_and_shows_what_became_of_it(bench: Bench) -> None:
    await bench.jobs.start()
    job_id = await bench.begin()
    job = await bench.is_over(job_id)
    assert (job.state, job.done, job.total, job.failed, job.by, job.reason) == ("done", 7, 7, 0, "ivan", "")
    assert bench.kind.did == list(range(7))
    first = await bench.jobs.results(job_id, limit=5)
    rest = await bench.jobs.results(job_id, limit=5, after=first.next)
    found = [(item.id, item.state, item.detail) for item in (*first.items, *rest.items)]
    assert found == [(str(n), "done", {"square": n * n}) for n in range(7)]


async def test_a_poison_item_fails_alone_with_its_reason(bench: Bench) -> None:
    await bench.jobs.start()
    job_id = await bench.begin(poison=[4])
    job = await bench.is_over(job_id)
    assert (job.state, job.done, job.failed) == ("done", 7, 1)
    assert [one for one in await bench.results(job_id) if one[1]] == [("4", "ValueError: 4 is poison")]
    assert bench.kind.did == [0, 1, 2, 3, 5, 6]


async def test_a_result_that_is_too_large_or_cannot_be_stored_spoils_nothing_else(bench: Bench) -> None:
    job_id = await bench.begin()
    job = await bench.jobs.repository.jobs.get(job_id)
    assert job is not None
    large, torn, twice = ItemResult("1", {"x": "x" * 70_000}), ItemResult("2", {"x": "\ud800"}), ItemResult("3")
    kept = await bench.jobs.repository.keep(job, [large, torn, twice, twice])
    assert [(each["item"], each["detail"], bool(each["failed"])) for each in kept] == [
        ("1", {"left_out": "70,008 bytes"}, False),
        ("2", {}, True),
        ("3", {}, False),
    ]


async def test_of_a_step_that_is_repeated_the_first_results_count_and_each_item_once(bench: Bench) -> None:
    job = await bench.jobs.repository.jobs.get(await bench.begin())
    assert job is not None
    keep = bench.jobs.repository.keep
    await keep(job, [ItemResult("1", {"was": "before"}, "poison")])
    again = await keep(job, [ItemResult("1", {"was": "after"}), ItemResult("2")])
    assert [(each["item"], each["detail"], each["failed"]) for each in again] == [
        ("1", {"was": "before"}, "poison"),
        ("2", {}, ""),
    ]
    later = await keep({**job, "steps": 1}, [ItemResult("2"), ItemResult("3")])
    assert [each["item"] for each in later] == ["3"]


async def test_a_stop_waits_for_the_step_in_hand_and_the_next_start_goes_on(bench: Bench) -> None:
    bench.kind.gate = asyncio.Event()
    await bench.jobs.start()
    job_id = await bench.begin()
    await bench.kind.at_gate.wait()
    stopping = asyncio.create_task(bench.jobs.stop())
    await asyncio.sleep(0.1)
    bench.kind.gate.set()
    await stopping
    assert bench.kind.did == list(range(6))
    stored = await bench.jobs.repository.jobs.get(job_id)
    assert stored is not None
    assert (stored["state"], stored["done"], "claimed" in stored) == ("running", 6, False)
    bench.jobs = bench.copy("two")
    await bench.jobs.start()
    assert (await bench.is_over(job_id)).state == "done"
    assert bench.kind.did == list(range(7))


async def test_a_job_that_cannot_go_on_is_failed_with_its_reason_and_others_go_on(bench: Bench) -> None:
    await bench.jobs.start()
    broken, sound = await bench.begin(broken="3"), await bench.begin()
    job = await bench.is_over(broken)
    assert (job.state, job.done, job.reason) == ("failed", 3, "ValueError: nobody knows how to go on")
    assert (await bench.is_over(sound)).state == "done"


async def test_what_is_down_is_tried_again_and_the_job_says_what_it_waits_for(bench: Bench) -> None:
    bench.kind.down = 1
    await bench.jobs.start()
    job_id = await bench.begin()

    async def waits() -> bool:
        return (await bench.jobs.get(job_id)).reason == "waits: the disk is away"

    await eventually(waits)
    job = await bench.is_over(job_id)
    assert (job.state, job.reason, bench.kind.did) == ("done", "", list(range(7)))


async def test_a_cancelled_job_stops_after_the_step_in_hand_and_shows_what_was_done(bench: Bench) -> None:
    bench.kind.gate = asyncio.Event()
    await bench.jobs.start()
    job_id = await bench.begin()
    await bench.kind.at_gate.wait()
    assert (await bench.jobs.cancel(job_id)).state == "cancelled"
    bench.kind.gate.set()

    async def counted() -> bool:
        return (await bench.jobs.get(job_id)).done == 6

    await eventually(counted)
    await asyncio.sleep(0.7)
    job = await bench.jobs.get(job_id)
    assert (job.state, job.done, bench.kind.did) == ("cancelled", 6, list(range(6)))
    assert [name for name, _ in await bench.results(job_id)] == [str(n) for n in range(6)]
    assert (bench.told()[-1].state, bench.told()[-1].done) == ("cancelled", 6)


async def test_a_queued_job_that_is_cancelled_never_begins_and_what_is_over_cannot_be_cancelled(bench: Bench) -> None:
    job_id = await bench.begin()
    await bench.jobs.cancel(job_id)
    await bench.jobs.start()
    other = await bench.begin()
    await bench.is_over(other)
    assert ((await bench.jobs.get(job_id)).state, bench.kind.did) == ("cancelled", list(range(7)))
    with pytest.raises(Conflict, match="this job is done"):
        await bench.jobs.cancel(other)
    with pytest.raises(NotFound):
        await bench.jobs.cancel("job_none")


async def test_of_two_copies_one_is_at_work_on_a_job(bench: Bench) -> None:
    other = bench.copy("two")
    bench.kind.gate = asyncio.Event()
    await bench.jobs.start()
    await other.start()
    job_id = await bench.begin()
    await bench.kind.at_gate.wait()
    await asyncio.sleep(1.2)
    bench.kind.gate.set()
    job = await bench.is_over(job_id)
    await other.stop()
    assert (job.state, bench.kind.did) == ("done", list(range(7)))


async def test_a_copy_that_lost_its_lease_changes_nothing_any_more(bench: Bench) -> None:
    asleep, awake = Numbers(), bench.kind
    asleep.gate = asyncio.Event()
    zombie = bench.copy("zombie", kind=asleep, lease=1)
    await zombie.start()
    job_id = await bench.begin()
    await asleep.at_gate.wait()
    lease = await bench.store.collection(LEASES).get(f"job/{job_id}")
    assert lease is not None
    await bench.store.collection(LEASES).swap({**lease, "owner": "nobody", "epoch": lease["epoch"] + 1})
    await bench.jobs.start()
    job = await bench.is_over(job_id)
    asleep.gate.set()
    await asyncio.sleep(0.2)
    await zombie.stop()
    assert (job.state, job.done) == ("done", 7)
    assert (asleep.did, awake.did) == ([0, 1, 2], [3, 4, 5, 6])


async def test_what_sends_rests_while_the_hub_is_held_and_what_does_not_goes_on(bench: Bench, tmp_path: Path) -> None:
    hold(tmp_path)
    bench.restraint = Restraint(tmp_path)
    sending = Numbers(sends=True)
    jobs = bench.copy("sending", kind=sending)
    await jobs.start()
    job_id = await bench.begin()
    await asyncio.sleep(1.2)
    assert ((await bench.jobs.get(job_id)).state, sending.did) == ("queued", [])
    release(tmp_path)
    assert (await bench.is_over(job_id)).state == "done"
    await jobs.stop()
    hold(tmp_path)
    await bench.jobs.start()
    assert (await bench.is_over(await bench.begin())).state == "done"


async def test_a_job_is_reverted_from_its_last_item_and_what_did_nothing_is_not(bench: Bench) -> None:
    await bench.jobs.start()
    job_id, dry = await bench.begin(poison=[2]), await bench.begin(dry=True)
    await bench.is_over(job_id)
    await bench.is_over(dry)
    await bench.jobs.revert(job_id)
    job = await bench.is_over(job_id, "reverted")
    assert (job.done, bench.kind.reverted) == (7, ["6", "5", "4", "3", "1", "0"])
    assert (await bench.jobs.revert(job_id)).state == "reverted"
    with pytest.raises(Conflict, match="nothing"):
        await bench.jobs.revert(dry)


async def test_progress_is_told_at_most_once_a_second_and_at_the_end(bench: Bench) -> None:
    await bench.jobs.start()
    job_id = await bench.begin(200, page=1)
    await bench.is_over(job_id)
    told = bench.told()
    assert [told[0].state, told[1].state, told[-1].state] == ["queued", "running", "done"]
    assert len(told) < 20
    assert (told[-1].done, told[-1].total, told[-1].service, told[-1].key()) == (200, 200, "tests", job_id)


async def test_the_same_start_with_the_same_key_is_one_job_and_large_arguments_are_refused(bench: Bench) -> None:
    first = await bench.jobs.begin("numbers", {"count": 1}, by="ivan", key="k")
    again = await bench.jobs.begin("numbers", {"count": 1}, by="ivan", key="k")
    other = await bench.jobs.begin("numbers", {"count": 1}, by="anna", key="k")
    assert (first.id == again.id, first.id == other.id) == (True, False)
    with pytest.raises(TooLarge):
        await bench.begin(text="x" * 300_000)


async def test_what_is_over_is_forgotten_after_90_days_with_its_results_and_what_is_not_stays(bench: Bench) -> None:
    await bench.jobs.start()
    old, young = await bench.begin(), await bench.begin()
    await bench.is_over(old)
    await bench.is_over(young)
    await bench.jobs.stop()
    waiting = await bench.begin()
    for job_id in (old, waiting):
        await bench.jobs.repository.jobs.amend(
            job_id, lambda job: {**job, "created_at": "2026-01-01T00:00:00.000000Z"}
        )
    now = datetime.now(UTC)
    kinds = {"numbers": bench.kind}
    assert await bench.jobs.repository.forget(now - timedelta(hours=1), {}) == 0
    assert await bench.jobs.repository.forget(now - timedelta(hours=1), kinds) == 1
    assert (await bench.jobs.repository.results(old, limit=10)).items == []
    assert {job.id for job in (await bench.jobs.page()).items} == {young, waiting}
    assert len(await bench.results(young)) == 7


async def a_job_of_old(bench: Bench, **args: Any) -> str:
    """Over, and begun 91 days ago."""
    job_id = await bench.begin(**args)
    await bench.is_over(job_id)
    at = iso(datetime.now(UTC) - timedelta(days=91))
    await bench.jobs.repository.jobs.amend(job_id, lambda job: {**job, "created_at": at})
    return job_id


async def test_what_a_job_keeps_beside_its_results_goes_with_it(bench: Bench) -> None:
    await bench.jobs.start()
    await a_job_of_old(bench, count=4)
    bench.kind.down = 1
    with pytest.raises(BlobsUnavailable):
        await bench.jobs.forget()
    assert (len((await bench.jobs.page()).items), bench.kind.forgot) == (1, [])
    assert (await bench.jobs.forget(), bench.kind.forgot) == (1, ["0", "1", "2", "3"])


async def test_a_job_that_cannot_be_forgotten_keeps_no_other_from_it(bench: Bench) -> None:
    await bench.jobs.start()
    stuck = await a_job_of_old(bench, stuck=True)
    await a_job_of_old(bench)
    assert await bench.jobs.forget() == 1
    assert [job.id for job in (await bench.jobs.page()).items] == [stuck]


async def test_what_is_old_enough_to_be_forgotten_is_not_reverted_any_more(bench: Bench) -> None:
    await bench.jobs.start()
    job_id = await a_job_of_old(bench)
    with pytest.raises(Conflict, match="older than 90 days"):
        await bench.jobs.revert(job_id)
    assert bench.kind.reverted == []


async def test_the_api_shows_jobs_the_newest_first_and_their_results_in_pages(bench: Bench) -> None:
    http = service_app("tests", checks={})
    seal = Seal(b"key", SystemClock())
    publish(http, public(bench.jobs), service="tests", seal=seal)
    asking = AsService(seal, "tests")
    api = httpx.AsyncClient(transport=httpx.ASGITransport(app=http), base_url="http://tests", auth=asking)
    await bench.jobs.start()
    ids = [await bench.begin(poison=[1]) for _ in range(3)]
    for job_id in ids:
        await bench.is_over(job_id)
    first = (await api.get("/jobs?limit=2")).json()
    rest = (await api.get("/jobs", params={"before": first["next"]})).json()
    assert [item["id"] for item in (*first["items"], *rest["items"])] == ids[::-1]
    assert rest["next"] is None
    shown = (await api.get(f"/jobs/{ids[0]}")).json()
    assert {name: shown[name] for name in ("kind", "state", "done", "total", "failed", "service")} == {
        "kind": "numbers",
        "state": "done",
        "done": 7,
        "total": 7,
        "failed": 1,
        "service": "tests",
    }
    results = (await api.get(f"/jobs/{ids[0]}/results?limit=2")).json()
    assert results["items"][1] == {"id": "1", "state": "failed", "reason": "ValueError: 1 is poison", "detail": {}}
    assert (await api.post(f"/jobs/{ids[0]}/cancel")).status_code == 409
    assert (await api.post(f"/jobs/{ids[0]}/revert")).status_code == 202
    await bench.is_over(ids[0], "reverted")
    assert [i["id"] for i in (await api.get("/jobs?state=reverted")).json()["items"]] == [ids[0]]
    assert (await api.get("/jobs/job_none/results")).status_code == 404
    await api.aclose()


KILLED = dedent("""
    import asyncio, sys
    from pathlib import Path
    from tests.hub.jobs.test_jobs import Bench, Numbers
    from hub.store.sqlite import SqliteStore

    class Written(Numbers):
        async def step(self, args, cursor):
            step = await super().step(args, cursor)
            async def act():
                with (Path(sys.argv[1]) / "did").open("a") as file:
                    file.write("".join(f"{result.id} " for result in step.results))
            return type(step)(step.results, step.cursor, act)

    async def main(folder):
        store = SqliteStore(folder / "jobs.sqlite")
        bench = Bench(store)
        bench.jobs = bench.copy("host/0", kind=Written())
        await store.start()
        await bench.jobs.start()
        job = await bench.jobs.begin("numbers", {"count": 9}, by="ivan", key="k")
        print(await bench.is_over(job.id), [id for id, _ in await bench.results(job.id)])
        await bench.jobs.stop()
        await store.stop()

    asyncio.run(main(Path(sys.argv[1])))
""")


def run(folder: Path, seam: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "OMNIHUB_SEAM": seam, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", KILLED, str(folder)]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seam", "did"),
    [
        ("job.after_results:2", "0 1 2 3 4 5 6 7 8"),
        ("job.after_act:2", "0 1 2 3 4 5 3 4 5 6 7 8"),
        ("job.after_step:2", "0 1 2 3 4 5 6 7 8"),
    ],
)
def test_a_job_whose_process_was_killed_goes_on_where_it_was(tmp_path: Path, seam: str, did: str) -> None:
    assert run(tmp_path, seam).returncode == -signal.SIGKILL
    done = run(tmp_path, "")
    assert done.returncode == 0, done.stderr
    assert "state='done' done=9 total=9 failed=0" in done.stdout
    assert "['0', '1', '2', '3', '4', '5', '6', '7', '8']" in done.stdout
    assert (tmp_path / "did").read_text().split() == did.split()


@pytest.mark.slow
def test_a_job_that_kills_its_process_again_and_again_is_failed(tmp_path: Path) -> None:
    for _ in range(5):
        assert run(tmp_path, "job.after_results").returncode == -signal.SIGKILL
    assert "the process ended 5 times during step 1" in run(tmp_path, "job.after_results").stdout
