"""A calendar at a secret address: who reads it, what it is good for, and when it ends."""

from typing import Any

import httpx


async def made(employee: httpx.AsyncClient) -> str:
    answer = await employee.post("/me/calendar")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["path"])


async def read(hub: Any, path: str) -> int:
    return int((await hub.client().get(f"http://hub{path}")).status_code)


async def test_an_address_is_read_without_a_login_as_its_owner_is_at_that_moment(hub: Any) -> None:
    anna = await hub.employee("operator", "anna")
    path = await made(anna)
    calendar = {"content-type": "text/calendar", "set-cookie": "x=y"}
    hub.peers.answers["GET", "/agenda/calendar"] = httpx.Response(200, headers=calendar, content=b"BEGIN:VCALENDAR")
    answer = await hub.client().get(f"http://hub{path}")
    assert (answer.status_code, answer.text) == (200, "BEGIN:VCALENDAR")
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("text/calendar", "private, no-store")
    assert "set-cookie" not in answer.headers
    actor = hub.peers.calls[-1].actor
    assert (actor.login, actor.role, actor.reach) == ("anna", "operator", ("owner:anna", "team:"))
    assert (await anna.get("/me/calendar")).json().keys() == {"created_at", "expires_at", "last_used_at"}


async def test_it_ends_when_it_is_renewed_or_revoked_and_when_its_owner_may_no_more(hub: Any) -> None:
    hub.peers.answers["GET", "/agenda/calendar"] = httpx.Response(200, content=b"")
    admin, anna = await hub.admin(), await hub.employee("operator", "anna")
    first, second = await made(anna), await made(anna)
    assert [await read(hub, first), await read(hub, second)] == [404, 200]
    assert (await admin.patch("/employees/anna", json={"active": False})).status_code == 200
    assert await read(hub, second) == 404
    assert (await admin.patch("/employees/anna", json={"active": True})).status_code == 200
    anna = await hub.log_in("anna")
    third = await made(anna)
    assert (await anna.delete("/me/calendar")).status_code == 204
    assert (await read(hub, third), (await anna.get("/me/calendar")).status_code) == (404, 404)


async def test_its_secret_opens_nothing_else_and_no_other_secret_opens_it(hub: Any) -> None:
    anna = await hub.employee("operator", "anna")
    secret = (await made(anna)).rpartition("/")[2].removesuffix(".ics")
    stolen = hub.client(secret)
    assert [(await stolen.get(path)).status_code for path in ("/me", "/agenda/calendar", "/chains")] == [401] * 3
    token = (await anna.post("/tokens", json={"name": "x"})).json()["token"]
    assert [await read(hub, f"/m/calendar/{each}.ics") for each in (token, "x" * 40)] == [404, 404]
    by_token = hub.client(token)
    assert (await by_token.post("/me/calendar")).status_code == 403
