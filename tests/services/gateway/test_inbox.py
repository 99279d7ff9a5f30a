"""The inbox, drafts and what has been read, with the real services behind the gateway."""

from typing import Any

import pytest

from hub.testing.builders import an_arrival, envelopes
from hub.testing.waiting import eventually

pytestmark = pytest.mark.slow


async def rows(whole: Any, count: int, client: Any) -> list[dict[str, Any]]:
    """As many new chains, as the inbox lists them."""
    bus = whole.footing.bus("tests")
    await bus.start()
    await bus.publish(
        envelopes(*(an_arrival(n, sender=f"c{n}@example.com", text=f"Слово {n}") for n in range(count)))
    )
    await bus.stop()

    async def there() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await client.get("/inbox", params={"view": "all", "limit": 100})).json()[
            "items"
        ]
        return items

    return await eventually(there, lambda found: len(found) == count)  # type: ignore[no-any-return]


async def test_a_row_says_who_wrote_what_and_whether_one_has_read_it(whole: Any) -> None:
    admin, anna = await whole.admin(), await whole.employee("operator", "anna")
    listed = await rows(whole, 2, anna)
    assert {row["newest"]["words"] for row in listed} == {"Слово 0", "Слово 1"}
    assert [row["unread"] for row in listed] == [True, True]
    first = listed[0]
    path = f"/chains/{first['chain']['id']}/read"
    assert (await anna.put(path, json={"upto": first["newest"]["id"]})).status_code == 204
    again = (await anna.get(f"/inbox/{first['chain']['id']}")).json()
    assert (again["unread"], again["read_at"]) == (False, first["newest"]["at"])
    assert [row["unread"] for row in (await admin.get("/inbox")).json()["items"]] == [True, True]
    assert (await anna.put(path, json={"upto": listed[1]["newest"]["id"]})).status_code == 404
    assert (await anna.delete(path)).status_code == 204
    assert (await anna.get(f"/inbox/{first['chain']['id']}")).json()["unread"] is True


async def test_a_draft_is_kept_by_version_so_that_two_tabs_lose_nothing(whole: Any) -> None:
    admin, anna = await whole.admin(), await whole.employee("operator", "anna")
    chain = (await rows(whole, 1, anna))[0]["chain"]["id"]
    path = f"/chains/{chain}/drafts/answer"
    first = (await anna.put(path, json={"text": "Здрав"})).json()
    same = (await anna.put(path, json={"text": "Здрав"})).json()
    assert (first["version"], same["version"]) == (1, 1)
    assert (await anna.put(path, json={"text": "Другое", "version": 0})).status_code == 409
    assert (await anna.put(path, json={"text": "Здравствуйте", "version": 1})).json()["version"] == 2
    note = (await anna.put(f"/chains/{chain}/drafts/note", json={"text": "спросить склад"})).json()
    kept = {(one["kind"], one["text"]) for one in (await anna.get("/drafts")).json()["items"]}
    assert kept == {("answer", "Здравствуйте"), ("note", "спросить склад")}
    assert (await anna.get(f"/inbox/{chain}")).json()["draft"] is True
    seen = (await admin.get(f"/chains/{chain}/drafts")).json()["items"]
    assert {one["login"] for one in seen} == {"anna"}
    assert ((await admin.get("/drafts")).json()["items"], (await admin.get(f"/inbox/{chain}")).json()["draft"]) == (
        [],
        False,
    )
    gone = await anna.put(f"/chains/{chain}/drafts/note", json={"text": " ", "version": note["version"]})
    assert gone.json() is None
    assert (await anna.delete(path)).status_code == 204
    assert (await anna.get("/drafts")).json()["items"] == []


async def test_a_draft_of_a_chain_that_one_does_not_see_is_not_there(whole: Any) -> None:
    admin, anna = await whole.admin(), await whole.employee("operator", "anna")
    chain = (await rows(whole, 1, anna))[0]["chain"]["id"]
    await anna.put(f"/chains/{chain}/drafts/answer", json={"text": "моё"})
    await admin.patch(f"/chains/{chain}", json={"owner": "admin", "private": True})
    refused = await anna.put(f"/chains/{chain}/drafts/note", json={"text": "чужое"})
    assert refused.status_code in (403, 404)
    assert (await anna.get(f"/chains/{chain}/drafts")).status_code in (403, 404)


