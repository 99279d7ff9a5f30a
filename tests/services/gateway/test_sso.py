"""The single sign-on, against a provider that is not ours, over sockets."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hub.testing.authenticator import Authenticator
from hub.testing.servers.oidc import OidcProvider, Person
from hub.testing.sso import HOME, OURS, PASSWORD

ANNA = {"preferred_username": "anna", "name": "Анна Петрова", "groups": ["Продажи"]}
LOGIN = "/api/v1/sessions"


async def test_who_comes_for_the_first_time_is_made_an_employee_with_the_role_of_his_group(sso: Any) -> None:
    async with sso() as visit:
        answer = await visit.log_in("/chains?open=1")
        me = await visit.me()
    assert (answer.status_code, answer.headers["Location"]) == (303, "/chains?open=1")
    assert (me["employee"]["login"], me["employee"]["name"], me["employee"]["role"]) == (
        "anna",
        "Анна Петрова",
        "operator",
    )


async def test_the_way_there_is_a_code_with_pkce_bound_to_the_browser_by_a_lax_cookie(
    sso: Any, provider: OidcProvider
) -> None:
    async with sso() as visit:
        address = await visit.go()
        cookie = next(each for each in visit.here.cookies.jar if each.name == "omnihub-sso")
        answer = await visit.back(await visit.agreed(address))
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert address.startswith(f"{provider.issuer}/authorize?")
    assert (asked["response_type"], asked["code_challenge_method"], len(asked["code_challenge"])) == (
        "code",
        "S256",
        43,
    )
    assert asked["redirect_uri"] == f"{HOME}/api/v1/sessions/oidc/callback"
    assert all(asked[name] not in str(cookie.value) for name in ("state", "nonce"))
    first, *others = answer.headers.get_list("Set-Cookie")
    assert "SameSite=strict" in first
    assert any(each.startswith("omnihub-sso=") and "Max-Age=0" in each for each in others)
    started = visit.cookies_set[0]
    assert "SameSite=lax" in started
    assert "HttpOnly" in started


async def test_he_is_known_by_issuer_and_subject_whatever_he_is_called_next_time(
    sso: Any, provider: OidcProvider
) -> None:
    async with sso() as visit:
        await visit.log_in()
        provider.person = Person(provider.person.sub, {**ANNA, "preferred_username": "admin"})
        await visit.log_in()
        renamed = (await visit.me())["employee"]["login"]
        provider.person = Person("somebody else", ANNA)
        other = await visit.log_in()
    assert (renamed, other.status_code) == ("anna", 403)


async def test_the_role_follows_the_group_at_each_login_and_who_has_none_is_out_at_once(
    sso: Any, provider: OidcProvider
) -> None:
    async with sso() as visit, sso() as elsewhere:
        await visit.log_in()
        provider.person.claims = {**ANNA, "groups": ["Маркетинг", "Продажи"]}
        await elsewhere.log_in()
        roles = [(await each.me())["employee"]["role"] for each in (visit, elsewhere)]
        provider.person.claims = {**ANNA, "groups": ["Уволенные"]}
        refused = await elsewhere.log_in()
        after = await visit.here.get("/api/v1/me", headers=OURS)
    # The order is that of the setting: sales stand before marketing there.
    assert roles == ["operator", "operator"]
    assert (refused.status_code, "oidc_roles" in refused.json()["detail"], after.status_code) == (403, True, 401)


async def test_a_group_may_lie_deeper_and_a_default_role_takes_the_rest(sso: Any, provider: OidcProvider) -> None:
    settings = {"oidc_role_claim": "realm_access.roles", "oidc_default_role": "marketer"}
    provider.person.claims = {**ANNA, "realm_access": {"roles": ["Продажи"]}}
    async with sso(**settings) as visit:
        await visit.log_in()
        deeper = (await visit.me())["employee"]["role"]
        provider.person = Person("2", {"preferred_username": "boris"})
        await visit.log_in()
        rest = (await visit.me())["employee"]["role"]
    assert (deeper, rest) == ("operator", "marketer")


@pytest.mark.parametrize(("linked", "status"), [("false", 403), ("true", 303)])
async def test_an_account_with_a_password_is_his_only_where_the_setting_says_so(
    hub: Any, sso: Any, linked: str, status: int
) -> None:
    await hub.employee("supervisor", "anna")
    async with sso(oidc_link_by_login=linked) as visit:
        answer = await visit.log_in()
    assert answer.status_code == status, answer.text


async def test_an_administrators_account_is_never_given_away_by_its_login(hub: Any, sso: Any) -> None:
    await hub.employee("administrator", "anna")
    async with sso(oidc_link_by_login="true") as visit:
        answer = await visit.log_in()
    assert answer.status_code == 403, answer.text


@pytest.mark.parametrize(("verified", "status"), [(True, 303), (False, 403), ("true", 403), (None, 403)])
async def test_an_email_is_a_login_only_where_it_is_verified(
    sso: Any, provider: OidcProvider, verified: Any, status: int
) -> None:
    provider.person.claims = {**ANNA, "email": "Anna@Example.com", "email_verified": verified}
    async with sso(oidc_login_claim="email") as visit:
        answer = await visit.log_in()
        assert answer.status_code == status
        assert status != 303 or (await visit.me())["employee"]["login"] == "anna@example.com"


async def test_who_is_switched_off_here_stays_out(hub: Any, sso: Any) -> None:
    admin = await hub.admin()
    async with sso() as visit:
        await visit.log_in()
        await admin.patch("/employees/anna", json={"active": False})
        answer = await visit.log_in()
    assert answer.status_code == 403


async def test_a_role_that_takes_a_second_factor_believes_the_provider_where_it_says_so(
    sso: Any, provider: OidcProvider
) -> None:
    strict = {"second_factor_roles": "operator"}
    statuses = []
    for claims, settings in (({}, {}), ({"amr": ["pwd", "mfa"]}, {}), ({}, {"oidc_second_factor": "true"})):
        provider.person.claims = {**ANNA, **claims}
        async with sso(**strict, **settings) as visit:
            await visit.log_in()
            answer = await visit.here.get("/api/v1/attachments/none", headers=OURS)
            token = await visit.here.post("/api/v1/tokens", json={"name": "t"}, headers=OURS)
            bearer = {"Authorization": f"Bearer {token.json()['token']}"}
            by_token = await visit.here.get("/api/v1/attachments/none", headers=bearer)
            statuses.append((answer.status_code, by_token.status_code))
    assert statuses == [(403, 403), (404, 404), (404, 404)]


async def test_a_session_of_the_single_sign_on_makes_no_passkey(sso: Any) -> None:
    async with sso() as visit:
        await visit.log_in()
        answer = await visit.here.post("/api/v1/me/passkeys/begin", json={"password": PASSWORD}, headers=OURS)
    assert (answer.status_code, "single sign-on" in answer.json()["detail"]) == (403, True)


async def test_where_it_is_the_only_way_passwords_let_in_the_break_glass_administrators_alone(
    hub: Any, sso: Any
) -> None:
    await hub.employee("supervisor", "boris")
    async with sso(oidc_only="true", oidc_break_glass="admin,boris") as visit:
        answers = [
            await visit.here.post(LOGIN, json={"login": login, "password": password})
            for login, password in (("admin", PASSWORD), ("boris", PASSWORD), ("boris", "wrong"))
        ]
    assert [answer.status_code for answer in answers] == [201, 401, 401]
    titles = [answer.json()["title"] for answer in answers[1:]]
    assert titles == ["Log in by the single sign-on", "Not logged in"]


async def test_a_logout_at_the_provider_ends_that_session_or_all_that_began_there(
    sso: Any, provider: OidcProvider
) -> None:
    async with sso() as one, sso() as two:
        provider.person.claims = {**ANNA, "sid": "сессия 1"}
        await one.log_in()
        provider.person.claims = {**ANNA, "sid": "сессия 2"}
        await two.log_in()
        first = await one.ended(provider.logout_token(sid="сессия 1", sub=None))
        statuses = [(await each.here.get("/api/v1/me", headers=OURS)).status_code for each in (one, two)]
        second = await one.ended(provider.logout_token())
        last = await two.here.get("/api/v1/me", headers=OURS)
    assert (first.status_code, statuses, second.status_code, last.status_code) == (200, [401, 200], 200, 401)
    assert first.headers["Cache-Control"] == "no-store"


async def test_a_logout_that_comes_before_the_login_is_done_ends_it_too(sso: Any, provider: OidcProvider) -> None:
    provider.person.claims = {**ANNA, "sid": "s"}
    async with sso() as visit:
        coming = await visit.agreed(await visit.go())
        await visit.ended(provider.logout_token(sid="s", sub=None))
        answer = await visit.back(coming)
    assert answer.status_code == 401


async def test_logins_and_logouts_there_are_in_the_audit(hub: Any, sso: Any, provider: OidcProvider) -> None:
    admin = await hub.admin()
    async with sso() as visit:
        await visit.log_in()
        await visit.ended(provider.logout_token())
        await visit.ended("x")
    rows = (await admin.get("/audit")).json()["items"]
    seen = {(row["action"], row["target"], row["status"]) for row in rows if row["action"].endswith("Oidc")}
    assert seen == {("logInOidc", "anna", 303), ("logOutOidc", "anna", 200), ("logOutOidc", "-", 400)}


async def test_without_the_setting_there_is_no_single_sign_on(hub: Any) -> None:
    for method, path in (("GET", ""), ("GET", "/callback"), ("POST", "/backchannel-logout")):
        answer = await hub.client().request(method, f"/sessions/oidc{path}")
        assert (answer.status_code, "oidc_issuer" in answer.json()["detail"]) == (404, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [("OIDC_ISSUER", "http://login.example.com"), ("OIDC_ONLY", "true"), ("OIDC_ROLES", "продажи")],
)
def test_settings_that_cannot_work_are_refused_at_the_start(world: Any, name: str, value: str) -> None:
    with pytest.raises(Exception, match="oidc"):
        world.build(**{f"OMNIHUB_GATEWAY__{name}": value})


async def test_where_it_is_the_only_way_a_passkey_lets_nobody_in_either(hub: Any, sso: Any) -> None:
    device, operator = Authenticator(HOME), await hub.employee("operator")
    bearer = {"Authorization": operator.headers["Authorization"]}
    async with sso(public_url=HOME) as visit:
        here = visit.here
        begun = (await here.post("/api/v1/me/passkeys/begin", json={"password": PASSWORD}, headers=bearer)).json()
        made = {"ceremony": begun["ceremony"], "name": "Ключ", "credential": device.create(begun["options"])}
        assert (await here.post("/api/v1/me/passkeys", json=made, headers=bearer)).status_code == 201
    async with sso(public_url=HOME, oidc_only="true") as visit:
        begun = (await visit.here.post(f"{LOGIN}/passkey/begin", json={})).json()
        shown = {"ceremony": begun["ceremony"], "credential": device.get(begun["options"])}
        answer = await visit.here.post(f"{LOGIN}/passkey", json=shown)
    assert (answer.status_code, answer.json()["title"]) == (401, "Log in by the single sign-on")


async def test_a_role_that_is_none_here_lets_nobody_in_and_names_the_setting(hub: Any, sso: Any) -> None:
    async with sso(oidc_roles="Продажи=продавец") as visit:
        answer = await visit.log_in()
    assert (answer.status_code, "oidc_roles" in answer.json()["detail"]) == (403, True)
    assert await hub.gateway.http.state.parts.employees.known("anna") is None
