"""Passkeys: an authenticator in software makes and shows them, and they let in."""

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest

from hub.testing.authenticator import EDDSA, ES256, text
from hub.testing.passkeys import ORIGIN, PASSWORD, added, asked, phone, shown
from hub.testing.processes import ROOT

OURS = {"Sec-Fetch-Site": "same-origin"}


@pytest.mark.parametrize("algorithm", [ES256, EDDSA])
@pytest.mark.parametrize("counts", [True, False])
async def test_a_passkey_lets_in_by_itself_again_and_again(named: Any, algorithm: int, counts: bool) -> None:
    device = phone(algorithm=algorithm, counts=counts)
    await added(await named.employee("operator"), device)
    answers = [await shown(named, device) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    me = (await named.client(answers[0].json()["token"]).get("/me")).json()
    assert (me["employee"]["login"], me["employee"]["second_factor"], me["passkeys"]) == ("operator", True, 1)


async def test_a_browser_gets_the_session_in_its_cookie(named: Any) -> None:
    device = phone()
    await added(await named.employee("operator"), device)
    started = await asked(named)
    body = {"ceremony": started["ceremony"], "credential": device.get(started["options"])}
    foreign = await named.client().post(
        "/sessions/passkey/browser", json=body, headers={"Sec-Fetch-Site": "cross-site"}
    )
    answer = await named.client().post("/sessions/passkey/browser", json=body, headers=OURS)
    assert (foreign.status_code, answer.status_code, answer.json()["login"]) == (403, 201, "operator")
    assert answer.headers["Set-Cookie"].startswith("__Host-omnihub=")


async def test_it_is_both_factors_and_the_password_alone_is_none(named: Any) -> None:
    device = phone()
    told = await added(await named.employee("operator"), device)
    login = {"login": "operator", "password": PASSWORD}
    alone = await named.client().post("/sessions", json=login)
    recovered = await named.client().post("/sessions", json={**login, "code": told["recovery_codes"][0]})
    assert (alone.status_code, alone.json()["title"]) == (401, "Second factor needed")
    assert (recovered.status_code, len(told["recovery_codes"])) == (201, 10)


async def test_a_role_that_takes_a_second_factor_is_content_with_a_passkey(hub: Any, world: Any) -> None:
    operator = await hub.employee("operator")
    strict = world.build(OMNIHUB_GATEWAY__SECOND_FACTOR_ROLES="operator", OMNIHUB_GATEWAY__PUBLIC_URL=ORIGIN)
    await strict.start()
    hub.gateway, first = strict, hub.gateway
    device = phone()
    client = hub.client(operator.headers["Authorization"].removeprefix("Bearer "))
    before = await client.get("/attachments/none")
    await added(client, device)
    entered = hub.client((await shown(hub, device)).json()["token"])
    after = [(await each.get("/attachments/none")).status_code for each in (client, entered)]
    hub.gateway = first
    await strict.stop()
    assert (before.status_code, after) == (403, [404, 404])


async def test_the_first_passkey_ends_what_was_granted_without_it_and_a_second_ends_nothing(named: Any) -> None:
    here, elsewhere = await named.employee("operator"), await named.log_in("operator")
    await added(here, phone())
    assert [(await each.get("/me")).status_code for each in (here, elsewhere)] == [200, 401]
    device = phone()
    told = await added(here, device, "Ключ")
    entered = named.client((await shown(named, device)).json()["token"])
    await added(here, phone(), "Ещё один")
    assert (told["recovery_codes"], (await entered.get("/me")).status_code) == ([], 200)


async def test_a_removed_passkey_lets_nobody_in_and_ends_what_it_began(named: Any) -> None:
    here, device = await named.employee("operator"), phone()
    passkey = (await added(here, device))["passkey"]
    entered = named.client((await shown(named, device)).json()["token"])
    path = f"/me/passkeys/{passkey['id']}"
    wrong = await here.request("DELETE", path, json={"password": "wrong"})
    gone = await here.request("DELETE", path, json={"password": PASSWORD})
    statuses = [(await each.get("/me")).status_code for each in (here, entered)]
    assert (wrong.status_code, gone.status_code, statuses) == (422, 204, [200, 401])
    assert (await shown(named, device)).status_code == 401
    assert (await here.get("/me")).json()["recovery_codes"] == 0


async def test_one_gives_names_and_an_administrator_removes_what_was_lost(named: Any) -> None:
    admin, operator, device = await named.admin(), await named.employee("operator"), phone(synced=True)
    passkey = (await added(operator, device))["passkey"]
    await operator.patch(f"/me/passkeys/{passkey['id']}", json={"name": "Ключ в офисе"})
    listed = (await admin.get("/employees/operator/passkeys")).json()["items"]
    assert [(each["name"], each["synced"]) for each in listed] == [("Ключ в офисе", True)]
    assert (await admin.delete(f"/employees/operator/passkeys/{passkey['id']}")).status_code == 204
    assert (await operator.get("/me")).status_code == 401
    assert (await (await named.log_in("operator")).get("/me/passkeys")).json() == {"items": []}
    rows = (await admin.get("/audit", params={"action": "removePasskeyOf"})).json()["items"]
    assert "Ключ в офисе" in rows[0]["changes"][0]["before"]


async def test_a_passkey_shown_just_now_stands_in_for_the_password(named: Any) -> None:
    here, device = await named.employee("operator"), phone()
    passkey = (await added(here, device))["passkey"]
    started = (await here.post("/me/passkeys/proof")).json()
    assert [each["id"] for each in started["options"]["allowCredentials"]] == [text(device.keys[0].id)]
    proof = {"passkey": {"ceremony": started["ceremony"], "credential": device.get(started["options"])}}
    first = await here.post("/me/recovery-codes", json=proof)
    again = await here.request("DELETE", f"/me/passkeys/{passkey['id']}", json=proof)
    assert (first.status_code, again.status_code) == (201, 422)


async def test_a_proof_of_one_session_is_none_in_another_nor_is_a_login(named: Any) -> None:
    here, device = await named.employee("operator"), phone()
    await added(here, device)
    other = named.client((await shown(named, device)).json()["token"])
    started = (await here.post("/me/passkeys/proof")).json()
    login = await asked(named)
    proofs = [{"ceremony": each["ceremony"], "credential": device.get(each["options"])} for each in (started, login)]
    answers = [await other.post("/me/recovery-codes", json={"passkey": proof}) for proof in proofs]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert (await named.client().post("/sessions/passkey", json=proofs[0])).status_code == 401


async def test_a_challenge_is_answered_once_within_five_minutes_at_any_copy(named: Any, world: Any) -> None:
    device = phone(counts=False)  # a counter would refuse the second answer by itself
    await added(await named.employee("operator"), device)
    started, late = await asked(named), await asked(named)
    copy = world.build(OMNIHUB_GATEWAY__PUBLIC_URL=ORIGIN)
    await copy.start()
    named.gateway, first = copy, named.gateway
    body = {"ceremony": started["ceremony"], "credential": device.get(started["options"])}
    answers = [await named.client().post("/sessions/passkey", json=body) for _ in range(2)]
    named.gateway = first
    await copy.stop()
    answers.append(await named.client().post("/sessions/passkey", json=body))
    named.clock.advance(timedelta(minutes=5))
    body = {"ceremony": late["ceremony"], "credential": device.get(late["options"])}
    answers.append(await named.client().post("/sessions/passkey", json=body))
    assert [answer.status_code for answer in answers] == [201, 401, 401, 401]


def test_a_start_loads_none_of_the_libraries_that_only_some_logins_need() -> None:
    asked = (
        "import sys, services.gateway.app; print([n for n in ('webauthn', 'authlib', 'joserfc') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
