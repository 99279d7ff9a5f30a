"""Employees: roles, uniqueness, and the administrator who always stays."""

import asyncio
from datetime import timedelta
from typing import Any

from hub.contracts.registry import REGISTRY

PASSWORD = "correct-horse-7"
ANNA = {"login": "anna", "name": "Anna Petrova", "role": "operator", "password": PASSWORD}


async def test_an_administrator_adds_shows_changes_and_removes_an_employee(hub: Any) -> None:
    admin = await hub.admin()
    added = await admin.post("/employees", json=ANNA)
    assert (added.status_code, added.headers["Location"]) == (201, "/api/v1/employees/anna")
    changed = await admin.patch("/employees/anna", json={"role": "supervisor", "name": "Anna P."})
    assert {k: changed.json()[k] for k in ("role", "name", "active")} == {
        "role": "supervisor",
        "name": "Anna P.",
        "active": True,
    }
    assert [e["login"] for e in (await admin.get("/employees")).json()["items"]] == ["admin", "anna"]
    assert (await admin.delete("/employees/anna")).status_code == 204
    assert (await admin.get("/employees/anna")).status_code == 404


async def test_a_login_that_is_taken_is_refused(hub: Any) -> None:
    admin = await hub.admin()
    await admin.post("/employees", json=ANNA)
    again = await admin.post("/employees", json=ANNA)
    assert (again.status_code, again.json()["errors"]) == (409, {"login": "taken; choose another"})


async def test_a_role_that_there_is_not_is_refused_with_those_that_there_are(hub: Any) -> None:
    admin = await hub.admin()
    answer = await admin.post("/employees", json={**ANNA, "role": "boss"})
    assert answer.status_code == 422
    assert "administrator, supervisor, operator, marketer" in answer.json()["errors"]["role"]


async def test_bad_input_names_the_field_and_the_fix(hub: Any) -> None:
    admin = await hub.admin()
    answer = await admin.post("/employees", json={"login": "A B", "name": "", "role": "boss", "salary": 1})
    assert answer.status_code == 422
    assert answer.json()["errors"] == {
        "login": "String should match pattern '^[a-z0-9][a-z0-9._@-]{0,62}$'",
        "name": "String should have at least 1 character",
        "password": "required; add it",
        "salary": "unknown field; remove it",
    }


async def test_an_employee_who_is_switched_off_is_out_at_once(hub: Any) -> None:
    admin, operator = await hub.admin(), await hub.employee("operator")
    token = (await operator.post("/tokens", json={"name": "t"})).json()["token"]
    await admin.patch("/employees/operator", json={"active": False})
    assert (await operator.get("/me")).status_code == 401
    assert (await hub.client(token).get("/me")).status_code == 401
    login = await hub.client().post("/sessions", json={"login": "operator", "password": PASSWORD})
    assert login.status_code == 401


async def test_a_new_employee_with_an_old_login_does_not_inherit_tokens(hub: Any) -> None:
    admin = await hub.admin()
    await admin.post("/employees", json=ANNA)
    anna = await hub.log_in("anna")
    await admin.delete("/employees/anna")
    hub.clock.advance(timedelta(seconds=1))
    await admin.post("/employees", json=ANNA)
    assert (await anna.get("/me")).status_code == 401


async def test_the_last_administrator_cannot_be_removed_switched_off_or_demoted(hub: Any) -> None:
    admin = await hub.admin()
    tries = [
        await admin.delete("/employees/admin"),
        await admin.patch("/employees/admin", json={"active": False}),
        await admin.patch("/employees/admin", json={"role": "operator"}),
    ]
    assert [answer.status_code for answer in tries] == [409, 409, 409]
    assert (await admin.get("/me")).json()["employee"]["role"] == "administrator"


async def test_of_two_administrators_who_remove_each_other_at_once_one_stays(hub: Any) -> None:
    for round_ in range(5):
        other = f"boss{round_}"
        boss = await hub.employee("administrator", other)
        admin = await hub.admin()
        answers = await asyncio.gather(
            boss.patch("/employees/admin", json={"role": "operator"}),
            admin.patch(f"/employees/{other}", json={"role": "operator"}),
        )
        assert sorted(answer.status_code for answer in answers) in ([200, 403], [200, 409])
        winner = boss if answers[0].status_code == 200 else admin
        await winner.patch("/employees/admin", json={"role": "administrator"})
        await (await hub.admin()).patch(f"/employees/{other}", json={"role": "operator"})


async def test_the_first_start_makes_up_a_password_and_tells_it_once(world: Any) -> None:
    del world.environ["OMNIHUB_ADMIN_PASSWORD"]
    first, second = world.build(), world.build()
    await first.start()
    await second.start()
    assert first.first_password
    assert second.first_password is None
    desk = second.http.state.parts.desk
    granted, _ = await desk.log_in("admin", first.first_password, address="-", program="")
    assert granted.token
    await second.stop()
    await first.stop()


async def test_gateways_that_start_together_make_one_administrator(world: Any) -> None:
    del world.environ["OMNIHUB_ADMIN_PASSWORD"]
    gateways = [world.build() for _ in range(4)]
    await asyncio.gather(*(gateway.start() for gateway in gateways))
    told = [gateway.first_password for gateway in gateways if gateway.first_password]
    desk = gateways[0].http.state.parts.desk
    granted, _ = await desk.log_in("admin", told[0], address="-", program="")
    for gateway in gateways:
        await gateway.stop()
    assert len(told) == 1
    assert granted.token


async def test_a_lost_made_up_password_is_replaced_by_the_setting_but_a_chosen_one_is_not(world: Any) -> None:
    password = world.environ.pop("OMNIHUB_ADMIN_PASSWORD")
    for environ, works in (({}, None), ({"OMNIHUB_ADMIN_PASSWORD": password}, password), ({}, password)):
        gateway = world.build(**environ)
        await gateway.start()
        if works:
            await gateway.http.state.parts.desk.log_in("admin", works, address="-", program="")
        await gateway.stop()
    gateway = world.build(OMNIHUB_ADMIN_PASSWORD="another-one-9")
    await gateway.start()
    await gateway.http.state.parts.desk.log_in("admin", password, address="-", program="")
    await gateway.stop()


async def test_who_works_here_is_told_at_the_start_and_whenever_it_changes(hub: Any) -> None:
    reader = await hub.bus.reader(["employees"])
    admin = await hub.admin()
    form = {"login": "olga", "name": "Ольга Смирнова", "role": "operator", "password": "correct-horse-7"}
    await admin.post("/employees", json=form)
    await admin.patch("/employees/olga", json={"active": False})
    told = [REGISTRY.decode(record).event.names for record in await reader.read(wait=1)]
    await reader.close()
    assert told == [("Administrator",), ("Administrator", "Ольга Смирнова"), ("Administrator",)]


async def test_that_a_password_is_new_is_told_to_whoever_keeps_what_was_granted_on_it(hub: Any) -> None:
    reader = await hub.bus.reader(["employees"])
    admin, operator = await hub.admin(), await hub.employee("operator")
    new = {"current": PASSWORD, "new": "battery-staple-8"}
    assert (await operator.post("/me/password", json=new)).status_code == 204
    await admin.patch("/employees/operator", json={"password": PASSWORD})
    told = [REGISTRY.decode(record).event.people for record in await reader.read(wait=1)]
    await reader.close()
    assert [one.epoch for people in told for one in people if one.login == "operator"][-3:] == [0, 1, 2]
