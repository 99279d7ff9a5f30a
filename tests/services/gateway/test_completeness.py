"""How complete cards are, with the real services behind the gateway."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.testing.waiting import eventually
from services.interactions.completeness.rules import ITEMS, Completeness, Known, Rules, measured

PERSON = {"kind": "person", "surname": "Смирнова", "given_name": "Анна", "status": "customer"}
ORGANISATION = {"kind": "organisation", "name": "ООО Ромашка", "status": "supplier", "inn": "7707083893"}


async def over(client: Any, job: dict[str, Any]) -> dict[str, Any]:
    async def look() -> dict[str, Any]:
        return (await client.get(f"/jobs/{job['id']}")).json()  # type: ignore[no-any-return]

    return await eventually(look, lambda found: found["state"] in ("done", "failed"))  # type: ignore[no-any-return]


async def card(client: Any, **fields: Any) -> dict[str, Any]:
    made = await client.post("/clients", json=fields)
    assert made.status_code == 201, made.text
    return made.json()  # type: ignore[no-any-return]


@pytest.mark.slow
async def test_a_card_is_measured_by_the_rules_of_its_status_and_says_what_it_lacks(whole: Any) -> None:
    admin, anna = await whole.admin(), await whole.employee("operator", "anna")
    rules = {"items": {"phone": 3, "full_name": 1, "custom.size": 1, "contact": 1}, "contact_within": 30}
    assert (await admin.put("/completeness/customer", json=rules)).status_code == 200
    client = await card(anna, **PERSON)
    assert client["completeness"] == {"percent": 17, "missing": ["phone", "custom.size", "contact"]}
    await anna.post(f"/clients/{client['id']}/addresses", json={"address": "+7 916 123-45-67"})
    await anna.patch(f"/clients/{client['id']}", json={"custom": {"size": "42"}})
    listed = (await anna.get("/clients", params={"id": client["id"]})).json()["items"][0]
    assert listed["completeness"] == {"percent": 83, "missing": ["contact"]}
    call = {"type": "call", "text": "Поговорили", "client_id": client["id"]}
    assert (await anna.post("/interactions", json=call)).status_code == 201
    whole_card = (await anna.get(f"/clients/{client['id']}")).json()
    assert whole_card["completeness"] == {"percent": 100, "missing": []}


@pytest.mark.slow
async def test_an_organisation_needs_somebody_who_works_there_where_its_rules_say_so(whole: Any) -> None:
    admin = await whole.admin()
    await admin.put("/completeness/any", json={"items": {"contact_person": 1, "birth_date": 5}})
    firm = await card(admin, **ORGANISATION)
    assert firm["completeness"] == {"percent": 0, "missing": ["contact_person"]}
    await card(admin, **PERSON, works_for=[{"organisation_id": firm["id"], "role": "директор"}])
    assert (await admin.get(f"/clients/{firm['id']}")).json()["completeness"]["percent"] == 100
    assert (await admin.delete("/completeness/any")).status_code == 204
    assert "owner" in (await admin.get(f"/clients/{firm['id']}")).json()["completeness"]["missing"]


@pytest.mark.slow
async def test_each_card_that_lacks_too_much_gets_one_task_which_is_taken_back_with_the_job(whole: Any) -> None:
    admin = await whole.admin()
    await admin.put("/completeness/any", json={"items": {"full_name": 1, "phone": 1}})
    bare = await card(admin, name="Некто", kind="person", owner="admin")
    full = await card(admin, **PERSON, addresses=[{"address": "+7 916 123-45-67"}])
    first = await over(admin, (await admin.post("/completeness/tasks", json={"below": 80})).json())
    assert (first["state"], first["done"], first["failed"]) == ("done", 1, 0)
    again = await over(admin, (await admin.post("/completeness/tasks", json={"below": 80})).json())

    async def tasks(state: str) -> list[dict[str, Any]]:
        found = (await admin.get("/tasks", params={"state": state})).json()["items"]
        return [task for task in found if task["rule"] == "fill_in"]

    (task,) = await tasks("open")
    assert (task["client_id"], task["assignee"], task["text"]) == (bare["id"], "admin", "full_name, phone")
    assert task["title"] == "Дополнить карточку: Некто"
    assert full["completeness"]["percent"] == 100
    assert again["failed"] == 0
    await admin.post(f"/jobs/{first['id']}/revert")
    await eventually(lambda: tasks("cancelled"), lambda found: len(found) == 1)
    assert await tasks("open") == []


@pytest.mark.slow
async def test_rules_name_what_a_card_can_have_and_are_an_administrators(whole: Any) -> None:
    admin, anna = await whole.admin(), await whole.employee("operator", "anna")
    wrong = await admin.put("/completeness/customer", json={"items": {"shoes": 1}})
    assert (wrong.status_code, "full_name" in wrong.text) == (422, True)
    assert (await admin.put("/completeness/emperor", json={"items": {}})).status_code == 422
    assert (await anna.put("/completeness/customer", json={"items": {}})).status_code == 403
    unsaid = (await anna.get("/completeness")).json()["items"]
    assert [rules["status"] for rules in unsaid] == [None]


def test_an_address_by_which_nothing_arrives_does_not_count() -> None:
    client = {"kind": "person", "addresses": [{"address": "email:anna@example.com"}]}
    rules = Rules({"email": 1})
    assert measured(rules, client, Known()) == Completeness(100)
    unreachable = Known(unreachable=frozenset(["email:anna@example.com"]))
    assert measured(rules, client, unreachable) == Completeness(0, ["email"])


@given(st.dictionaries(st.sampled_from(ITEMS), st.integers(1, 10)), st.sampled_from(["person", "organisation", None]))
def test_a_card_of_nothing_lacks_all_that_applies_and_the_percent_is_of_the_weights(
    items: dict[str, int], kind: str | None
) -> None:
    empty = {"kind": kind, "addresses": []}
    found = measured(Rules(items), empty, Known())
    has_kind = {"kind"} & items.keys() if kind else set()
    assert set(found.missing) <= items.keys() - has_kind
    assert (found.percent == 100) == (not found.missing)
    full = empty | {
        **dict.fromkeys(("status", "owner", "language", "time_zone", "comment", "inn", "surname", "given_name"), "x"),
        **{"kind": kind or "person", "birth_date": date(1990, 1, 1), "postal": [{}], "works_for": [{}]},
        "addresses": [{"address": f"{channel}:x"} for channel in ("email", "phone", "telegram")],
    }
    known = Known(has_people=True, since_contact=timedelta(days=1))
    assert measured(Rules(items), full, known) == Completeness(100)
