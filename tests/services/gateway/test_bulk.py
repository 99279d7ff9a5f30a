"""What people do to many chains at once, with the real services behind the gateway."""

from typing import Any

import pytest

from hub.testing.builders import an_arrival, envelopes
from hub.testing.waiting import eventually

pytestmark = pytest.mark.slow


async def chains(whole: Any, count: int) -> list[str]:
    """Ids of as many new chains."""
    bus = whole.footing.bus("tests")
    await bus.start()
    await bus.publish(envelopes(*(an_arrival(n, sender=f"c{n}@example.com") for n in range(count))))
    await bus.stop()
    admin = await whole.admin()

    async def there() -> list[str]:
        return [chain["id"] for chain in (await admin.get("/chains", params={"limit": 500})).json()["items"]]

    found: list[str] = await eventually(there, lambda ids: len(ids) == count)
    return found


async def done(client: Any, job: dict[str, Any], state: str = "done") -> dict[str, Any]:
    async def look() -> dict[str, Any]:
        found: dict[str, Any] = (await client.get(f"/jobs/{job['id']}")).json()
        return found

    ended: dict[str, Any] = await eventually(look, lambda found: found["state"] == state)
    return ended


async def test_many_are_handed_over_with_a_result_for_each_and_taken_back(whole: Any) -> None:
    admin, anna = await whole.admin(), await whole.employee("operator", "anna")
    ids = await chains(whole, 120)
    begun = await anna.post("/chains/changes", json={"ids": [*ids, "ch_none", ids[0]], "owner": "anna"})
    assert begun.status_code == 202, begun.text
    job = await done(anna, begun.json())
    assert (job["kind"], job["by"], job["done"], job["failed"], job["total"]) == (
        "chains.change",
        "anna",
        121,
        1,
        121,
    )
    results = (await anna.get(f"/jobs/{job['id']}/results", params={"limit": 500})).json()["items"]
    assert [each["reason"] for each in results if each["id"] == "ch_none"] == ["NotFound: there is no chain ch_none"]
    owners = {chain["owner"] for chain in (await admin.get("/chains", params={"limit": 500})).json()["items"]}
    assert owners == {"anna"}
    await admin.patch(f"/chains/{ids[0]}", json={"owner": "admin"})
    await admin.post(f"/jobs/{job['id']}/revert")
    await done(admin, job, "reverted")
    found = {
        chain["id"]: chain["owner"] for chain in (await admin.get("/chains", params={"limit": 500})).json()["items"]
    }
    assert found.pop(ids[0]) == "admin"
    assert set(found.values()) == {None}


async def test_a_job_touches_nothing_that_whoever_began_it_does_not_see_and_others_do_not_see_the_job(
    whole: Any,
) -> None:
    admin = await whole.admin()
    anna, ivan = await whole.employee("operator", "anna"), await whole.employee("operator", "ivan")
    team = (await admin.post("/teams", json={"name": "Продажи", "members": ["ivan"]})).json()["id"]
    mine, theirs = await chains(whole, 2)
    await admin.patch(f"/chains/{theirs}", json={"team": team})
    job = (await anna.post("/chains/changes", json={"ids": [mine, theirs], "owner": "anna"})).json()
    assert (await done(anna, job))["failed"] == 1
    assert (await admin.get(f"/chains/{theirs}")).json()["owner"] is None
    assert (await ivan.get(f"/jobs/{job['id']}")).status_code == 404
    assert (await ivan.get(f"/jobs/{job['id']}/results")).status_code == 404
    assert (await ivan.get("/jobs")).json()["items"] == []
    assert [each["id"] for each in (await admin.get("/jobs")).json()["items"]] == [job["id"]]


async def test_whose_role_hides_addresses_cannot_ask_for_them(whole: Any) -> None:
    admin = await whole.admin()
    role = {"title": "Оператор", "rights": ["own_account", "read_correspondence"], "scopes": {"*": "all"}}
    await admin.put("/roles/masked", json={**role, "hides": ["addresses"]})
    masked = await whole.employee("masked", "masked")
    asked = {"participant": "anna@example.com"}
    refused = await masked.get("/interactions", params=asked)
    assert (refused.status_code, list(refused.json()["errors"])) == (403, ["participant"])
    assert (await admin.get("/interactions", params=asked)).status_code == 200


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"ids": [], "owner": "admin"}, "ids"),
        ({"ids": ["c"] * 1001, "owner": "admin"}, "ids"),
        ({"ids": ["c"], "owner": "x"}, "owner"),
    ],
)
async def test_a_wrong_form_is_refused_by_its_field(whole: Any, form: dict[str, Any], field: str) -> None:
    answer = await (await whole.admin()).post("/chains/changes", json=form)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


async def test_a_form_for_many_that_changes_nothing_is_refused(whole: Any) -> None:
    answer = await (await whole.admin()).post("/chains/changes", json={"ids": ["ch_1"]})
    assert answer.status_code == 422
