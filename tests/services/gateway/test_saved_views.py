"""Saved views of the inbox, with the real services behind the gateway."""

from typing import Any

import pytest

from tests.services.gateway.test_inbox import rows

pytestmark = pytest.mark.slow
KITCHENS = {"title": "Кухни ждут ответа", "shows": {"tag": "кухня", "awaits": "answer"}}


async def views(client: Any) -> list[dict[str, Any]]:
    return (await client.get("/saved-views")).json()["items"]  # type: ignore[no-any-return]


async def test_a_saved_view_counts_what_the_list_shows_with_the_same_parameters(whole: Any) -> None:
    anna = await whole.employee("operator", "anna")
    chains = [row["chain"]["id"] for row in await rows(whole, 3, anna)]
    for chain in chains[:2]:
        await anna.patch(f"/chains/{chain}", json={"add_tags": ["кухня"]})
    await anna.patch(f"/chains/{chains[1]}", json={"awaits": "nobody"})
    made = await anna.post("/saved-views", json=KITCHENS)
    assert made.status_code == 201, made.text
    (view,) = await views(anna)
    listed = await anna.get("/inbox", params={name: value for name, value in view["shows"].items() if value})
    assert [row["chain"]["id"] for row in listed.json()["items"]] == chains[:1]
    assert (view["count"], view["more"], view["changed_by"]) == (1, False, "anna")


async def test_a_view_of_more_than_a_hundred_chains_says_that_there_are_more(whole: Any) -> None:
    anna = await whole.employee("operator", "anna")
    await anna.post("/saved-views", json={"title": "Все", "shows": {"state": "open"}})
    await rows(whole, 100, anna)
    assert [(one["count"], one["more"]) for one in await views(anna)] == [(100, False)]
    client = (await anna.post("/clients", json={"name": "Пётр"})).json()["id"]
    said = {"type": "email", "direction": "in", "client_id": client, "subject": "Ещё", "text": "Слово"}
    assert (await anna.post("/interactions", json=said)).status_code == 201
    assert [(one["count"], one["more"]) for one in await views(anna)] == [(100, True)]


async def test_own_views_are_nobody_elses_and_each_counts_what_he_sees_himself(whole: Any) -> None:
    admin = await whole.admin()
    solo = {"title": "Solo", "rights": ["read_correspondence"], "scopes": {"*": "own"}}
    await admin.put("/roles/solo", json=solo)
    boris = await whole.employee("solo", "boris")
    await rows(whole, 1, admin)
    await admin.post("/saved-views", json={"title": "Открытые", "shows": {"state": "open"}})
    mine = (await boris.post("/saved-views", json={**KITCHENS, "own": True})).json()
    assert [(one["title"], one["count"]) for one in await views(admin)] == [("Открытые", 1)]
    assert [(one["title"], one["count"]) for one in await views(boris)] == [(KITCHENS["title"], 0), ("Открытые", 0)]
    assert (await admin.delete(f"/saved-views/{mine['id']}")).status_code == 404
    assert (await boris.put(f"/saved-views/{mine['id']}", json={**KITCHENS, "title": "Кухни"})).json()["own"] is False
    assert (await admin.delete(f"/saved-views/{mine['id']}")).status_code == 204


@pytest.mark.parametrize("shows", [{"view": "nobody's"}, {"tag": ""}, {"text": "x"}])
async def test_a_view_of_what_cannot_be_asked_for_is_refused_by_its_field(whole: Any, shows: dict[str, str]) -> None:
    answer = await (await whole.admin()).post("/saved-views", json={"title": "x", "shows": shows})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [f"shows.{next(iter(shows))}"])
