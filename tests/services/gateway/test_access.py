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


async def test_a_new_password_ends_tokens_as_well_whoever_sets_it(hub: Any) -> None:
    admin, operator = await hub.admin(), await hub.employee("operator")
    for change in ("own", "reset"):
        token = (await operator.post("/tokens", json={"name": "t"})).json()["token"]
        if change == "own":
            new = {"current": PASSWORD, "new": "battery-staple-8"}
            assert (await operator.post("/me/password", json=new)).status_code == 204
            assert (await operator.get("/me")).status_code == 200
        else:
            await admin.patch("/employees/operator", json={"password": PASSWORD})
            assert (await operator.get("/me")).status_code == 401
        assert (await hub.client(token).get("/me")).status_code == 401, change


async def test_a_session_that_chose_the_password_twice_goes_on(hub: Any) -> None:
    admin = await hub.admin()
    await admin.post("/me/password", json={"current": PASSWORD, "new": "battery-staple-8"})
    await admin.post("/me/password", json={"current": "battery-staple-8", "new": "battery-staple-9"})
    assert (await admin.get("/me")).status_code == 200


async def test_what_was_granted_on_an_old_password_ends_although_it_was_stored_after_the_reset(hub: Any) -> None:
    parts = hub.gateway.http.state.parts
    operator = await hub.employee("operator")
    before, session = await parts.desk.who(operator.headers["Authorization"].removeprefix("Bearer "))
    await (await hub.admin()).patch("/employees/operator", json={"password": "battery-staple-8"})
    late = await parts.desk.make_token(before, session, name="late", address="-", lifetime=timedelta(days=1))
    assert (await hub.client(late.token).get("/me")).status_code == 401
    assert (await operator.get("/me")).status_code == 401


async def test_who_is_switched_on_again_logs_in_anew(hub: Any) -> None:
    admin, operator = await hub.admin(), await hub.employee("operator")
    token = (await operator.post("/tokens", json={"name": "t"})).json()["token"]
    for active in (False, True):
        await admin.patch("/employees/operator", json={"active": active})
    assert (await operator.get("/me")).status_code == 401
    assert (await hub.client(token).get("/me")).status_code == 401
    assert (await (await hub.log_in("operator")).get("/me")).status_code == 200


async def test_a_role_counts_from_the_next_request_also_for_tokens(hub: Any) -> None:
    admin, boss = await hub.admin(), await hub.employee("administrator", "boss")
    token = hub.client((await boss.post("/tokens", json={"name": "t"})).json()["token"])
    assert (await token.get("/audit")).status_code == 200
    await admin.patch("/employees/boss", json={"role": "operator"})
    assert [(await client.get("/audit")).status_code for client in (token, boss)] == [403, 403]
    assert (await token.get("/me")).json()["employee"]["role"] == "operator"


async def test_a_token_cannot_make_what_outlives_it(hub: Any) -> None:
    admin = await hub.admin()
    token = hub.client((await admin.post("/tokens", json={"name": "t"})).json()["token"])
    other = (await admin.get("/sessions")).json()["items"][0]["id"]
    ghost = {"login": "ghost", "name": "Ghost", "role": "administrator", "password": PASSWORD}
    answers = [
        await token.post("/tokens", json={"name": "second"}),
        await token.post("/me/password", json={"current": PASSWORD, "new": "battery-staple-8"}),
        await token.post("/employees", json=ghost),
        await token.patch("/employees/admin", json={"password": "battery-staple-8"}),
        await token.delete(f"/sessions/{other}"),
        await token.delete("/employees/admin/sessions"),
        await token.delete(f"/employees/admin/sessions/{other}"),
        await token.get("/employees/admin/tokens"),
    ]
    assert [answer.status_code for answer in answers] == [403] * len(answers)
    assert "log in with the password" in answers[0].json()["detail"]


async def test_a_token_that_only_reads_writes_nothing(hub: Any) -> None:
    made = (await (await hub.admin()).post("/tokens", json={"name": "t", "scope": "read"})).json()
    token = hub.client(made["token"])
    assert (await token.get("/employees")).status_code == 200
    refused = await token.patch("/me", json={"signature": "x"})
    assert (refused.status_code, "only reads" in refused.json()["detail"]) == (403, True)


async def test_a_token_has_the_rights_it_was_given_and_no_more_than_its_owner(hub: Any) -> None:
    operator = await hub.employee("operator")
    made = await operator.post("/tokens", json={"name": "t", "rights": ["read_jobs", "own_account"]})
    token = hub.client(made.json()["token"])
    me = (await token.get("/me")).json()
    refused = await token.get("/employees")
    lacking = await token.post("/attachments?filename=a", content=b"a")
    above = await operator.post("/tokens", json={"name": "t", "rights": ["read_audit"]})
    assert me["rights"] == ["own_account", "read_jobs"]
    assert (refused.status_code, lacking.status_code, above.status_code) == (403, 403, 422)
    assert list(above.json()["errors"]) == ["rights"]


async def test_a_token_ends_after_a_year_unless_it_says_otherwise(hub: Any) -> None:
    made = (await (await hub.admin()).post("/tokens", json={"name": "t"})).json()
    assert from_iso(made["expires_at"]) == hub.clock.now() + timedelta(days=365)


async def test_the_last_use_is_written_at_most_once_a_minute(hub: Any) -> None:
    admin = await hub.admin()
    token = hub.client((await admin.post("/tokens", json={"name": "t"})).json()["token"])
    begun, seen = hub.clock.now(), []
    for _ in range(5):
        hub.clock.advance(timedelta(seconds=30))
        await token.get("/me")
        (listed,) = (await admin.get("/tokens")).json()["items"]
        seen.append((from_iso(listed["last_used_at"]) - begun).total_seconds())
    assert seen == [0, 60, 60, 120, 120]


async def test_an_administrator_lists_and_revokes_anybodys_sessions_and_tokens(hub: Any) -> None:
    admin, operator = await hub.admin(), await hub.employee("operator")
    made = (await operator.post("/tokens", json={"name": "nightly", "scope": "read"})).json()
    sessions = (await admin.get("/employees/operator/sessions")).json()["items"]
    (token,) = (await admin.get("/employees/operator/tokens")).json()["items"]
    assert (len(sessions), token["id"], token["scope"], token["rights"]) == (1, made["id"], "read", None)
    assert (await admin.delete(f"/employees/operator/tokens/{made['id']}")).status_code == 204
    assert (await hub.client(made["token"]).get("/me")).status_code == 401
    assert (await admin.delete(f"/employees/operator/sessions/{sessions[0]['id']}")).status_code == 204
    assert (await operator.get("/me")).status_code == 401
    again = await hub.log_in("operator")
    assert (await admin.delete("/employees/operator/sessions")).status_code == 204
    assert (await again.get("/me")).status_code == 401
    statuses = [(await admin.get(f"/employees/nobody/{what}")).status_code for what in ("sessions", "tokens")]
    assert statuses == [404, 404]


async def test_nobody_else_lists_or_revokes_them(hub: Any) -> None:
    supervisor = await hub.employee("supervisor")
    for method in ("GET", "DELETE"):
        for what in ("sessions", "tokens"):
            assert (await supervisor.request(method, f"/employees/admin/{what}")).status_code == 403
