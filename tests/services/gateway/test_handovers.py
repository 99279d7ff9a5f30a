"""All open work of an employee goes to somebody else, and comes back, with the real services behind the gateway."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.kit.clock import iso
from tests.services.gateway.test_bulk import chains, done

pytestmark = pytest.mark.slow


async def at_work(whole: Any) -> tuple[dict[str, Any], list[str], str, str]:
    """Anna owns three chains, one of them put aside and one closed, a client and a task."""
    admin = await whole.admin()
    people = {login: await whole.employee("operator", login) for login in ("anna", "boris")}
    ids = await chains(whole, 3)
    for chain_id in ids:
        await admin.patch(f"/chains/{chain_id}", json={"owner": "anna"})
    later = iso(datetime.now(UTC) + timedelta(days=3))
    await admin.patch(f"/chains/{ids[1]}", json={"snooze_until": later})
    await admin.patch(f"/chains/{ids[2]}", json={"state": "closed"})
    client = (await admin.post("/clients", json={"name": "Ромашка", "owner": "anna"})).json()["id"]
    task = (await admin.post("/tasks", json={"title": "Замер", "assignee": "anna"})).json()["id"]
    return {"admin": admin, **people}, ids, client, task


async def owners(people: dict[str, Any], ids: list[str], client: str, task: str) -> list[str | None]:
    admin = people["admin"]
    found = [(await admin.get(f"/chains/{chain_id}")).json()["owner"] for chain_id in ids]
    card, work = (await admin.get(f"/clients/{client}")).json(), (await admin.get(f"/tasks/{task}")).json()
    return [*found, card["owner"], work["assignee"]]


async def test_all_that_is_open_goes_to_a_colleague_and_comes_back_but_for_what_went_on(whole: Any) -> None:
    people, ids, client, task = await at_work(whole)
    before = await owners(people, ids, client, task)
    begun = await people["anna"].post("/handovers", json={"from_login": "anna", "to": "boris"})
    assert begun.status_code == 202, begun.text
    job = await done(people["anna"], begun.json())
    assert (job["done"], job["failed"]) == (4, 0)
    assert await owners(people, ids, client, task) == ["boris", "boris", "anna", "boris", "boris"]
    await people["boris"].patch(f"/tasks/{task}", json={"state": "done"})
    await people["admin"].patch(f"/chains/{ids[0]}", json={"owner": "admin"})
    await people["admin"].post(f"/jobs/{job['id']}/revert")
    await done(people["admin"], job, "reverted")
    assert await owners(people, ids, client, task) == ["admin", *before[1:4], "boris"]


async def test_it_goes_back_by_itself_at_its_time(whole: Any) -> None:
    people, ids, client, task = await at_work(whole)
    before = await owners(people, ids, client, task)
    until = iso(datetime.now(UTC) + timedelta(seconds=4))
    form = {"from_login": "anna", "to": "boris", "until": until, "what": ["chains"]}
    job = await done(people["admin"], (await people["admin"].post("/handovers", json=form)).json())
    assert job["done"] == 2
    await done(people["admin"], job, "reverted")
    assert await owners(people, ids, client, task) == before


async def test_nobody_hands_over_the_work_of_those_whom_he_does_not_lead(whole: Any) -> None:
    people, ids, client, task = await at_work(whole)
    before = await owners(people, ids, client, task)
    refused = await people["boris"].post("/handovers", json={"from_login": "anna", "to": "boris"})
    assert refused.status_code == 403
    assert await owners(people, ids, client, task) == before


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"from_login": "anna"}, ""),
        ({"from_login": "anna", "to": "anna"}, ""),
        ({"from_login": "anna", "to": "nobody"}, "to"),
        ({"from_login": "anna", "to": "boris", "until": "2020-01-01T00:00:00Z"}, "until"),
    ],
)
async def test_a_handover_that_cannot_be_is_refused(whole: Any, form: dict[str, Any], field: str) -> None:
    admin = await whole.admin()
    for login in ("anna", "boris"):
        await whole.employee("operator", login)
    refused = await admin.post("/handovers", json=form)
    assert refused.status_code == 422, refused.text
    assert not field or list(refused.json()["errors"]) == [field]
