"""The same write again gets the first result; two at once are done once."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from hub.api.rights import Role
from hub.idempotency import Result
from hub.kit.ids import derive
from hub.testing.waiting import eventually
from services.gateway.attachments.service import File

KEY = {"Idempotency-Key": "3f1c"}
ANNA = {"login": "anna", "name": "Anna", "role": "operator", "password": "correct-horse-7"}
PATH = "/chains/ch_1/messages"


async def test_the_same_write_again_gets_the_first_result(hub: Any) -> None:
    admin = await hub.admin()
    first = await admin.post("/employees", json=ANNA, headers=KEY)
    again = await admin.post("/employees", json=ANNA, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]


async def test_a_refusal_is_also_given_again(hub: Any) -> None:
    admin = await hub.admin()
    first = await admin.post("/employees", json={**ANNA, "role": "boss"}, headers=KEY)
    again = await admin.post("/employees", json={**ANNA, "role": "boss"}, headers=KEY)
    assert (first.status_code, again.status_code, again.headers["Idempotency-Replayed"]) == (422, 422, "true")
    assert again.headers["Content-Type"] == "application/problem+json"


async def test_a_key_with_another_body_is_refused(hub: Any) -> None:
    admin = await hub.admin()
    await admin.post("/employees", json=ANNA, headers=KEY)
    other = await admin.post("/employees", json={**ANNA, "login": "ivan"}, headers=KEY)
    assert (other.status_code, list(other.json()["errors"])) == (422, ["Idempotency-Key"])


async def test_the_same_key_of_two_employees_means_two_things(hub: Any) -> None:
    hub.peers.answer("POST", PATH, 202, {"id": "int_1"})
    for login in ("anna", "ivan"):
        client = await hub.employee("operator", login)
        answer = await client.post(PATH, json={"text": login}, headers=KEY)
        assert (answer.status_code, "Idempotency-Replayed" in answer.headers) == (202, False)


async def test_a_key_is_forgotten_after_a_day(hub: Any) -> None:
    await (await hub.admin()).post("/employees", json=ANNA, headers=KEY)
    hub.clock.advance(timedelta(hours=24))
    again = await (await hub.admin()).post("/employees", json={**ANNA, "login": "ivan"}, headers=KEY)
    assert again.status_code == 201


async def test_two_at_once_are_done_once(hub: Any) -> None:
    admin = await hub.admin()
    hub.peers.answer("POST", PATH, 202, {"id": "int_1"})
    hub.peers.gate = asyncio.Event()
    both = [asyncio.create_task(admin.post(PATH, json={"text": "Hello"}, headers=KEY)) for _ in range(2)]
    await eventually(lambda: hub.peers.calls)
    hub.peers.gate.set()
    answers = [await one for one in both]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert sorted("Idempotency-Replayed" in answer.headers for answer in answers) == [False, True]
    assert len(hub.peers.calls) == 1


async def test_what_failed_is_tried_again_with_the_same_key(hub: Any) -> None:
    admin = await hub.admin()
    hub.peers.answers["POST", PATH] = httpx.ConnectError("down")
    down = await admin.post(PATH, json={"text": "Hello"}, headers=KEY)
    hub.peers.answer("POST", PATH, 202, {"id": "int_1"})
    up = await admin.post(PATH, json={"text": "Hello"}, headers=KEY)
    assert (down.status_code, up.status_code) == (503, 202)
    assert len(hub.peers.calls) == 2
    assert len({call.key for call in hub.peers.calls}) == 1


@pytest.mark.parametrize("status", [408, 409, 423, 425, 429, 500, 503])
async def test_what_may_be_otherwise_a_moment_later_is_not_kept(hub: Any, status: int) -> None:
    admin = await hub.admin()
    hub.peers.answer("POST", PATH, status, {"title": "not now", "status": status})
    early = await admin.post(PATH, json={"text": "Hello"}, headers=KEY)
    hub.peers.answer("POST", PATH, 202, {"id": "int_1"})
    later = [await admin.post(PATH, json={"text": "Hello"}, headers=KEY) for _ in range(2)]
    assert (early.status_code, [answer.status_code for answer in later]) == (status, [202, 202])
    assert ["Idempotency-Replayed" in answer.headers for answer in later] == [False, True]
    assert len(hub.peers.calls) == 2


@pytest.mark.parametrize("status", [404, 413, 422])
async def test_what_stays_refused_is_kept(hub: Any, status: int) -> None:
    admin = await hub.admin()
    hub.peers.answer("POST", PATH, status, {"title": "never", "status": status})
    answers = [await admin.post(PATH, json={"text": "Hello"}, headers=KEY) for _ in range(2)]
    assert ([answer.status_code for answer in answers], len(hub.peers.calls)) == ([status, status], 1)


async def test_a_write_that_a_crash_cut_short_is_done_again_once_its_lease_is_over(hub: Any) -> None:
    admin = await hub.admin()
    hub.peers.answer("POST", PATH, 202, {"id": "int_1"})
    hub.peers.gate = asyncio.Event()
    lost = asyncio.create_task(admin.post(PATH, json={"text": "Hello"}, headers=KEY))
    await eventually(lambda: hub.peers.calls)
    keys = hub.gateway.http.state.parts.keys
    stored = await keys._keys.get((await keys._keys.find({}, limit=1)).items[0]["_id"])
    hub.peers.gate.set()
    await lost
    # As a killed process leaves it: claimed, never finished.
    now = await keys._keys.get(stored["_id"])
    await keys._keys.swap({**stored, "_v": now["_v"]})
    hub.clock.advance(timedelta(seconds=5))
    again = await admin.post(PATH, json={"text": "Hello"}, headers=KEY)
    assert (again.status_code, "Idempotency-Replayed" in again.headers) == (202, False)
    assert len(hub.peers.calls) == 2
    assert len({call.key for call in hub.peers.calls}) == 1


async def test_who_lost_his_claim_to_another_writes_nothing_over_the_others_answer(hub: Any) -> None:
    keys = hub.gateway.http.state.parts.keys
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: str) -> Result:
        begun.set()
        await go_on.wait()
        return Result(202, {}, b"late")

    async def quick(_: str) -> Result:
        return Result(202, {}, b"first")

    late = asyncio.create_task(keys.once("admin", "k", request=b"x", act=slow))
    await begun.wait()
    hub.clock.advance(timedelta(minutes=5))  # it slept through its lease, as a process that was stopped does
    assert (await keys.once("admin", "k", request=b"x", act=quick))[0].body == b"first"
    go_on.set()
    await late
    assert await keys.once("admin", "k", request=b"x", act=slow) == (Result(202, {}, b"first"), True)


async def test_a_repeated_employee_after_a_lost_answer_is_the_same_employee(hub: Any) -> None:
    employees = hub.gateway.http.state.parts.employees
    for _ in range(2):
        made = await employees.create("anna", name="Anna", role=Role.OPERATOR, password="x" * 10, key="w_1")
        assert made.login == "anna"


async def test_a_key_that_is_no_key_is_refused(hub: Any) -> None:
    admin = await hub.admin()
    for key in ("", "x" * 256):
        answer = await admin.post("/employees", json=ANNA, headers={"Idempotency-Key": key})
        assert (answer.status_code, list(answer.json()["errors"])) == (422, ["Idempotency-Key"])


async def test_secrets_are_never_given_again(hub: Any) -> None:
    admin = await hub.admin()
    tokens = [(await admin.post("/tokens", json={"name": "t"}, headers=KEY)).json()["token"] for _ in range(2)]
    assert tokens[0] != tokens[1]


async def test_a_key_that_comes_again_after_its_time_changes_nothing_of_what_it_made(hub: Any) -> None:
    operator = await hub.employee("operator")
    first = await operator.post("/attachments?filename=contract.pdf", content=b"CONTRACT", headers=KEY)
    hub.clock.advance(timedelta(hours=24))
    operator = await hub.log_in("operator")
    second = await operator.post("/attachments?filename=other.txt", content=b"other", headers=KEY)
    assert second.status_code == 201
    assert first.json()["id"] != second.json()["id"]
    kept = [hub.blobs.content[f"uploads/{one.json()['id']}"] for one in (first, second)]
    assert kept == [b"CONTRACT", b"other"]


async def test_a_key_that_comes_again_after_its_time_is_another_write_for_the_services_too(hub: Any) -> None:
    hub.peers.answer("POST", PATH, 202, {"id": "int_1"})
    for _ in range(2):
        operator = await hub.log_in("admin")
        await operator.post(PATH, json={"text": "Hello"}, headers=KEY)
        hub.clock.advance(timedelta(hours=24))
    first, second = hub.peers.calls
    assert first.key != second.key
    assert "3f1c" not in first.key + second.key


async def test_an_upload_cut_short_and_repeated_is_one_upload(hub: Any) -> None:
    attachments = hub.gateway.http.state.parts.attachments
    file = File("a.txt", "text/plain", b"hello")
    first = await attachments.keep(file, login="operator", write="w_1")
    again = await attachments.keep(File("a.txt", "text/plain", b"else"), login="operator", write="w_1")
    assert (first, hub.blobs.content[again.blob]) == (again, b"hello")


async def test_the_id_of_an_upload_does_not_follow_from_what_its_owner_sent(hub: Any) -> None:
    operator = await hub.employee("operator")
    made = (await operator.post("/attachments?filename=a", content=b"a", headers=KEY)).json()["id"]
    assert made != derive("att", derive("w", "operator", KEY["Idempotency-Key"]))


async def test_an_answer_is_not_given_again_to_somebody_who_is_shown_less_by_now(hub: Any) -> None:
    admin, operator = await hub.admin(), await hub.employee("operator")
    hub.peers.answer("POST", PATH, 202, {"id": "int_1", "to": "+7 916 700-00-01"})
    assert (await operator.post(PATH, json={"text": "Hello"}, headers=KEY)).status_code == 202
    role = (await admin.get("/roles")).json()["items"]
    now = next({**each, "hides": ["addresses"]} for each in role if each["name"] == "operator")
    for known in ("name", "changed"):
        now.pop(known)
    assert (await admin.put("/roles/operator", json=now)).status_code == 200
    again = await operator.post(PATH, json={"text": "Hello"}, headers=KEY)
    assert (again.status_code, "read it anew" in again.json()["detail"]) == (409, True)
    assert len(hub.peers.calls) == 1
