"""What is answered by the services behind the gateway passes through unchanged."""

from typing import Any

import httpx

MESSAGES = "/chains/ch_1/messages"
BOX = {
    "address": "sales@example.com",
    "name": "Sales",
    "imap": {"host": "imap.example.com", "port": 993, "security": "tls", "user": "sales", "password": "secret"},
    "smtp": {"host": "smtp.example.com", "port": 587, "security": "starttls", "user": "sales", "password": "secret"},
}


def told(upload: dict[str, Any]) -> dict[str, Any]:
    """What a peer hears of an upload that is as every other."""
    return {name: upload[name] for name in ("id", "filename", "content_type", "size")}


async def test_a_list_is_asked_for_with_the_same_filters_and_comes_back_byte_for_byte(hub: Any) -> None:
    content = b'{"items": [ ],"next":null}'
    hub.peers.answers["GET", "/interactions"] = httpx.Response(
        200, content=content, headers={"Content-Type": "application/json"}
    )
    operator = await hub.employee("operator")
    answer = await operator.get(
        "/interactions?client_id=cl_1&channel=email&direction=in&since=2026-03-02T09:00:00%2B03:00&limit=5&after=x"
    )
    assert (answer.status_code, answer.content) == (200, content)
    assert hub.peers.calls[-1].employee == "operator"
    assert hub.peers.calls[-1].query == {
        "client_id": "cl_1",
        "channel": "email",
        "direction": "in",
        "since": "2026-03-02T09:00:00+03:00",
        "limit": "5",
        "after": "x",
    }


async def test_a_problem_of_the_peer_passes_through_unchanged(hub: Any) -> None:
    problem = {"type": "about:blank", "title": "Invalid input", "status": 422, "detail": "imap: wrong password"}
    hub.peers.answers["POST", "/mailboxes"] = httpx.Response(
        422, json=problem, headers={"Content-Type": "application/problem+json"}
    )
    answer = await (await hub.admin()).post("/mailboxes", json=BOX)
    assert (answer.status_code, answer.json()) == (422, problem)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert hub.peers.calls[-1].body == BOX


async def test_a_mailbox_is_given_with_a_password_or_a_consent_and_not_with_both(hub: Any) -> None:
    hub.peers.answers["POST", "/mailboxes"] = httpx.Response(201, json={})
    consent = {"token_url": "https://oauth2.googleapis.com/token", "client_id": "c", "refresh_token": "r"}
    imap = {"host": "imap.gmail.com", "port": 993, "user": "sales", "oauth": consent}
    admin = await hub.admin()
    assert (await admin.post("/mailboxes", json={**BOX, "imap": imap})).status_code == 201
    assert hub.peers.calls[-1].body == {**BOX, "imap": imap}
    both = await admin.post("/mailboxes", json={**BOX, "imap": {**imap, "password": "p"}})
    assert (both.status_code, list(both.json()["errors"])) == (422, ["imap"])


async def test_a_peer_that_is_down_is_a_503_that_says_when_to_come_back(hub: Any) -> None:
    hub.peers.answers["GET", "/mailboxes"] = httpx.ConnectError("refused")
    answer = await (await hub.admin()).get("/mailboxes")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json()["detail"] == "the service email does not answer now; try again in a few seconds"


async def test_the_channels_of_all_services_are_one_list_and_a_silent_service_is_named(hub: Any) -> None:
    mailbox = {"id": "mb_1", "channel": "email"}
    hub.peers.answer("GET", "//email/channels", 200, {"items": [mailbox]})
    hub.peers.answers["GET", "//messaging/channels"] = httpx.ConnectError("refused")
    admin = await hub.admin()
    assert (await admin.get("/channels")).json() == {"items": [mailbox], "next": None, "silent": ["messaging"]}
    hub.peers.answer("GET", "//messaging/channels", 200, {"items": [{"id": "bot_1"}]})
    assert [item["id"] for item in (await admin.get("/channels")).json()["items"]] == ["mb_1", "bot_1"]
    for peer in ("email", "messaging"):
        hub.peers.answers["GET", f"//{peer}/channels"] = httpx.ConnectError("refused")
    assert (await admin.get("/channels")).status_code == 503


async def test_what_a_provider_posts_reaches_its_service_byte_for_byte_without_a_login(hub: Any) -> None:
    hub.peers.answer("POST", "/hooks/telegram/bot_1", 200, {"ok": True})
    outside = hub.client()
    answer = await outside.post(
        "http://hub/hooks/telegram/bot_1",
        content=b'{"update_id": 1}',
        headers={"X-Telegram-Bot-Api-Secret-Token": "s", "Authorization": "Bearer nothing", "Cookie": "a=b"},
    )
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    call = hub.peers.calls[-1]
    assert (call.path, call.body, call.employee) == ("/hooks/telegram/bot_1", {"update_id": 1}, None)


