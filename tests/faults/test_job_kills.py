"""The hub is killed in the middle of a job; after a restart the job goes on, and each item is there once."""

import signal
from typing import Any

import pytest

from hub.testing.waiting import until

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seam", ["job.after_results", "job.after_act", "job.after_step"])
def test_a_hub_killed_in_a_job_goes_on_with_it_and_shows_it(world: Any, seam: str) -> None:
    client = world.start(seam=seam)
    subjects = {f"{seam} {number}" for number in range(3)}
    for subject in sorted(subjects):
        world.customer(0).writes(world.support, subject, "Здравствуйте!")
    until(lambda: {i["subject"] for i in client.all("/interactions")} >= subjects)
    box = client.get("/mailboxes")["items"][0]["id"]
    job = client.post(f"/mailboxes/{box}/reread", json={"apply": True})
    assert world.hub.wait() == -signal.SIGKILL
    client.close()
    client = world.start()
    until(lambda: client.get(f"/jobs/{job['id']}")["state"] == "done")
    shown = next(item for item in client.get("/jobs")["items"] if item["id"] == job["id"])
    results = client.all(f"/jobs/{job['id']}/results")
    known = {i["id"] for i in client.all("/interactions") if i["subject"] in subjects}
    assert (shown["done"], shown["total"], shown["failed"], shown["by"]) == (len(results), len(results), 0, "admin")
    assert {one["detail"]["id"] for one in results} >= known
    assert len({one["id"] for one in results}) == len(results)
    assert {tuple(one["detail"]["changed"]) for one in results} == {()}
    client.close()
    world.hub.stop()
