"""What is answered by the services behind the gateway passes through unchanged."""

from typing import Any

import httpx

from hub.api.actor import HEADER, Actor

MESSAGES = "/chains/ch_1/messages"
BOX = {
    "address": "sales@example.com",
    "name": "Sales",
    "imap": {"host": "imap.example.com", "port": 993, "security": "tls", "user": "sales", "password": "secret"},
    "smtp": {"host": "smtp.example.com", "port": 587, "security": "starttls", "user": "sales", "password": "secret"},
}


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


async def test_a_service_is_told_who_asks_and_how_he_signs(hub: Any) -> None:
    hub.peers.answer("POST", MESSAGES, 202, {"id": "int_1"})
    operator = await hub.employee("operator")
    assert (await operator.patch("/me", json={"signature": "Ольга\nОтдел продаж"})).status_code == 200
    (session,) = (await operator.get("/sessions")).json()["items"]
    await operator.post(MESSAGES, json={"text": "b"})
    assert hub.peers.calls[-1].actor == Actor(
        login="operator",
        name="Operator",
        role="operator",
        reach=("owner:operator", "team:"),
        reads=("owner:operator", "team:"),
        session=session["id"],
        signature="Ольга\nОтдел продаж",
    )
    assert hub.peers.calls[-1].body == {"text": "b"}
    assert (await operator.get("/me")).json()["employee"]["signature"] == "Ольга\nОтдел продаж"


async def test_an_actor_that_a_caller_makes_up_is_not_passed_on(hub: Any) -> None:
    hub.peers.answer("GET", "/clients", 200, {"items": [], "next": None})
    operator = await hub.employee("operator")
    await operator.get("/clients", headers={HEADER: "eyJsb2dpbiI6ImFkbWluIn0.forged"})
    assert hub.peers.calls[-1].employee == "operator"


async def test_a_service_that_does_not_know_our_signature_is_no_fault_of_the_caller(hub: Any) -> None:
    hub.peers.answer("GET", "/clients", 401, {"title": "Not logged in", "status": 401})
    answer = await (await hub.admin()).get("/clients")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


async def test_what_a_service_has_not_told_yet_is_a_503_and_a_404_once_all_have(hub: Any, world: Any) -> None:
    admin = await hub.admin()
    assert (await admin.get("/letters")).status_code == 404
    world.peers.answers["GET", "//email/operations"] = httpx.ConnectError("refused")
    late = world.build()
    await late.start()
    hub.gateway, first = late, hub.gateway
    client = hub.client(admin.headers["Authorization"].removeprefix("Bearer "))
    waiting = await client.get("/mailboxes"), await client.get("/letters"), await hub.client().get("/letters")
    known = await client.put("/sessions"), await client.get("/me")
    hub.peers.answer("GET", "//messaging/channels", 200, {"items": []})
    channels = (await client.get("/channels")).json()
    del world.peers.answers["GET", "//email/operations"]
    hub.peers.answer("GET", "/mailboxes", 200, {"items": [], "next": None})
    there = await client.get("/mailboxes"), await client.get("/letters")
    hub.gateway = first
    await late.stop()
    assert [answer.status_code for answer in (*waiting, *known, *there)] == [503, 503, 401, 405, 200, 200, 404]
    assert channels["silent"] == ["email"]


async def test_an_operation_that_comes_new_is_there_without_a_restart(hub: Any) -> None:
    admin = await hub.admin()
    hub.peers.answer("GET", "/letters", 200, {"items": []})
    assert (await admin.get("/letters")).status_code == 404
    new = {"id": "listLetters", "method": "GET", "path": "/letters", "noun": "letter", "action": "read"}
    operations = [{**new, "right": "read_channels"}, {**new, "path": "/secrets", "right": "nobody_knows_it"}]
    hub.peers.answer("GET", "//email/operations", 200, {"service": "email", "operations": operations})
    await hub.gateway.http.state.parts.table.refresh()
    assert [(await admin.get(path)).status_code for path in ("/letters", "/mailboxes", "/secrets")] == [200, 404, 404]


async def test_the_first_service_that_declares_an_operation_has_it(hub: Any) -> None:
    taken = {"id": "x", "method": "GET", "path": "/clients", "noun": "x", "action": "read", "right": "own_account"}
    hub.peers.answer("GET", "//messaging/operations", 200, {"service": "messaging", "operations": [taken]})
    await hub.gateway.http.state.parts.table.refresh()
    hub.peers.answer("GET", "//interactions/clients", 200, {"items": ["ours"], "next": None})
    assert (await (await hub.admin()).get("/clients")).json()["items"] == ["ours"]


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


async def test_a_mailbox_is_removed_and_the_peer_told_who_did_it(hub: Any) -> None:
    hub.peers.answers["DELETE", "/mailboxes/mb_1"] = httpx.Response(204)
    answer = await (await hub.admin()).delete("/mailboxes/mb_1")
    assert (answer.status_code, answer.content) == (204, b"")
    assert hub.peers.calls[-1].employee == "admin"
    assert hub.peers.calls[-1].key
