"""Approval of answers over HTTP, with the real services behind the gateway."""

from typing import Any

import pytest

from hub.testing.waiting import eventually
from tests.services.gateway.test_inbox import rows

pytestmark = pytest.mark.slow
TEXT = "Отправим завтра"


async def test_a_draft_is_asked_for_returned_changed_approved_and_sent_and_the_audit_has_each_step(
    whole: Any,
) -> None:
    admin, anna = await whole.admin(), await whole.employee("operator", "anna")
    olga = await whole.employee("operator", "olga")
    (row,) = await rows(whole, 1, anna)
    chain = row["chain"]["id"]
    draft = (await anna.put(f"/chains/{chain}/drafts/answer", json={"text": TEXT})).json()
    unknown = await anna.post(f"/chains/{chain}/draft-review", json={"reviewers": ["nobody"], "version": 1})
    assert unknown.status_code == 422
    review = {"reviewers": ["olga"], "version": draft["version"]}
    asked = (await anna.post(f"/chains/{chain}/draft-review", json=review)).json()
    refused = await anna.post(f"/chains/{chain}/messages", json={"text": TEXT})
    assert (refused.status_code, asked["approval"]["state"]) == (409, "asked")
    listed = (await olga.get("/drafts", params={"review": True})).json()["items"]
    assert ([one["id"] for one in listed], (await olga.get("/queues")).json()["review"]) == ([draft["id"]], 1)
    path = f"/drafts/{draft['id']}"
    assert (await anna.post(f"{path}/approve", json={"version": asked["version"]})).status_code == 403
    returned = await olga.post(f"{path}/return", json={"version": asked["version"], "comment": "Когда?"})
    assert returned.json()["approval"] | {"at": ""} == {
        "state": "returned",
        "reviewers": ["olga"],
        "by": "olga",
        "comment": "Когда?",
        "at": "",
    }
    again = await anna.post(f"/chains/{chain}/draft-review", json={**review, "version": returned.json()["version"]})
    edited = await olga.put(path, json={"text": f"{TEXT} к десяти", "version": again.json()["version"]})
    assert (await olga.post(f"{path}/approve", json={"version": again.json()["version"]})).status_code == 409
    approved = await olga.post(f"{path}/approve", json={"version": edited.json()["version"]})
    assert approved.json()["approval"]["state"] == "approved"
    assert (await anna.post(f"/chains/{chain}/messages", json={"text": TEXT})).status_code == 409
    sent = await anna.post(f"/chains/{chain}/messages", json={"text": f"{TEXT} к десяти"})
    assert (sent.status_code, (await anna.get("/drafts")).json()["items"]) == (202, [])
    assert (await olga.get("/queues")).json()["review"] == 0
    steps = {"askReview", "returnDraft", "editDraft", "approveDraft"}

    async def audited() -> set[str]:
        found = (await admin.get("/audit", params={"limit": 100})).json()["items"]
        return {one["action"] for one in found} & steps

    assert await eventually(audited, lambda found: found == steps)


async def test_a_colleague_who_does_not_see_the_chain_sees_no_draft_of_it(whole: Any) -> None:
    admin, anna = await whole.admin(), await whole.employee("operator", "anna")
    (row,) = await rows(whole, 1, anna)
    chain = row["chain"]["id"]
    draft = (await admin.put(f"/chains/{chain}/drafts/answer", json={"text": TEXT})).json()
    await admin.patch(f"/chains/{chain}", json={"private": True})
    assert (await anna.get(f"/drafts/{draft['id']}")).status_code in (403, 404)
    asked = await admin.post(
        f"/chains/{chain}/draft-review", json={"reviewers": ["anna"], "version": draft["version"]}
    )
    assert (asked.status_code, (await anna.get(f"/drafts/{draft['id']}")).status_code) == (200, 200)
