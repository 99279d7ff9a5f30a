"""Quick answers, with the real services behind the gateway."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.interactions.quickanswers.words import NAMES, check, filled
from tests.services.gateway.test_inbox import rows

pytestmark = pytest.mark.slow
DELIVERY = {
    "title": "Срок доставки",
    "shortcut": "срок",
    "texts": {
        "ru": "{{ first_name | Здравствуйте }}, доставим за два дня. {{operator}}",
        "en": "Dear {{ client | friend }}, two days.",
    },
}


async def add(client: Any, **fields: Any) -> dict[str, Any]:
    made = await client.post("/quick-answers", json=DELIVERY | fields)
    assert made.status_code == 201, made.text
    return made.json()  # type: ignore[no-any-return]


async def texts(client: Any, chain: str, q: str = "") -> list[str]:
    found = (await client.get(f"/chains/{chain}/quick-answers", params={"q": q})).json()["items"]
    return [one["text"] for one in found]


async def test_a_quick_answer_is_filled_in_with_the_client_in_his_language(whole: Any) -> None:
    anna = await whole.employee("operator", "anna")
    chain = (await rows(whole, 1, anna))[0]["chain"]
    await add(anna)
    assert await texts(anna, chain["id"]) == ["Здравствуйте, доставим за два дня. Anna"]
    client = f"/clients/{chain['client_id']}"
    await anna.patch(client, json={"given_name": "Пётр", "name": "Peter", "language": "ru"})
    assert await texts(anna, chain["id"]) == ["Пётр, доставим за два дня. Anna"]
    await anna.patch(client, json={"language": "en"})
    assert await texts(anna, chain["id"]) == ["Dear Peter, two days."]


async def test_those_come_whose_words_one_types_the_shortcut_first(whole: Any) -> None:
    anna = await whole.employee("operator", "anna")
    chain = (await rows(whole, 1, anna))[0]["chain"]["id"]
    await add(anna, title="А срок возврата", shortcut="возврат", texts={"ru": "Четырнадцать дней"})
    await add(anna)
    assert len(await texts(anna, chain, "дней")) == 1
    assert [text[:5] for text in await texts(anna, chain, "срок")] == ["Здрав", "Четыр"]
    assert await texts(anna, chain, "ничего") == []


async def test_own_ones_and_those_of_another_team_are_nobody_elses(whole: Any) -> None:
    admin, anna = await whole.admin(), await whole.employee("operator", "anna")
    solo = {"title": "Solo", "rights": ["read_correspondence", "write_messages"], "scopes": {"*": "own"}}
    await admin.put("/roles/solo", json=solo)
    boris = await whole.employee("solo", "boris")
    team = (await admin.post("/teams", json={"name": "Sales", "members": ["anna"]})).json()["id"]
    own, sales = await add(anna, own=True), await add(anna, team=team)

    async def seen(client: Any) -> set[str]:
        return {one["id"] for one in (await client.get("/quick-answers")).json()["items"]}

    assert await seen(anna) == {own["id"], sales["id"]}
    assert await seen(boris) == set()
    assert own["id"] not in await seen(admin)
    for method in ("put", "delete"):
        asked = {"json": DELIVERY} if method == "put" else {}
        assert (await getattr(boris, method)(f"/quick-answers/{own['id']}", **asked)).status_code == 404
    changed = await anna.put(f"/quick-answers/{own['id']}", json=DELIVERY | {"title": "Всем"})
    assert (changed.json()["title"], changed.json()["own"]) == ("Всем", False)
    assert own["id"] in await seen(boris)
    assert (await boris.delete(f"/quick-answers/{own['id']}")).status_code == 204


async def test_a_place_that_nothing_fills_in_is_refused_with_those_that_are(whole: Any) -> None:
    anna = await whole.employee("operator", "anna")
    wrong = await anna.post("/quick-answers", json=DELIVERY | {"texts": {"ru": "{{ frist_name }}"}})
    assert (wrong.status_code, "first_name" in wrong.text) == (422, True)
    both = await anna.post("/quick-answers", json=DELIVERY | {"own": True, "team": "t_1"})
    assert both.status_code == 422


@given(st.text(max_size=60), st.sampled_from(NAMES), st.text("abcя ", max_size=8), st.text(max_size=10))
def test_what_stands_around_a_place_stays_as_it_is(around: str, name: str, instead: str, value: str) -> None:
    text = f"{around.replace('{', '')}{{{{ {name} | {instead} }}}}{around.replace('}', '').replace('{', '')}"
    assert check(text) == text
    before, after = around.replace("{", ""), around.replace("}", "").replace("{", "")
    assert filled(text, {name: value}) == f"{before}{value or instead.strip()}{after}"