async def test_a_post_that_is_no_providers_is_turned_away_before_it_goes_anywhere(hub: Any) -> None:
    outside = hub.client()
    for path in ("/hooks/../mailboxes/x", "/hooks/telegram/..%2Fmailboxes", "/hooks/telegram", "/hooks/Tele/x"):
        assert (await outside.post(f"http://hub{path}", content=b"x")).status_code in (404, 405, 422), path
    large = await outside.post("http://hub/hooks/telegram/bot_1", content=b"x" * (4 * 2**20 + 1))
    assert (large.status_code, hub.peers.calls) == (413, [])


async def test_an_id_cannot_lead_to_another_address_of_the_peer(hub: Any) -> None:
    admin = await hub.admin()
    for path in ("/chains/..", "/chains/a%3Fb", "/chains/%2e%2e%2fclients", "/attachments/a%3Fx"):
        assert (await admin.get(path)).status_code in (404, 422), path
    assert hub.peers.calls == []


async def test_uploads_in_a_message_are_described_to_the_peer(hub: Any) -> None:
    hub.peers.answer("POST", MESSAGES, 202, {"id": "int_1"})
    operator = await hub.employee("operator")
    upload = (await operator.post("/attachments?filename=a.txt", content=b"hello")).json()
    body = {"text": "See the file", "cc": ["b@example.com"], "attachments": [upload["id"]]}
    answer = await operator.post(MESSAGES, json=body, headers={"Idempotency-Key": "k1"})
    call = hub.peers.calls[-1]
    assert answer.status_code == 202
    assert (call.employee, call.key[:4]) == ("operator", "use_")
    described = [{**told(upload), "blob": f"uploads/{upload['id']}"}]
    assert call.body == {"text": "See the file", "cc": ["b@example.com"], "attachments": described}


async def test_a_message_with_an_unknown_upload_is_refused(hub: Any) -> None:
    answer = await (await hub.admin()).post(MESSAGES, json={"text": "x", "attachments": ["att_none"]})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["attachments"])
    assert hub.peers.calls == []


async def test_images_of_the_html_are_described_by_the_name_it_shows_them_by(hub: Any) -> None:
    hub.peers.answer("POST", MESSAGES, 202, {"id": "int_1"})
    operator = await hub.employee("operator")
    image = (await operator.post("/attachments?filename=shop.png", content=b"PNG")).json()
    await operator.post(MESSAGES, json={"html": '<img src="cid:shop">', "inline": {"shop": image["id"]}})
    assert hub.peers.calls[-1].body == {
        "html": '<img src="cid:shop">',
        "attachments": [{**told(image), "blob": f"uploads/{image['id']}", "content_id": "shop"}],
    }
    bad = await operator.post(MESSAGES, json={"html": "x", "inline": {"a b\r\n": image["id"]}})
    assert (bad.status_code, len(hub.peers.calls)) == (422, 1)


async def test_a_message_is_signed_by_its_author_unless_he_says_no(hub: Any) -> None:
    hub.peers.answer("POST", MESSAGES, 202, {"id": "int_1"})
    operator = await hub.employee("operator")
    await operator.post(MESSAGES, json={"text": "a"})
    assert (await operator.patch("/me", json={"signature": "Ольга\nОтдел продаж"})).status_code == 200
    await operator.post(MESSAGES, json={"text": "b"})
    await operator.post(MESSAGES, json={"text": "c", "signature": False})
    assert [call.body for call in hub.peers.calls] == [
        {"text": "a"},
        {"text": "b", "signature": "Ольга\nОтдел продаж"},
        {"text": "c", "signature": ""},
    ]
    assert (await operator.get("/me")).json()["employee"]["signature"] == "Ольга\nОтдел продаж"


async def test_a_planned_message_is_changed_and_taken_back_at_the_peer(hub: Any) -> None:
    hub.peers.answer("PATCH", "/interactions/in_1", 200, {"id": "in_1"})
    hub.peers.answer("DELETE", "/interactions/in_1", 200, {"id": "in_1"})
    operator = await hub.employee("operator")
    assert (await operator.patch("/interactions/in_1", json={"text": "Новый текст"})).status_code == 200
    assert (await operator.delete("/interactions/in_1")).status_code == 200
    marketer = await hub.employee("marketer")
    assert (await marketer.delete("/interactions/in_1")).status_code == 403
    assert [(call.method, call.body) for call in hub.peers.calls] == [
        ("PATCH", {"text": "Новый текст"}),
        ("DELETE", None),
    ]


async def test_an_empty_message_is_refused_before_it_is_passed_on(hub: Any) -> None:
    admin = await hub.admin()
    for body in ({}, {"text": ""}, {"text": "x", "to": "b@example.com"}, []):
        assert (await admin.post(MESSAGES, json=body)).status_code == 422
    assert hub.peers.calls == []


async def test_a_mailbox_is_removed_and_the_peer_told_who_did_it(hub: Any) -> None:
    hub.peers.answers["DELETE", "/mailboxes/mb_1"] = httpx.Response(204)
    answer = await (await hub.admin()).delete("/mailboxes/mb_1")
    assert (answer.status_code, answer.content) == (204, b"")
    assert hub.peers.calls[-1].employee == "admin"
    assert hub.peers.calls[-1].key
