"""Marketing through the gateway, with the real services behind it: forms, events, plans, files and policies."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.channels.marks import mailing_key, page_url
from hub.testing.waiting import eventually
from services.campaigns.leadforms import tokens
from tests.services.gateway.test_exchange import done, uploaded

pytestmark = pytest.mark.slow


async def a_source(client: Any, *names: str) -> str:
    given = dict(zip(("channel", "source", "campaign"), names, strict=False))
    answer = await client.post("/sources", json=given)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def made(client: Any, path: str, form: dict[str, Any], status: int = 201) -> dict[str, Any]:
    answer = await client.post(path, json=form)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def items(client: Any, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(path)).json()["items"]
    return found


async def test_a_lead_of_a_form_is_a_client_a_task_and_money_of_its_campaign(whole: Any) -> None:
    admin = await whole.admin()
    await whole.employee("operator", "anna")
    spring = await a_source(admin, "site", "form", "spring")
    label = {"name": "phone", "label": {"ru": "Телефон"}, "required": True}
    form = await made(
        admin,
        "/lead-forms",
        {
            "name": "Замер",
            "title": {"ru": "Замер"},
            "fields": [label],
            "origins": ["https://shop.example"],
            "source": spring,
            "assignee": "anna",
        },
    )
    page = await admin.get(f"http://hub/m/form/{form['id']}/ru")
    assert "frame-ancestors https://shop.example" in page.headers["content-security-policy"]
    key = whole.footing.secrets.derived("lead forms")
    token = tokens.issued(key, form["id"], 1, datetime.now(UTC) - timedelta(seconds=9))
    sent = await admin.post(f"http://hub/m/form/{form['id']}/ru", data={"token": token, "phone": "8 916 123-45-67"})
    assert (sent.status_code, "Спасибо" in sent.text) == (200, True), sent.text
    (task,) = await eventually(lambda: items(admin, "/tasks"))
    assert (task["title"], task["assignee"]) == ("Замер", "anna")
    today = datetime.now(UTC).date()  # midnight may have passed since this module was loaded
    table = f"дата;телефон;сумма\n{today.isoformat()};89161234567;1000,00\n"
    file = await uploaded(admin, table)
    await done(admin, await admin.post("/money-imports", json={"file": file, "subject": "payments"}))
    days = {"since": (today - timedelta(days=1)).isoformat(), "until": today.isoformat()}
    goals = {"leads": 2, "revenue": {"value": "2000", "currency": "RUB"}}
    plan = await made(admin, "/campaign-plans", {"name": "Весна", "source": spring, **days, "goals": goals})
    compared = (await admin.get(f"/campaign-plans/{plan['id']}")).json()
    assert [(one["name"], one["fact"], one["percent"]) for one in compared["goals"]] == [
        ("leads", "1", "50.00"),
        ("revenue", "1000.00", "50.00"),
    ]


async def test_a_marketer_takes_over_files_of_his_own(whole: Any) -> None:
    marketer = await whole.employee("marketer")
    file = await uploaded(marketer, "канал;дата;сумма\nweb;02.03.2026;1000,00\n")
    await done(marketer, await marketer.post("/money-imports", json={"file": file, "subject": "costs"}))
    assert [one["amount"]["value"] for one in await items(marketer, "/costs")] == ["1000.00"]


async def test_a_guest_answers_by_his_link_comes_and_is_followed_up_in_his_chain(whole: Any) -> None:
    admin = await whole.admin()
    source = await a_source(admin, "events", "kitchens")
    starts = (datetime.now(UTC) + timedelta(hours=1)).replace(tzinfo=None, microsecond=0).isoformat()
    given = {"title": "Кухни", "starts": starts, "time_zone": "UTC", "source": source, "seats": 1}
    event = await made(admin, "/marketing-events", given)
    where = f"/marketing-events/{event['id']}"
    invited = await admin.post(f"{where}/invitations", json={"addresses": ["anna@example.com", "boris@example.com"]})
    await done(admin, invited)
    master = whole.footing.secrets.derived("mailings")
    url = page_url("http://hub", mailing_key(master, event["id"]), "event", event["id"], 0)
    assert "Вы придёте?" in (await admin.get(url, headers={"accept-language": "ru"})).text
    answered = await admin.post(url, data={"answer": "yes"}, headers={"accept-language": "ru"})
    assert "Место за вами" in answered.text
    assert (await admin.get(f"{url}/calendar")).text.startswith("BEGIN:VCALENDAR")
    first, second = await items(admin, f"{where}/guests")
    waits = await made(admin, f"{where}/guests/{second['id']}/answer", {"answer": "confirmed"}, 200)
    assert waits["state"] == "waiting"
    await made(admin, f"{where}/guests/{first['id']}/check-in", {}, 200)
    assert (await admin.post(f"{where}/guests/{first['id']}/check-in", json={})).status_code == 409

    async def told() -> list[str]:
        guest = (await items(admin, f"{where}/guests"))[0]
        if not guest["interaction"]:
            return []
        chain = (await admin.get(f"/interactions/{guest['interaction']}")).json()["chain_id"]
        lines = await items(admin, f"/interactions?chain_id={chain}")
        return sorted(one["text"].rpartition(": ")[2].partition(" · ")[0] for one in lines)

    found = await eventually(told, lambda texts: len(texts) > 1)
    assert found == ["Придёт, место за ним", "Пришёл"]
    counts = (await admin.get(where)).json()["guests"]
    assert (counts["attended"], counts["waiting"], counts["invited"]) == (1, 1, 0)


async def test_nobody_opens_a_client_by_hand_without_a_source_where_that_is_required(whole: Any) -> None:
    admin = await whole.admin()
    assert (await admin.put("/source-policies/card", json={"rule": "required"})).status_code == 200
    refused = await admin.post("/clients", json={"name": "Анна"})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["source"])
    client = await made(admin, "/clients", {"name": "Анна", "source": "по радио"})

    async def touches() -> list[tuple[str, str]]:
        answer = await admin.get(f"/clients/{client['id']}/touches")
        return [(one["kind"], one["value"]) for one in answer.json().get("items", [])]

    assert await eventually(touches) == [("answer", "по радио")]
