"""Roles as data, teams, and whose records somebody reaches."""

from typing import Any

import pytest

ROLE = {
    "title": "Ночная смена",
    "rights": ["own_account", "read_correspondence"],
    "scopes": {"*": "own"},
    "hides": [],
}
CLIENTS = ("GET", "/clients", 200, {"items": [], "next": None})


async def reach(hub: Any, client: Any) -> tuple[str, ...]:
    """With what reach somebody's question about clients gets to the service."""
    hub.peers.answer(*CLIENTS)
    assert (await client.get("/clients")).status_code == 200
    found: tuple[str, ...] = hub.peers.calls[-1].actor.reach
    return found


async def a_team(admin: Any, name: str = "Поддержка", **over: Any) -> str:
    answer = await admin.post("/teams", json={"name": name, **over})
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    return found


async def test_the_four_roles_are_there_and_the_administrators_stays_as_it_is(hub: Any) -> None:
    admin = await hub.admin()
    roles = {role["name"]: role for role in (await admin.get("/roles")).json()["items"]}
    assert list(roles) == ["administrator", "supervisor", "operator", "marketer"]
    assert (roles["operator"]["scopes"], roles["operator"]["changed"]) == ({"*": "team"}, False)
    assert (await admin.put("/roles/administrator", json=ROLE)).status_code == 409


async def test_a_role_that_is_changed_counts_from_the_next_request_and_comes_back_when_removed(hub: Any) -> None:
    admin, operator = await hub.admin(), await hub.employee("operator")
    assert await reach(hub, operator) == ("owner:operator", "team:")
    changed = await admin.put("/roles/operator", json={**ROLE, "hides": ["addresses"]})
    assert (changed.status_code, changed.json()["changed"]) == (200, True)
    assert await reach(hub, operator) == ("owner:operator",)
    assert hub.peers.calls[-1].actor.hides == ("addresses",)
    assert (await operator.get("/channels")).status_code == 403
    me = (await operator.get("/me")).json()
    assert (me["rights"], me["scopes"], me["hides"]) == (
        ["own_account", "read_correspondence"],
        {"*": "own"},
        ["addresses"],
    )
    assert (await admin.delete("/roles/operator")).status_code == 204
    assert await reach(hub, operator) == ("owner:operator", "team:")


async def test_a_role_of_ones_own_is_made_given_and_not_removed_while_somebody_has_it(hub: Any) -> None:
    admin = await hub.admin()
    assert (await admin.put("/roles/night_shift", json=ROLE)).status_code == 200
    anna = await hub.employee("night_shift", "anna")
    assert await reach(hub, anna) == ("owner:anna",)
    refused = await admin.delete("/roles/night_shift")
    assert (refused.status_code, "anna has this role" in refused.json()["detail"]) == (409, True)
    await admin.patch("/employees/anna", json={"role": "operator"})
    assert (await admin.delete("/roles/night_shift")).status_code == 204


async def test_a_scope_may_differ_by_what_it_is_about_and_what_is_done(hub: Any) -> None:
    admin = await hub.admin()
    await admin.put(
        "/roles/night_shift", json={**ROLE, "scopes": {"*": "own", "client.read": "all", "chain": "none"}}
    )
    anna = await hub.employee("night_shift", "anna")
    assert await reach(hub, anna) == ("*",)
    hub.peers.answer("GET", "/chains", 200, {"items": [], "next": None})
    await anna.get("/chains")
    assert hub.peers.calls[-1].actor.reach == ()


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"scopes": {"clients": "all"}}, "scopes"),
        ({"scopes": {"client.read": "everything"}}, "scopes.client.read"),
        ({"rights": ["rule_the_world"]}, "rights.0"),
        ({"hides": ["names"]}, "hides.0"),
    ],
)
async def test_a_misspelt_role_is_refused_by_its_field(hub: Any, over: dict[str, Any], field: str) -> None:
    answer = await (await hub.admin()).put("/roles/night_shift", json={**ROLE, **over})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


