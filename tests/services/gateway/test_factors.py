"""The second factor: codes as the RFC has them, each good once."""

from base64 import b32encode
from datetime import timedelta
from typing import Any

import pytest

from services.gateway.access.totp import PERIOD, code_at, step_of

PASSWORD = "correct-horse-7"
RFC = b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    assert code_at(RFC, seconds // PERIOD, digits=8) == code


def shown(secret: str, hub: Any) -> str:
    return code_at(secret, int(hub.clock.now().timestamp()) // PERIOD)


async def enrolled(hub: Any, client: Any) -> str:
    begun = await client.post("/me/second-factor", json={"password": PASSWORD})
    secret: str = begun.json()["secret"]
    assert begun.json()["uri"].startswith("otpauth://totp/omnihub:")
    confirmed = await client.post("/me/second-factor/confirm", json={"code": shown(secret, hub)})
    assert confirmed.status_code == 200
    return secret


async def test_a_login_takes_a_code_once_it_is_confirmed_and_each_code_once(hub: Any) -> None:
    admin = await hub.admin()
    secret = await enrolled(hub, admin)
    login = {"login": "admin", "password": PASSWORD}
    missing = await hub.client().post("/sessions", json=login)
    used = await hub.client().post("/sessions", json={**login, "code": shown(secret, hub)})
    hub.clock.advance(timedelta(seconds=PERIOD))
    right = await hub.client().post("/sessions", json={**login, "code": shown(secret, hub)})
    again = await hub.client().post("/sessions", json={**login, "code": shown(secret, hub)})
    assert [a.status_code for a in (missing, used, right, again)] == [401, 401, 201, 401]
    assert (missing.json()["title"], list(missing.json()["errors"])) == ("Second factor needed", ["code"])
    assert right.json()["employee"]["second_factor"] is True


async def test_wrong_codes_are_counted_as_wrong_passwords(hub: Any) -> None:
    await enrolled(hub, await hub.admin())
    guess = {"login": "admin", "password": PASSWORD, "code": "000000"}
    statuses = [(await hub.client().post("/sessions", json=guess)).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]


async def test_whoever_has_a_session_does_not_guess_the_code_that_confirms_a_factor(hub: Any) -> None:
    admin = await hub.admin()
    await admin.post("/me/second-factor", json={"password": PASSWORD})
    guess = {"code": "000000"}
    statuses = [(await admin.post("/me/second-factor/confirm", json=guess)).status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]


async def test_a_wrong_password_says_nothing_of_the_code(hub: Any) -> None:
    await enrolled(hub, await hub.admin())
    answer = await hub.client().post("/sessions", json={"login": "admin", "password": "wrong"})
    assert (answer.status_code, answer.json()["title"]) == (401, "Not logged in")


async def test_it_takes_the_password_to_begin_and_the_code_to_confirm(hub: Any) -> None:
    admin = await hub.admin()
    early = await admin.post("/me/second-factor/confirm", json={"code": "000000"})
    wrong = await admin.post("/me/second-factor", json={"password": "wrong"})
    await admin.post("/me/second-factor", json={"password": PASSWORD})
    bad = await admin.post("/me/second-factor/confirm", json={"code": "000000"})
    assert [answer.status_code for answer in (early, wrong, bad)] == [409, 422, 422]
    assert (await (await hub.admin()).get("/me")).json()["employee"]["second_factor"] is False


async def test_what_was_begun_and_left_lying_becomes_no_factor(hub: Any) -> None:
    admin = await hub.admin()
    secret = (await admin.post("/me/second-factor", json={"password": PASSWORD})).json()["secret"]
    hub.clock.advance(timedelta(minutes=31))
    late = await admin.post("/me/second-factor/confirm", json={"code": shown(secret, hub)})
    assert (late.status_code, "30 minutes" in late.json()["detail"]) == (409, True)


async def test_the_first_factor_ends_all_that_was_granted_without_it_but_the_session_that_set_it_up(hub: Any) -> None:
    here, elsewhere = await hub.employee("operator"), await hub.log_in("operator")
    token = hub.client((await elsewhere.post("/tokens", json={"name": "t"})).json()["token"])
    await enrolled(hub, here)
    assert [(await each.get("/me")).status_code for each in (here, elsewhere, token)] == [200, 401, 401]
    assert (await here.post("/tokens", json={"name": "t"})).status_code == 201


async def test_a_login_that_was_under_way_when_the_first_factor_came_opens_nothing(hub: Any) -> None:
    operator = await hub.employee("operator")
    parts = hub.gateway.http.state.parts
    before = await parts.employees.get("operator")
    await enrolled(hub, operator)
    session = (await parts.desk.who(operator.headers["Authorization"].removeprefix("Bearer ")))[1]
    late = await parts.desk.make_token(before, session, name="late", address="-", lifetime=timedelta(days=1))
    assert (await hub.client(late.token).get("/me")).status_code == 401


async def test_a_second_authenticator_in_place_of_the_first_ends_nothing_and_draws_no_codes(hub: Any) -> None:
    here = await hub.employee("operator")
    secret = await enrolled(hub, here)
    hub.clock.advance(timedelta(seconds=PERIOD))
    login = {"login": "operator", "password": PASSWORD, "code": shown(secret, hub)}
    elsewhere = hub.client((await hub.client().post("/sessions", json=login)).json()["token"])
    begun = (await here.post("/me/second-factor", json={"password": PASSWORD})).json()
    confirmed = await here.post("/me/second-factor/confirm", json={"code": shown(begun["secret"], hub)})
    assert confirmed.json() == {"recovery_codes": []}
    assert (await elsewhere.get("/me")).json()["recovery_codes"] == 10


async def codes_of(hub: Any, client: Any) -> list[str]:
    begun = (await client.post("/me/second-factor", json={"password": PASSWORD})).json()
    confirmed = await client.post("/me/second-factor/confirm", json={"code": shown(begun["secret"], hub)})
    found: list[str] = confirmed.json()["recovery_codes"]
    return found


async def test_the_first_factor_gives_ten_codes_each_of_which_lets_in_once_and_is_audited(hub: Any) -> None:
    admin, operator = await hub.admin(), await hub.employee("operator")
    codes = await codes_of(hub, operator)
    login = {"login": "operator", "password": PASSWORD}
    typed = codes[3].upper().replace("-", " ")
    answers = [await hub.client().post("/sessions", json={**login, "code": code}) for code in (typed, codes[3])]
    rows = (await admin.get("/audit", params={"action": "logIn", "target": "operator"})).json()["items"]
    document = await hub.gateway.http.state.parts.employees._repository.get("operator")
    assert (len(set(codes)), [answer.status_code for answer in answers]) == (10, [201, 401])
    assert [{"field": "recovery_codes", "before": 10, "after": 9}] in [row["changes"] for row in rows]
    assert (await operator.get("/me")).json()["recovery_codes"] == 9
    assert not any(code in str(document) for code in codes)


async def test_new_recovery_codes_take_the_password_and_replace_the_old_ones(hub: Any) -> None:
    operator = await hub.employee("operator")
    early = await operator.post("/me/recovery-codes", json={"password": PASSWORD})
    old = await codes_of(hub, operator)
    wrong = await operator.post("/me/recovery-codes", json={"password": "wrong"})
    new = (await operator.post("/me/recovery-codes", json={"password": PASSWORD})).json()["recovery_codes"]
    login = {"login": "operator", "password": PASSWORD}
    statuses = [
        (await hub.client().post("/sessions", json={**login, "code": code})).status_code for code in (old[0], new[0])
    ]
    assert (early.status_code, wrong.status_code, statuses) == (409, 422, [401, 201])


async def test_the_recovery_codes_go_with_the_last_factor(hub: Any) -> None:
    admin, operator = await hub.admin(), await hub.employee("operator")
    await codes_of(hub, operator)
    await admin.delete("/employees/operator/second-factor")
    assert (await operator.get("/me")).json()["recovery_codes"] == 0


async def test_an_administrator_removes_a_lost_one_and_no_secret_lies_open(hub: Any) -> None:
    admin, operator = await hub.admin(), await hub.employee("operator")
    secret = await enrolled(hub, operator)
    document = await hub.gateway.http.state.parts.employees._repository.get("operator")
    assert (await admin.delete("/employees/operator/second-factor")).status_code == 204
    await hub.log_in("operator")
    assert secret not in str(document)


async def test_a_role_that_takes_it_does_nothing_without_but_set_it_up(hub: Any, world: Any) -> None:
    operator = await hub.employee("operator")
    strict = world.build(OMNIHUB_GATEWAY__SECOND_FACTOR_ROLES="operator")
    await strict.start()
    hub.gateway, first = strict, hub.gateway
    client = hub.client(operator.headers["Authorization"].removeprefix("Bearer "))
    refused = await client.get("/live")
    await enrolled(hub, client)
    admitted = await client.get("/attachments/none")
    hub.gateway = first
    await strict.stop()
    assert (refused.status_code, "second-factor" in refused.json()["detail"]) == (403, True)
    assert admitted.status_code == 404


def test_a_code_may_be_a_step_early_or_late_and_is_never_taken_twice(hub: Any) -> None:
    now = hub.clock.now()
    step = int(now.timestamp()) // PERIOD
    found = [step_of(RFC, code_at(RFC, step + shift), now) for shift in (-2, -1, 0, 1, 2)]
    assert found == [None, step - 1, step, step + 1, None]
    assert step_of(RFC, code_at(RFC, step), now, after=step) is None
    assert step_of(RFC, "ы", now) is None


def test_a_code_that_was_taken_by_a_clock_that_was_wrong_keeps_nobody_out(hub: Any) -> None:
    now = hub.clock.now()
    step = int(now.timestamp()) // PERIOD
    assert step_of(RFC, code_at(RFC, step), now, after=step + 365 * 24 * 120) == step
    assert step_of(RFC, code_at(RFC, step), now, after=step + 2) is None


async def test_one_gives_up_his_own_application_with_his_password_and_all_but_this_session_ends(hub: Any) -> None:
    admin = await hub.admin()
    secret = await enrolled(hub, admin)
    hub.clock.advance(timedelta(seconds=PERIOD))
    login = {"login": "admin", "password": PASSWORD}
    other = (await hub.client().post("/sessions", json={**login, "code": shown(secret, hub)})).json()["token"]
    wrong = await admin.request("DELETE", "/me/second-factor", json={"password": "not-my-password"})
    assert (wrong.status_code, (await admin.get("/me")).json()["application"]) == (422, True)
    gone = await admin.request("DELETE", "/me/second-factor", json={"password": PASSWORD})
    me = (await admin.get("/me")).json()
    assert (gone.status_code, me["application"], me["recovery_codes"]) == (204, False, 0)
    assert (await hub.client().get("/me", headers={"Authorization": f"Bearer {other}"})).status_code == 401
    assert (await hub.client().post("/sessions", json=login)).status_code == 201
    again = await admin.request("DELETE", "/me/second-factor", json={"password": PASSWORD})
    assert again.status_code == 409
