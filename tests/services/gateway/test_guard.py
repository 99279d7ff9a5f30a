"""Every route asks who it is and whether he may; errors are problem documents; writes are in the audit."""

from datetime import timedelta
from typing import Any

import pytest

from hub.api.rights import RIGHTS, Right, Role

LOGINS = ("", "/browser", "/passkey/begin", "/passkey", "/passkey/browser")
OPEN = {("POST", f"/api/v1/sessions{login}") for login in LOGINS}
ALSO = {("POST", "/api/v1/attachments"): Right.MANAGE_CAMPAIGNS}
"""Where one of two rights is enough, the other one."""
UNGUARDED = {"/healthz", "/readyz", "/metrics", "/api/v1/docs", "/api/v1/openapi.json"}


def an_address(path: str) -> str:
    return path.removeprefix("/api/v1").replace("{", "").replace("}", "")


async def test_only_logins_are_open_to_all(hub: Any) -> None:
    assert {(method, path) for method, path, right in hub.operations if right is None} == OPEN


async def test_no_route_answers_without_a_token(hub: Any) -> None:
    for method, path, right in hub.operations:
        if right is None:
            continue
        answer = await hub.client().request(method, an_address(path), content=b"{not json")
        assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json"), path
    assert hub.peers.calls == []


async def test_no_role_gets_through_a_route_without_its_right(hub: Any) -> None:
    for role in Role:
        client = await (hub.admin() if role is Role.ADMINISTRATOR else hub.employee(role))
        has = {None, *RIGHTS[role]}
        lacking = [one[:2] for one in hub.operations if not {one[2], ALSO.get(one[:2], one[2])} & has]
        for method, path in lacking:
            answer = await client.request(method, an_address(path), content=b"{not json")
            assert (answer.status_code, answer.json()["title"]) == (403, "Not allowed"), (role, method, path)
    assert hub.peers.calls == []


async def test_health_and_the_documentation_need_no_login(hub: Any) -> None:
    client = hub.client()
    for path in UNGUARDED:
        assert (await client.get(f"http://hub{path}")).status_code == 200, path


async def test_an_unknown_address_and_a_wrong_method_are_problem_documents(hub: Any) -> None:
    missing = await hub.client().get("/nothing")
    wrong = await hub.client().put("/sessions")
    assert [a.headers["Content-Type"] for a in (missing, wrong)] == ["application/problem+json"] * 2
    assert (missing.status_code, missing.json()["title"]) == (404, "Not Found")
    assert wrong.status_code == 405
    assert wrong.json()["detail"].startswith("this address does not take this method; it takes ")