async def test_a_member_reaches_what_his_team_has_and_a_lead_with_such_a_role_what_his_people_own(hub: Any) -> None:
    admin = await hub.admin()
    anna, olga = await hub.employee("operator", "anna"), await hub.employee("operator", "olga")
    team = await a_team(admin, lead="olga", members=["anna", "boris"][:1])
    assert await reach(hub, anna) == ("owner:anna", "team:", f"team:{team}")
    assert await reach(hub, olga) == ("owner:olga", "team:", f"team:{team}")
    await admin.put("/roles/operator", json={**ROLE, "scopes": {"*": "subordinates"}})
    assert await reach(hub, olga) == ("owner:anna", "owner:olga", "team:", f"team:{team}")
    assert await reach(hub, anna) == ("owner:anna", "team:", f"team:{team}")
    assert (await anna.get("/me")).json()["teams"] == [team]


async def test_a_substitute_leads_while_the_lead_is_away(hub: Any) -> None:
    admin = await hub.admin()
    await admin.put("/roles/operator", json={**ROLE, "scopes": {"*": "subordinates"}})
    people = {login: await hub.employee("operator", login) for login in ("anna", "olga", "ivan")}
    await a_team(admin, lead="olga", substitute="ivan", members=["anna"])
    assert "owner:anna" not in await reach(hub, people["ivan"])
    assert (await people["olga"].patch("/me", json={"absent": True})).status_code == 200
    assert "owner:anna" in await reach(hub, people["ivan"])
    assert "owner:anna" not in await reach(hub, people["olga"])
    await people["olga"].patch("/me", json={"absent": False})
    await admin.patch("/employees/olga", json={"active": False})
    assert "owner:anna" in await reach(hub, people["ivan"])


async def test_somebody_who_left_is_in_no_team_and_nobody_gets_his_login_again(hub: Any) -> None:
    admin = await hub.admin()
    for login in ("anna", "olga"):
        await hub.employee("operator", login)
    sales = await a_team(admin, name="Продажи", lead="anna", members=["anna", "olga"])
    legal = await a_team(admin, name="Юристы", lead="olga", substitute="anna")
    assert (await admin.delete("/employees/anna")).status_code == 204
    again = {"login": "anna", "name": "Анна", "role": "operator", "password": "correct-horse-7"}
    refused = await admin.post("/employees", json=again)
    assert (refused.status_code, list(refused.json()["errors"])) == (409, ["login"])
    teams = [(await admin.get(f"/teams/{team}")).json() for team in (sales, legal)]
    assert [(each["members"], each["lead"], each["substitute"]) for each in teams] == [
        (["olga"], None, None),
        ([], "olga", None),
    ]


async def test_a_team_is_changed_field_by_field_and_removed_when_nobody_is_in_it(hub: Any) -> None:
    admin = await hub.admin()
    await hub.employee("operator", "anna")
    given = {
        "members": ["anna", "anna"],
        "time_zone": "Europe/Moscow",
        "hours": [{"day": 1, "since": "09:00", "until": "18:00"}],
        "languages": ["ru", "en"],
        "skills": ["возвраты"],
    }
    team = await a_team(admin, **given)
    changed = (await admin.patch(f"/teams/{team}", json={"name": "Продажи", "time_zone": None})).json()
    assert changed == {
        "id": team,
        "name": "Продажи",
        **given,
        "members": ["anna"],
        "time_zone": None,
        "lead": None,
        "substitute": None,
    }
    assert (await admin.delete(f"/teams/{team}")).status_code == 409
    await admin.patch(f"/teams/{team}", json={"members": []})
    assert (await admin.delete(f"/teams/{team}")).status_code == 204
    assert (await admin.get(f"/teams/{team}")).status_code == 404


