"""Whatever an authenticator, or somebody who plays one, says wrong is refused."""

from typing import Any

import pytest

from hub.testing.authenticator import Bent, text
from hub.testing.passkeys import PASSWORD, Json, added, asked, begun, phone, shown

BENT = {
    "another origin": Bent(origin="https://hub.example.com.evil.example"),
    "plain http": Bent(origin="http://hub.example.com"),
    "another relying party": Bent(rp="evil.example"),
    "another challenge": Bent(challenge=text(b"x" * 32)),
    "the other kind": Bent(kind="webauthn.create"),
    "another handle": Bent(handle=text(b"y" * 32)),
    "in a frame": Bent(framed=True),
}


@pytest.mark.parametrize("bent", BENT.values(), ids=BENT.keys())
async def test_a_login_that_says_anything_wrong_is_refused(named: Any, bent: Bent) -> None:
    device = phone()
    await added(await named.employee("operator"), device)
    answer = await shown(named, device, bent)
    assert (answer.status_code, answer.json()["title"]) == (401, "Not this passkey")
    assert (await shown(named, device)).status_code == 201


async def test_a_login_of_somebody_the_authenticator_did_not_verify_is_refused(named: Any) -> None:
    device = phone()
    await added(await named.employee("operator"), device)
    device.verifies = False
    assert (await shown(named, device)).status_code == 401


async def test_the_passkey_of_another_is_refused_where_a_login_was_named(named: Any) -> None:
    mine, his = phone(), phone()
    await added(await named.employee("operator"), mine)
    await added(await named.employee("marketer"), his)
    assert (await shown(named, mine, login="marketer")).status_code == 401
    stolen = Bent(handle=his.keys[0].handle)
    assert (await shown(named, mine, stolen)).status_code == 401
    assert (await shown(named, mine, login="operator")).status_code == 201


async def test_a_key_that_was_made_with_the_id_of_anothers_lets_in_as_its_own_owner_alone(named: Any) -> None:
    his, mine = phone(), phone()
    await added(await named.employee("marketer"), his)
    operator = await named.employee("operator")
    started = await begun(operator)
    credential = mine.create(started["options"], Bent(id=his.keys[0].id))
    body = {"ceremony": started["ceremony"], "name": "копия", "credential": credential}
    assert (await operator.post("/me/passkeys", json=body)).status_code == 201
    assert (await shown(named, mine)).json()["employee"]["login"] == "operator"
    assert (await shown(named, mine, Bent(handle=his.keys[0].handle))).status_code == 401


@pytest.mark.parametrize("count", [0, 1, 2])
async def test_a_counter_that_does_not_go_on_is_refused_and_in_the_audit(named: Any, count: int) -> None:
    admin, device = await named.admin(), phone()
    await added(await named.employee("operator"), device)
    assert (await shown(named, device)).status_code == 201
    answer = await shown(named, device, Bent(count=count))
    rows = (await admin.get("/audit", params={"action": "refusePasskey"})).json()["items"]
    assert (answer.status_code, "copy" in answer.json()["detail"]) == (401, True)
    assert (rows[0]["target"], {"field": "count", "before": 2, "after": count} in rows[0]["changes"]) == (
        "operator",
        count != 2,
    )
    assert (await shown(named, device)).status_code == 201


async def test_a_login_and_a_refusal_are_in_the_audit(named: Any) -> None:
    admin, device = await named.admin(), phone()
    await added(await named.employee("operator"), device)
    await shown(named, device)
    await shown(named, device, Bent(rp="evil.example"))
    rows = (await admin.get("/audit", params={"action": "logInPasskey"})).json()["items"]
    assert sorted((row["target"], row["status"]) for row in rows) == [("operator", 201), ("operator", 401)]


async def test_wrong_passkeys_are_counted_as_wrong_passwords(named: Any) -> None:
    device = phone()
    await added(await named.employee("operator"), device)
    bent = Bent(challenge=text(b"x" * 32))
    statuses = [(await shown(named, device, bent)).status_code for _ in range(11)]
    password = await named.client().post("/sessions", json={"login": "operator", "password": PASSWORD})
    assert (statuses, password.status_code) == ([401] * 10 + [429], 429)


async def test_who_is_switched_off_is_not_let_in_by_his_passkey(named: Any) -> None:
    admin, device = await named.admin(), phone()
    await added(await named.employee("operator"), device)
    await admin.patch("/employees/operator", json={"active": False})
    assert (await shown(named, device)).status_code == 401


async def test_the_beginning_of_a_login_says_nothing_about_who_is_here(named: Any) -> None:
    device = phone()
    await added(await named.employee("operator"), device)
    answers = [(await asked(named, login))["options"] for login in ("operator", "nobody", "")]
    assert [each["allowCredentials"] for each in answers] == [[], [], []]
    assert {frozenset(each) for each in answers} == {frozenset(answers[0])}


MADE_WRONG = {
    "another origin": Bent(origin="https://evil.example"),
    "another relying party": Bent(rp="evil.example"),
    "another challenge": Bent(challenge=text(b"x" * 32)),
    "the other kind": Bent(kind="webauthn.get"),
    "an attestation that is none": Bent(fmt="tpm"),
    "an id that is too long": Bent(id=b"i" * 1024),
    "in a frame": Bent(framed=True),
}