async def test_a_body_that_is_not_json_says_where(hub: Any) -> None:
    answer = await hub.client().post(
        "/sessions", content=b'{"login": admin}', headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert answer.json()["errors"] == {"body": "not JSON: Expecting value at character 10"}


async def test_an_unknown_parameter_is_named_with_those_that_exist(hub: Any) -> None:
    admin = await hub.admin()
    answer = await admin.get("/employees?lmit=3")
    assert answer.json()["errors"] == {"lmit": "unknown; known here: after, limit"}


async def test_a_limit_out_of_range_is_refused(hub: Any) -> None:
    admin = await hub.admin()
    for path in ("/employees", "/dead-letters", "/audit"):
        for limit in ("0", "501", "many"):
            answer = await admin.get(f"{path}?limit={limit}")
            assert (answer.status_code, list(answer.json()["errors"])) == (422, ["limit"]), path


async def test_a_cursor_that_is_not_ours_is_refused(hub: Any) -> None:
    assert (await (await hub.admin()).get("/employees?after=nonsense")).status_code == 422


async def test_a_body_over_the_limit_is_refused_also_without_a_declared_length(hub: Any) -> None:
    async def endless() -> Any:
        for _ in range(1_100):
            yield b"x" * 1024

    client = hub.client()
    declared = await client.post("/sessions", content=b"x" * (1024 * 1024 + 1))
    streamed = await client.post("/sessions", content=endless())
    assert [a.status_code for a in (declared, streamed)] == [413, 413]
    assert "1048576 bytes" in declared.json()["detail"]


async def test_answers_are_not_cached_and_not_sniffed(hub: Any) -> None:
    headers = (await (await hub.admin()).get("/me")).headers
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


async def test_writes_logins_and_refusals_are_in_the_audit_newest_first(hub: Any) -> None:
    operator = await hub.employee("operator")
    hub.clock.advance(timedelta(seconds=1))
    await hub.client().post("/sessions", json={"login": "operator", "password": "wrong"})
    hub.clock.advance(timedelta(seconds=1))
    await operator.delete("/employees/admin")
    await operator.get("/me")
    hub.clock.advance(timedelta(seconds=1))
    admin = await hub.admin()
    items = (await admin.get("/audit")).json()["items"]
    told = [(i["login"], i["method"], i["route"].removeprefix("/api/v1"), i["target"], i["status"]) for i in items]
    assert told[:3] == [
        ("-", "POST", "/sessions", "admin", 201),
        ("operator", "DELETE", "/employees/{login}", "admin", 403),
        ("-", "POST", "/sessions", "operator", 401),
    ]
    assert sorted(told[3:]) == [
        ("-", "POST", "/sessions", "admin", 201),
        ("-", "POST", "/sessions", "operator", 201),
        ("admin", "POST", "/employees", "operator", 201),
    ]
    assert {i["address"] for i in items} == {"127.0.0.1"}
    assert [i["status"] for i in (await admin.get("/audit?login=operator")).json()["items"]] == [403]
    assert len((await admin.get("/audit?target=operator&since=2026-03-02T09:00:00Z")).json()["items"]) == 3


async def test_the_explorer_needs_nothing_from_outside(hub: Any) -> None:
    page = await hub.client().get("/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    assert "https://" not in page.text
    assert "/api/v1/openapi.json" in page.text


HOSTILE = (
    b"",
    b"null",
    b"[]",
    b"[" * 100_000,
    b'{"days": ' + b"9" * 5_000 + b"}",
    b'{"login": "\\ud800", "password": "\\u0000", "name": "\\ud800", "text": "\\ud800", "reason": "\\udfff"}',
    b'{"name": NaN, "days": 1e999, "ids": [1], "text": {}, "login": [], "password": 1}',
    b"\xff\xfe\x00",
)
NOT_JSON = ("multipart/form-data; boundary=x", "text/plain")


@pytest.mark.slow
async def test_hostile_input_is_refused_and_never_a_fault_of_ours(whole: Any) -> None:
    admin = await whole.admin()
    strange = {"Idempotency-Key": "ключ".encode(), "Last-Event-ID": "\x7f"}
    for method, path, _ in whole.operations:
        if method in ("GET", "DELETE"):
            continue
        for number, body in enumerate(HOSTILE):
            for content_type in ("application/json", NOT_JSON[number % len(NOT_JSON)]):
                answer = await admin.request(
                    method, an_address(path), content=body, headers={"Content-Type": content_type}
                )
                assert answer.status_code < 500, (method, path, body[:20], answer.text)
    for address in ("/employees/%00", "/chains/%ff", "/dead-letters/%F0%9F%98%80", "/audit?login=%00&since=x"):
        assert (await admin.get(address, headers=strange)).status_code in (404, 422), address
    assert (
        await admin.post("/tokens", json={"name": "t"}, headers={"Authorization": b"Bearer \xff"})
    ).status_code == 401


async def test_of_refused_logins_the_tries_and_the_lock_are_in_the_audit_and_no_more(hub: Any) -> None:
    client = hub.client()
    for _ in range(12):
        await client.post("/sessions", json={"login": "anna", "password": "wrong"})
    await client.post("/sessions", json={})
    statuses = [item["status"] for item in (await (await hub.admin()).get("/audit")).json()["items"]]
    assert sorted(statuses) == [201] + [401] * 10 + [429]


async def test_a_gateway_that_never_started_stops(world: Any) -> None:
    await world.build().stop()


async def test_a_gateway_that_has_not_started_yet_says_so(world: Any, hub: Any) -> None:
    admin = await hub.admin()
    waiting = world.build()
    hub.gateway, first = waiting, hub.gateway
    client = hub.client(admin.headers["Authorization"].removeprefix("Bearer "))
    answers = [await client.get("/me"), await client.get("http://hub/readyz"), await client.get("http://hub/healthz")]
    hub.gateway = first
    await waiting.stop()
    assert [answer.status_code for answer in answers] == [503, 503, 200]


async def test_metrics_and_reasons_are_for_this_machine_alone(world: Any, hub: Any) -> None:
    waiting = world.build()
    hub.gateway, first = waiting, hub.gateway
    client, proxied = hub.client(), {"X-Forwarded-For": "192.0.2.7"}
    reasons = (await client.get("http://hub/readyz")).json().get("errors")
    ready = await client.get("http://hub/readyz", headers=proxied)
    metrics = await client.get("http://hub/metrics", headers=proxied)
    hub.gateway = first
    await waiting.stop()
    assert "store" in reasons
    assert (ready.status_code, "errors" in ready.json(), metrics.status_code) == (503, False, 403)


async def test_metrics_are_for_whoever_shows_the_token_where_one_is_set(world: Any, hub: Any) -> None:
    hub.gateway, first = world.build(OMNIHUB_GATEWAY__METRICS_TOKEN="for-the-metrics"), hub.gateway
    headers: list[dict[str, Any]] = [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": b"Bearer \xff"},
        {"Authorization": "Bearer for-the-metrics"},
    ]
    statuses = [(await hub.client().get("http://hub/metrics", headers=shown)).status_code for shown in headers]
    await hub.gateway.stop()
    hub.gateway = first
    assert statuses == [403, 403, 403, 200]


async def test_a_body_that_is_no_text_is_refused_as_any_other_that_is_wrong(hub: Any) -> None:
    answer = await (await hub.admin()).post(
        "/teams", content=b"\xff\xfe\x00", headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["errors"]) == (422, {"body": "not JSON in UTF-8"})
    headers = {"Content-Type": "multipart/form-data"}
    answer = await (await hub.admin()).post("/attachments", content=b"zzz", headers=headers)
    assert (answer.status_code, answer.json()["errors"]) == (422, {"body": "Missing boundary in multipart."})


async def test_an_idempotency_key_is_checked_also_where_the_answer_is_not_kept(hub: Any) -> None:
    answer = await (await hub.admin()).post("/tokens", json={"name": "x"}, headers={"Idempotency-Key": "k" * 256})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["Idempotency-Key"])


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/me", "GET, PATCH"),
        ("/roles/operator", "DELETE, PUT"),
        ("/sessions/browser", "POST"),
        ("/chains/changes", "POST"),
        ("/chains/ch_1", "GET, PATCH"),
    ],
)
async def test_an_address_names_all_its_methods_to_whoever_takes_another(hub: Any, path: str, allowed: str) -> None:
    answer = await (await hub.admin()).request("OPTIONS", path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