async def test_whoever_has_not_seen_a_colleagues_answer_is_asked_before_he_sends_his(whole: Any) -> None:
    anna, boris = await whole.employee("operator", "anna"), await whole.employee("operator", "boris")
    row = (await rows(whole, 1, anna))[0]
    path, seen = f"/chains/{row['chain']['id']}/messages", {"seen": row["newest"]["id"]}
    first = await anna.post(path, params=seen, json={"text": "Везём", "undo_seconds": 300})
    assert first.status_code == 202, first.text
    mine = await anna.post(path, params=seen, json={"text": "и чек", "undo_seconds": 300})
    assert mine.status_code == 202, mine.text
    late = await boris.post(path, params=seen, json={"text": "Уже везём", "undo_seconds": 300})
    assert (late.status_code, "anna answered meanwhile" in late.json()["detail"]) == (409, True)
    looked = await boris.post(path, params={"seen": mine.json()["id"]}, json={"text": "Везём!", "undo_seconds": 300})
    assert looked.status_code == 202, looked.text


async def test_what_one_keeps_for_himself_alone_is_not_in_the_audit(whole: Any) -> None:
    admin, anna = await whole.admin(), await whole.employee("operator", "anna")
    row = (await rows(whole, 1, anna))[0]
    await anna.put(f"/chains/{row['chain']['id']}/drafts/answer", json={"text": "Здрав"})
    await anna.put(f"/chains/{row['chain']['id']}/read", json={"upto": row["newest"]["id"]})
    await anna.patch(f"/chains/{row['chain']['id']}", json={"owner": "anna"})
    entries = (await admin.get("/audit", params={"login": "anna"})).json()["items"]
    assert {entry["route"].removeprefix("/api/v1") for entry in entries if "/chains" in entry["route"]} == {
        "/chains/{id}"
    }


async def test_many_rows_and_cards_are_asked_for_by_id_and_those_alone_come_that_are_in_the_view(whole: Any) -> None:
    admin = await whole.admin()
    solo = {"title": "Solo", "rights": ["read_correspondence"], "scopes": {"*": "own"}}
    assert (await admin.put("/roles/solo", json=solo)).status_code == 200
    boris = await whole.employee("solo", "boris")
    taken, free, hidden = [row["chain"] for row in await rows(whole, 3, admin)]
    await admin.patch(f"/chains/{taken['id']}", json={"owner": "boris"})
    await admin.patch(f"/chains/{hidden['id']}", json={"owner": "admin"})
    chains = [taken["id"], free["id"], hidden["id"], "ch_nobody"]
    clients = [taken["client_id"], free["client_id"], hidden["client_id"], "cl_nobody"]

    async def found(who: Any, path: str, ids: list[str], **params: str) -> set[str]:
        page = (await who.get(path, params={"id": ids, **params})).json()
        assert page["next"] is None
        return {item.get("chain", item)["id"] for item in page["items"]}

    assert await found(admin, "/inbox", chains) == set(chains[:3]) == await found(admin, "/chains", chains)
    assert await found(admin, "/inbox", chains, view="mine") == {hidden["id"]}
    assert await found(admin, "/inbox", chains, view="unassigned") == {free["id"]}
    assert await found(admin, "/inbox", chains, view="snoozed") == set()
    assert await found(admin, "/inbox", chains, state="closed") == set()
    assert await found(admin, "/clients", clients) == set(clients[:3])
    assert await found(boris, "/inbox", chains) == {taken["id"]}
    assert await found(boris, "/clients", clients) == {taken["client_id"]}
    beside = await admin.get("/inbox", params={"id": chains, "client_id": clients[0]})
    assert (beside.status_code, "client_id" in beside.text) == (422, True)


async def test_what_one_asks_for_by_id_comes_in_pages_too(whole: Any) -> None:
    anna = await whole.employee("operator", "anna")
    ids = sorted(row["chain"]["id"] for row in await rows(whole, 5, anna))
    got: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = (await anna.get("/inbox", params={"id": ids, "limit": 2, **after})).json()
        got += [row["chain"]["id"] for row in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert sorted(got) == ids