@pytest.mark.parametrize("bent", MADE_WRONG.values(), ids=MADE_WRONG.keys())
async def test_a_new_passkey_that_says_anything_wrong_is_refused(named: Any, bent: Bent) -> None:
    operator, device = await named.employee("operator"), phone()
    started = await begun(operator)
    credential = device.create(started["options"], bent)
    body = {"ceremony": started["ceremony"], "name": "x", "credential": credential}
    assert (await operator.post("/me/passkeys", json=body)).status_code == 422
    assert (await operator.get("/me/passkeys")).json() == {"items": []}


async def test_a_new_passkey_takes_a_verified_person_the_password_and_the_session_it_was_begun_in(named: Any) -> None:
    operator, device = await named.employee("operator"), phone(verifies=False)
    other = await named.log_in("operator")
    token = named.client((await operator.post("/tokens", json={"name": "t"})).json()["token"])
    assert (await operator.post("/me/passkeys/begin", json={"password": "wrong"})).status_code == 422
    assert (await operator.post("/me/passkeys/begin", json={})).status_code == 422
    assert (await token.post("/me/passkeys/begin", json={"password": PASSWORD})).status_code == 403
    started = await begun(operator)
    unverified = {
        "ceremony": started["ceremony"],
        "name": "x",
        "credential": device.create(started["options"]),
    }
    device.verifies = True
    verified = {**unverified, "credential": device.create(started["options"])}
    answers = [
        await client.post("/me/passkeys", json=body)
        for client, body in ((operator, unverified), (other, verified), (operator, verified), (operator, verified))
    ]
    assert [answer.status_code for answer in answers] == [422, 422, 201, 422]


HOSTILE: list[Json] = [
    {},
    {"attestationObject": text(b"\x9b" + b"\x7f" * 8), "clientDataJSON": text(b"{}")},
    {"attestationObject": text(b"\x81" * 5_000), "clientDataJSON": text(b"[" * 2_500)},
    {"attestationObject": text(b"\xff"), "clientDataJSON": text(b'"x"')},
    {"attestationObject": "A" * 20_000, "clientDataJSON": text(b"{}")},
    {"attestationObject": "A", "clientDataJSON": "A" * 5_000},
]


@pytest.mark.parametrize("response", HOSTILE)
async def test_bytes_that_are_no_passkey_are_refused_with_the_field(named: Any, response: Json) -> None:
    operator = await named.employee("operator")
    started = await begun(operator)
    credential = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": response}
    body = {"ceremony": started["ceremony"], "name": "x", "credential": credential}
    answer = await operator.post("/me/passkeys", json=body)
    assert (answer.status_code, any("credential" in field for field in answer.json()["errors"])) == (422, True)


@pytest.mark.parametrize("ceremony", ["x", "ы", "gAAAAA", "A" * 2_001])
async def test_a_ceremony_that_is_none_of_ours_is_refused(named: Any, ceremony: str) -> None:
    response = {"clientDataJSON": "e30", "authenticatorData": "AAAA", "signature": "AAAA"}
    credential = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": response}
    answer = await named.client().post("/sessions/passkey", json={"ceremony": ceremony, "credential": credential})
    assert answer.status_code == (422 if len(ceremony) > 2_000 else 401)


async def test_what_was_sealed_for_something_else_is_no_ceremony(named: Any) -> None:
    box = named.gateway.http.state.parts.devices._box
    sealed = box.seal(
        '{"use":"log in","challenge":"AA","origin":"x","until":"2030-01-01T00:00:00Z","login":"","session":""}'
    )
    response = {"clientDataJSON": "e30", "authenticatorData": "AAAA", "signature": "AAAA"}
    credential = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": response}
    answer = await named.client().post("/sessions/passkey", json={"ceremony": sealed, "credential": credential})
    assert answer.json()["errors"] == {
        "ceremony": "ceremony: over, used already, or begun for something else; begin again"
    }


async def test_there_are_at_most_twenty(named: Any) -> None:
    operator = await named.employee("operator")
    device = phone()
    for number in range(20):
        await added(operator, device, f"{number}")
    started = await begun(operator)
    body = {"ceremony": started["ceremony"], "name": "x", "credential": device.create(started["options"])}
    assert (await operator.post("/me/passkeys", json=body)).status_code == 409


@pytest.mark.parametrize(
    ("url", "status"),
    [("http://localhost:8800", 200), ("http://127.0.0.1:8800", 409), ("http://hub.example.com", 409)],
)
async def test_without_an_address_passkeys_are_for_this_machine_by_its_name(hub: Any, url: str, status: int) -> None:
    answer = await hub.client().post(f"{url}/api/v1/sessions/passkey/begin", json={})
    assert answer.status_code == status, answer.text
    assert status != 200 or answer.json()["options"]["rpId"] == "localhost"


@pytest.mark.parametrize(
    "text", ["hub.example.com", "http://hub.example.com", "https://hub.example.com/x", "ftp://x"]
)
def test_an_address_that_browsers_would_not_take_is_refused_at_the_start(world: Any, text: str) -> None:
    with pytest.raises(Exception, match="public_url"):
        world.build(OMNIHUB_GATEWAY__PUBLIC_URL=text)
