"""Offers, links, counts and one's own calendar through the gateway, with the real services behind it."""

from typing import Any

import icalendar
import pytest

pytestmark = pytest.mark.slow


async def test_a_chain_is_linked_offered_found_and_counted_and_its_meeting_is_in_a_calendar(whole: Any) -> None:
    letter = await whole.received()
    admin, boris = await whole.admin(), await whole.employee("operator", "boris")
    chain, contact = f"/chains/{letter['chain_id']}", f"/interactions/{letter['id']}"
    order = {"kind": "order", "id": "118", "title": "Заказ № 118"}
    assert (await admin.post(f"{chain}/subjects", json=order)).json()["subjects"][0]["title"] == "Заказ № 118"
    assert (await admin.post(f"{contact}/subjects", json={"kind": "deal", "id": "none"})).status_code == 422
    for path, found in (("/chains", letter["chain_id"]), ("/interactions", letter["id"])):
        items = (await boris.get(path, params={"subject": "order:118"})).json()["items"]
        assert [one["id"] for one in items] == [found]
        assert (await boris.get(path, params={"subject": "order:119"})).json()["items"] == []
    assert (await admin.delete(f"{chain}/subjects/order/118")).json()["subjects"] == []

    assert (await admin.post(f"{chain}/offer", json={"to": "nobody"})).status_code == 422
    assert (await admin.post(f"{chain}/offer", json={"to": "boris"})).json()["offered"]["to"] == "boris"
    offered = (await boris.get("/chains", params={"offered": "boris"})).json()["items"]
    assert [one["id"] for one in offered] == [letter["chain_id"]]
    assert (await boris.post(f"{chain}/offer/accept")).json()["owner"] == "boris"
    assert (await boris.get("/chains", params={"offered": "boris"})).json()["items"] == []

    waiting = (await boris.get("/analysis/unanswered", params={"hours": 1})).json()
    assert [(row["owner"], row["ids"]) for row in waiting["items"]] == [("boris", [letter["chain_id"]])]
    silent = (await admin.get("/analysis/silent-clients", params={"days": 1})).json()
    assert (silent["total"], silent["items"][0]["ids"]) == (1, [letter["client_id"]])

    now = {"since": "2031-03-01T00:00:00Z", "until": "2031-04-01T00:00:00Z"}
    plan = {"type": "meeting", "subject": "Замер", "plan": {"at": "2031-03-03T07:00:00Z"}, "cause_id": letter["id"]}
    assert (await boris.post("/interactions", json=plan)).status_code == 201
    (row,) = (await boris.get("/analysis/plan-fact", params=now)).json()["items"]
    assert (row["login"], row["planned"], row["ahead"]) == ("boris", 1, 1)

    task = {"title": "Счёт", "assignee": "boris", "due_within": 60}
    assert (await boris.post("/tasks", json=task)).status_code == 201
    made = (await boris.post("/me/calendar")).json()
    answer = await whole.client().get(f"http://hub{made['path']}")
    events = icalendar.Calendar.from_ical(answer.text).walk("VEVENT")
    assert (answer.headers["content-type"], [str(one["SUMMARY"]) for one in events]) == (
        "text/calendar; charset=utf-8",
        ["Счёт"],
    )
