"""Jobs of all services through one door, for those who may."""

from typing import Any

import httpx
import orjson

from tests.services.gateway.conftest import declared


def a_job(job_id: str, *, at: str = "2026-03-02T09:00:00.000000Z", service: str = "email") -> dict[str, Any]:
    return {
        "id": job_id,
        "kind": "reread",
        "state": "running",
        "done": 1,
        "total": 2,
        "failed": 0,
        "created_at": at,
        "by": "ivan",
        "service": service,
        "reason": "",
    }


async def with_jobs(hub: Any, service: str) -> None:
    """From now on this service has jobs, too."""
    told = orjson.loads(await declared("email", "/operations"))
    jobs = [one for one in told["operations"] if one["noun"] == "job"]
    for other in ("interactions", "campaigns"):
        hub.peers.answer("GET", f"//{other}/jobs", 200, {"items": [], "next": None})
    hub.peers.answer("GET", f"//{service}/operations", 200, {"service": service, "operations": jobs})
    await hub.gateway.http.state.parts.table.refresh()


async def test_the_jobs_of_all_services_are_one_list_the_newest_first(hub: Any) -> None:
    old, mid = a_job("job_1", at="2026-03-02T09:00:00.000000Z"), a_job("job_3", at="2026-03-02T09:02:00.000000Z")
    new = a_job("job_2", at="2026-03-02T09:03:00.000000Z", service="messaging")
    await with_jobs(hub, "messaging")
    hub.peers.answer("GET", "//email/jobs", 200, {"items": [mid, old], "next": None})
    hub.peers.answer("GET", "//messaging/jobs", 200, {"items": [new], "next": None})
    operator = await hub.employee("operator")
    assert (await operator.get("/jobs")).json() == {"items": [new, mid, old], "next": None, "silent": []}
    page = (await operator.get("/jobs?limit=2&state=running")).json()
    assert (page["items"], page["next"]) == ([new, mid], "2026-03-02T09:02:00.000000Z")
    assert hub.peers.calls[-1].query == {"limit": "2", "state": "running"}
    await operator.get("/jobs", params={"before": page["next"]})
    assert hub.peers.calls[-1].query == {"before": "2026-03-02T09:02:00.000000Z"}


async def test_a_service_that_does_not_answer_is_named(hub: Any) -> None:
    await with_jobs(hub, "messaging")
    hub.peers.answer("GET", "//messaging/jobs", 200, {"items": [], "next": None})
    hub.peers.answers["GET", "//email/jobs"] = httpx.ConnectError("refused")
    assert (await (await hub.admin()).get("/jobs")).json() == {"items": [], "next": None, "silent": ["email"]}


async def test_a_job_is_shown_cancelled_and_reverted_where_it_is(hub: Any) -> None:
    await with_jobs(hub, "messaging")
    job, results = a_job("job_1"), {"items": [], "next": None}
    hub.peers.answer("GET", "//email/jobs/job_1", 200, job)
    hub.peers.answer("GET", "//email/jobs/job_1/results", 200, results)
    hub.peers.answer("POST", "//email/jobs/job_1/cancel", 200, job)
    hub.peers.answer("POST", "//email/jobs/job_1/revert", 202, job)
    admin = await hub.admin()
    assert (await admin.get("/jobs/job_1")).json() == job
    assert (await admin.get("/jobs/job_1/results?limit=5")).json() == results
    assert (await admin.post("/jobs/job_1/cancel")).json() == job
    assert (await admin.post("/jobs/job_1/revert", headers={"Idempotency-Key": "k"})).status_code == 202
    assert {(call.employee, call.key[:4]) for call in hub.peers.calls[-2:]} == {("admin", "use_")}


async def test_a_job_nobody_has_is_not_found_unless_one_that_may_have_it_is_silent(hub: Any) -> None:
    await with_jobs(hub, "messaging")
    admin = await hub.admin()
    assert (await admin.get("/jobs/job_none")).status_code == 404
    hub.peers.answers["GET", "//email/jobs/job_none"] = httpx.ConnectError("refused")
    assert (await admin.get("/jobs/job_none")).status_code == 503


async def test_whoever_may_not_manage_jobs_only_looks_at_them(hub: Any) -> None:
    hub.peers.answer("GET", "//email/jobs/job_1", 200, a_job("job_1"))
    for role in ("operator", "marketer", "supervisor"):
        client = await hub.employee(role)
        assert (await client.get("/jobs/job_1")).status_code == 200
        for path in ("/jobs/job_1/cancel", "/jobs/job_1/revert"):
            assert (await client.post(path)).status_code == 403
        assert (await client.post("/mailboxes/mb_1/reread", json={"apply": False})).status_code == 403
    assert {call.method for call in hub.peers.calls} == {"GET"}
