"""The example of docs/jobs.md does what the page says."""

from pathlib import Path
from typing import Any

from hub.jobs.service import Jobs
from hub.kit.clock import SystemClock
from hub.kit.restraint import Restraint
from hub.store.base import CollectionSpec
from hub.store.sqlite import SqliteStore
from hub.testing.fakes import FakeBus
from hub.testing.waiting import eventually

PAGE = Path(__file__).parents[3] / "docs" / "jobs.md"


async def test_the_job_on_the_page_is_done_and_reverted(tmp_path: Path) -> None:
    code: dict[str, Any] = {}
    exec(PAGE.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0], code)
    store = SqliteStore(tmp_path / "store.sqlite")
    customers = store.collection(CollectionSpec("customers"))
    jobs = Jobs(
        [code["Tagging"](customers)],
        service="tests",
        store=store,
        bus=FakeBus(),
        clock=SystemClock(),
        owner="here",
        restraint=Restraint(),
    )
    await store.start()
    await customers.insert_many([{"_id": f"c{n}", "tags": ["vip"] if n == 7 else []} for n in range(250)])
    await jobs.start()
    job = await jobs.begin("tagging", {"tag": "vip"}, by="ivan")
    for state, tagged in (("done", 250), ("reverted", 1)):

        async def reached(wanted: str = state) -> bool:
            return (await jobs.get(job.id)).state == wanted

        await eventually(reached)
        found = (await customers.find({}, limit=250)).items
        assert sum("vip" in each["tags"] for each in found) == tagged
        if state == "done":
            await jobs.revert(job.id)
    await jobs.stop()
    await store.stop()
