"""What a page does with passkeys: begins, asks the authenticator, and brings what it answered."""

from typing import Any

import httpx

from hub.testing.authenticator import Authenticator, Bent

PASSWORD = "correct-horse-7"
ORIGIN = "https://hub.example.com"
Json = dict[str, Any]


def phone(**over: Any) -> Authenticator:
    return Authenticator(ORIGIN, **over)


async def begun(client: httpx.AsyncClient, **proof: Any) -> Json:
    answer = await client.post("/me/passkeys/begin", json=proof or {"password": PASSWORD})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def added(client: httpx.AsyncClient, device: Authenticator, name: str = "Телефон Анны") -> Json:
    started = await begun(client)
    body = {"ceremony": started["ceremony"], "name": name, "credential": device.create(started["options"])}
    answer = await client.post("/me/passkeys", json=body)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


async def asked(hub: Any, login: str = "") -> Json:
    found: Json = (await hub.client().post("/sessions/passkey/begin", json={"login": login})).json()
    return found


async def shown(hub: Any, device: Authenticator, bent: Bent | None = None, login: str = "") -> httpx.Response:
    started = await asked(hub, login)
    body = {"ceremony": started["ceremony"], "credential": device.get(started["options"], bent)}
    answer: httpx.Response = await hub.client().post("/sessions/passkey", json=body)
    return answer
