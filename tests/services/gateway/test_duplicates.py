"""Duplicates through the gateway, with the real services behind it."""

from typing import Any

import pytest

from hub.contracts.interaction import Participant, Role
from hub.testing.builders import an_arrival, envelopes
from hub.testing.waiting import eventually

pytestmark = pytest.mark.slow


async def written(whole: Any, *letters: tuple[str, str, str | None]) -> None:
    """A letter for each name, address and team."""
    bus = whole.footing.bus("tests")
    await bus.start()
    us = Participant(role=Role.TO, address="email:us@example.com", raw="us@example.com", ours=True)
    for n, (name, address, team) in enumerate(letters):
        him = Participant(role=Role.FROM, address=f"email:{address}", raw=address, name=name)
        arrival = an_arrival(n, team=team, participants=(him, us), refs=(), keys=(f"email:<{n}@example.com>",))
        await bus.publish(envelopes(arrival))
    await bus.stop()
    admin = await whole.admin()

    async def there() -> int:
        return len((await admin.get("/clients")).json()["items"])

    await eventually(there, lambda count: count == len(letters))


async def scanned(client: Any) -> dict[str, Any]:
    begun = await client.post("/duplicates/scans", json={"at_least": 0.1})
    assert begun.status_code == 202, begun.text

    async def look() -> dict[str, Any]:
        found: dict[str, Any] = (await client.get(f"/jobs/{begun.json()['id']}")).json()
        return found

    ended: dict[str, Any] = await eventually(look, lambda job: job["state"] == "done")
    return ended


async def test_a_scan_a_review_and_a_warning_obey_scopes(whole: Any) -> None:
    admin, anna = await whole.admin(), await whole.employee("operator", "anna")
    team = (await admin.post("/teams", json={"name": "legal", "members": ["admin"]})).json()["id"]
    same = "zhmerinskaya.olimpiada77"
    await written(
        whole,
        ("Жмеринская Олимпиада Карповна", f"{same}@mail.ru", None),
        ("Zhmerinskaya Olimpiada", f"{same}@gmail.com", None),
        ("Жмеринская Олимпиада", f"{same}@yandex.ru", team),
    )
    job = await scanned(anna)
    assert (job["kind"], job["done"], job["failed"]) == ("duplicates.scan", 1, 0)
    mine = (await anna.get("/duplicates")).json()["items"]
    assert [{one["name"] for one in pair["clients"]} for pair in mine] == [
        {"Жмеринская Олимпиада Карповна", "Zhmerinskaya Olimpiada"}
    ]
    assert len((await admin.get("/duplicates")).json()["items"]) == 3
    decided = await anna.patch(f"/duplicates/{mine[0]['id']}", json={"state": "dismissed"})
    assert (decided.status_code, decided.json()["decided_by"]) == (200, "anna")
    assert (await anna.get("/duplicates")).json()["items"] == []
    card = {"name": "Жмеринская Олимпиада", "mail": f"{same}@yandex.ru"}
    found = (await anna.post("/clients/similar", json=card)).json()["items"]
    assert {one["client"]["name"] for one in found} == {"Жмеринская Олимпиада Карповна", "Zhmerinskaya Olimpiada"}
    assert len((await admin.post("/clients/similar", json=card)).json()["items"]) == 3
