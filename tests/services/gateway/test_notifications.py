"""Notifications and mentions over HTTP, with the real services behind the gateway."""

from typing import Any

import pytest

from hub.testing.waiting import eventually
from tests.services.gateway.test_inbox import rows

pytestmark = pytest.mark.slow


async def test_a_mention_is_counted_listed_told_on_the_stream_and_read_with_its_chain(whole: Any) -> None:
    admin, anna = await whole.admin(), await whole.employee("operator", "anna")
    (row,) = await rows(whole, 1, admin)
    chain = row["chain"]["id"]
    made = await admin.post(f"/chains/{chain}/notes", json={"text": "@anna глянь", "mentions": ["anna"]})
    assert made.status_code == 201

    async def unread() -> int:
        return int((await anna.get("/notifications/unread")).json()["unread"])

    assert await eventually(unread, lambda count: count == 1)
    (told,) = (await anna.get("/notifications", params={"unread": True})).json()["items"]
    assert (told["kind"], told["by"], told["words"], told["chain_id"]) == ("mention", "admin", "@anna глянь", chain)
    queues = (await anna.get("/queues")).json()
    listed = (await anna.get("/inbox", params={"view": "mentions"})).json()["items"]
    assert (queues["mentions"], [one["chain"]["id"] for one in listed]) == (1, [chain])
    assert (await admin.get("/notifications")).json()["items"] == []
    read = await anna.put(f"/chains/{chain}/read", json={"upto": row["newest"]["id"]})
    assert (read.status_code, await unread()) == (204, 0)


async def test_preferences_name_the_field_that_is_wrong(whole: Any) -> None:
    anna = await whole.employee("operator", "anna")
    refused = await anna.patch("/notification-preferences", json={"ways": {"mention": ["mail"]}})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["ways.mention"])
    assert (await anna.patch("/notification-preferences", json={"ways": {"rain": ["page"]}})).status_code == 422
    assert (await anna.patch("/notification-preferences", json={"mail": "nobody"})).status_code == 422
    assert (await anna.post("/notifications/read", json={})).status_code == 422
    kept = (await anna.patch("/notification-preferences", json={"ways": {"mention": []}})).json()
    assert (kept["ways"]["mention"], kept["ways"]["assigned"]) == ([], ["page", "browser", "push"])
