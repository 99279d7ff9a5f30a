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
    assert confirmed.status_code == 204
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
