"""Getting in: passwords, sessions, tokens, throttling."""

import asyncio
from datetime import timedelta
from typing import Any

from hub.kit.clock import from_iso

PASSWORD = "correct-horse-7"
WRONG = {"login": "admin", "password": "wrong"}


async def test_a_login_gives_a_token_that_opens_the_api(hub: Any) -> None:
    answer = await hub.client().post("/sessions", json={"login": "Admin ", "password": PASSWORD})
    session = answer.json()
    me = (await hub.client(session["token"]).get("/me")).json()
    assert answer.status_code == 201
    assert session["employee"]["role"] == "administrator"
    assert from_iso(session["expires_at"]) == hub.clock.now() + timedelta(hours=12)
    assert me["employee"]["login"] == "admin"
    assert "manage_employees" in me["rights"]


async def test_a_wrong_password_and_an_unknown_login_are_told_the_same(hub: Any) -> None:
    wrong = await hub.client().post("/sessions", json=WRONG)
    unknown = await hub.client().post("/sessions", json={**WRONG, "login": "nobody"})
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert wrong.content == unknown.content
    assert wrong.headers["Content-Type"] == "application/problem+json"
    assert wrong.headers["WWW-Authenticate"] == "Bearer"


async def test_a_made_up_token_is_refused(hub: Any) -> None:
    for token in ("hub_made-up", "x", "Кириллица".encode().hex()):
        assert (await hub.client(token).get("/me")).status_code == 401


async def test_a_session_is_over_after_its_time(hub: Any) -> None:
    admin = await hub.admin()
    hub.clock.advance(timedelta(hours=12))
    answer = await admin.get("/me")
    assert (answer.status_code, answer.json()["detail"]) == (401, "the session is over; log in again")


async def test_sessions_are_listed_and_can_be_ended(hub: Any) -> None:
    first, second = await hub.admin(), await hub.admin()
    listed = (await first.get("/sessions")).json()["items"]
    other = next(session["id"] for session in listed if not session["current"])
    ended = await first.delete(f"/sessions/{other}")
    assert ended.status_code == 204
    assert (await second.get("/me")).status_code == 401
    assert (await first.get("/me")).status_code == 200


async def test_nobody_ends_the_session_of_somebody_else(hub: Any) -> None:
    admin, operator = await hub.admin(), await hub.employee("operator")
    session = (await operator.get("/sessions")).json()["items"][0]["id"]
    assert (await admin.delete(f"/sessions/{session}")).status_code == 404
    assert (await operator.get("/me")).status_code == 200


async def test_logging_out_ends_this_session(hub: Any) -> None:
    admin = await hub.admin()
    assert (await admin.delete("/sessions/current")).status_code == 204
    assert (await admin.get("/me")).status_code == 401


async def test_a_token_is_told_once_and_works_until_it_is_revoked(hub: Any) -> None:
    admin = await hub.admin()
    made = (await admin.post("/tokens", json={"name": "nightly report", "days": 1})).json()
    with_token = hub.client(made["token"])
    listed = (await admin.get("/tokens")).json()
    assert (await with_token.get("/me")).status_code == 200
    assert made["token"] not in str(listed)
    assert [token["name"] for token in listed["items"]] == ["nightly report"]
    assert (await admin.delete(f"/tokens/{made['id']}")).status_code == 204
    assert (await with_token.get("/me")).status_code == 401


async def test_a_token_ends_after_its_days(hub: Any) -> None:
    made = (await (await hub.admin()).post("/tokens", json={"name": "short", "days": 1})).json()
    hub.clock.advance(timedelta(days=1))
    assert (await hub.client(made["token"]).get("/me")).status_code == 401


async def test_no_secret_is_in_the_store_in_clear(hub: Any, tmp_path: Any) -> None:
    admin = await hub.admin()
    made = (await admin.post("/tokens", json={"name": "t"}, headers={"Idempotency-Key": "k"})).json()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("gateway.sqlite*"))
    assert made["token"].encode() not in stored
    assert PASSWORD.encode() not in stored
    assert b"$argon2id$" in stored


async def test_ten_wrong_passwords_close_a_login_also_for_the_right_one_and_after_a_restart(
    hub: Any, world: Any
) -> None:
    client = hub.client()
    answers = [(await client.post("/sessions", json=WRONG)).status_code for _ in range(11)]
    other = world.build()
    await other.start()
    hub.gateway, first = other, hub.gateway
    refused = await hub.client().post("/sessions", json={"login": "admin", "password": PASSWORD})
    hub.gateway = first
    await other.stop()
    assert answers == [401] * 10 + [429]
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "901")
    hub.clock.advance(timedelta(minutes=15))
    await hub.admin()


async def test_many_guesses_at_once_do_not_slip_through(hub: Any) -> None:
    client = hub.client()
    answers = await asyncio.gather(*(client.post("/sessions", json=WRONG) for _ in range(30)))
    assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 20


async def test_an_address_that_tries_many_logins_has_to_wait(world: Any) -> None:
    gateway = world.build(OMNIHUB_GATEWAY__TRIES_PER_ADDRESS="3")
    await gateway.start()
    throttle = gateway.http.state.parts.desk
    refused = []
    for n in range(4):
        try:
            await throttle.log_in(f"login{n}", "wrong", address="192.0.2.7", program="")
        except Exception as exc:
            refused.append(type(exc).__name__)
    await gateway.stop()
    assert refused == ["Unauthenticated"] * 3 + ["TooManyRequests"]


async def test_right_logins_never_count_towards_the_limit(hub: Any) -> None:
    for _ in range(12):
        await hub.admin()


async def test_a_changed_password_ends_all_other_sessions(hub: Any) -> None:
    here, elsewhere = await hub.admin(), await hub.admin()
    body = {"current": PASSWORD, "new": "battery-staple-8"}
    assert (await here.post("/me/password", json=body)).status_code == 204
    assert (await here.get("/me")).status_code == 200
    assert (await elsewhere.get("/me")).status_code == 401
    assert (await here.post("/me/password", json=body)).json()["errors"] == {"current": "not your password"}
    await hub.log_in("admin", "battery-staple-8")