@pytest.mark.parametrize(
    ("team", "field"),
    [
        ({"members": ["nobody"]}, "members"),
        ({"lead": "nobody"}, "lead"),
        ({"time_zone": "Moscow"}, "time_zone"),
        ({"hours": [{"day": 1, "since": "18:00", "until": "09:00"}]}, "hours.0"),
        ({"hours": [{"day": 8, "since": "09:00", "until": "18:00"}]}, "hours.0.day"),
        ({"members": [f"e{n}" for n in range(201)]}, "members"),
    ],
)
async def test_a_wrong_team_is_refused_by_its_field(hub: Any, team: dict[str, Any], field: str) -> None:
    answer = await (await hub.admin()).post("/teams", json={"name": "Поддержка", **team})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


async def test_two_teams_are_not_called_the_same(hub: Any) -> None:
    admin = await hub.admin()
    await a_team(admin, "Поддержка")
    answer = await admin.post("/teams", json={"name": "поддержка"})
    assert (answer.status_code, list(answer.json()["errors"])) == (409, ["name"])


async def test_pressing_twice_makes_one_team(hub: Any) -> None:
    admin = await hub.admin()
    for _ in range(2):
        await admin.post("/teams", json={"name": "Поддержка"}, headers={"Idempotency-Key": "k"})
    assert len((await admin.get("/teams")).json()["items"]) == 1


async def test_another_gateway_knows_of_it_within_a_second(hub: Any, world: Any) -> None:
    from hub.testing.waiting import eventually

    other = world.build()
    await other.start()
    staff = other.http.state.parts.staff
    team = await a_team(await hub.admin())

    async def there() -> bool:
        return bool(staff.has_team(team))

    await eventually(there)
    await other.stop()


async def test_a_form_that_names_nobody_is_refused_before_the_service_is_asked(hub: Any) -> None:
    admin = await hub.admin()
    team = await a_team(admin)
    hub.peers.answer("PATCH", "/chains/ch_1", 200, {})
    for form in ({"owner": "nobody"}, {"team": "team_none"}, {"owner": "nobody", "team": "team_none"}):
        answer = await admin.patch("/chains/ch_1", json=form)
        assert (answer.status_code, sorted(answer.json()["errors"])) == (422, sorted(form))
    assert not [call for call in hub.peers.calls if call.method == "PATCH"]
    for form in ({"owner": "admin", "team": team}, {"owner": "", "team": ""}):
        assert (await admin.patch("/chains/ch_1", json=form)).status_code == 200


async def test_what_was_changed_about_roles_and_teams_is_in_the_audit(hub: Any) -> None:
    admin = await hub.admin()
    await admin.put("/roles/operator", json=ROLE)
    team = await a_team(admin)
    await admin.patch(f"/teams/{team}", json={"skills": ["возвраты"]})
    rows = {row["action"]: row for row in (await admin.get("/audit")).json()["items"]}
    scopes = next(change for change in rows["putRole"]["changes"] if change["field"] == "scopes.*")
    assert (scopes["before"], scopes["after"]) == ("team", "own")
    assert rows["changeTeam"]["changes"] == [{"field": "skills", "before": "", "after": "возвраты"}]
    assert rows["addTeam"]["target"] == team


async def test_everybody_knows_the_names_of_those_who_work_here_and_no_more_of_them(whole: Any) -> None:
    admin, anna = await whole.admin(), await whole.employee("operator", "anna")
    await whole.employee("operator", "gone")
    await admin.patch("/employees/gone", json={"active": False})
    listed = (await anna.get("/colleagues")).json()
    assert [one["login"] for one in listed["items"]] == ["admin", "anna"]
    assert {name for one in listed["items"] for name in one} == {"login", "name", "absent"}
    assert (await anna.get("/employees")).status_code == 403
    unknown = await anna.post("/tasks", json={"title": "Счёт", "watchers": ["nobody"]})
    assert (unknown.status_code, list(unknown.json()["errors"])) == (422, ["watchers"])
