"""An operation of the example channel is there for employees; nothing of the gateway was changed for it."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from hub.kit.settings import Source
from hub.process import Embedded

pytestmark = pytest.mark.slow
PASSWORD = "correct-horse-7"
LOFT = {"address": "town-hall", "url": "http://127.0.0.1:9", "token": "corn"}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The API of a whole hub that was told of the example in its settings."""
    environ = {
        "OMNIHUB_ADMIN_PASSWORD": PASSWORD,
        "OMNIHUB_GATEWAY__PASSWORD_MEMORY": "64",
        "OMNIHUB_HUB__ALSO": "pigeons=examples.e01_webhook_messenger",
    }
    hub = Embedded(tmp_path, Source(environ=environ))
    await hub.start()
    transport = httpx.ASGITransport(app=hub.services[-1].http)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub/api/v1") as outside:
        answer = await outside.post("/sessions", json={"login": "admin", "password": PASSWORD})
        outside.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        yield outside
    await hub.stop()


async def test_an_operation_of_a_service_from_outside_the_tree_is_guarded_answered_and_documented(
    client: httpx.AsyncClient,
) -> None:
    key = {"Idempotency-Key": "k"}
    stranger = await client.post("/lofts", json=LOFT, headers={"Authorization": ""})
    wrong = await client.post("/lofts", json={**LOFT, "colour": "grey"})
    added = await client.post("/lofts", json=LOFT, headers=key)
    again = await client.post("/lofts", json=LOFT, headers=key)
    assert [answer.status_code for answer in (stranger, wrong, added, again)] == [401, 422, 201, 201]
    assert wrong.json()["errors"] == {"colour": "unknown field; remove it"}
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (added.json(), "true")
    document = (await client.get("/openapi.json")).json()
    described = document["paths"]["/api/v1/lofts"]["post"]
    assert (described["operationId"], described["tags"]) == ("addLoft", ["lofts"])
    assert {"LoftView", "NewLoft"} <= set(document["components"]["schemas"])
    listed = (await client.get("/channels")).json()
    assert [(item["channel"], item["address"]) for item in listed["items"]] == [("pigeon", "town-hall")]
    deed = (await client.get("/audit")).json()["items"][0]
    assert (deed["route"], deed["status"]) == ("/api/v1/lofts", 201)


async def test_what_its_provider_posts_reaches_it(client: httpx.AsyncClient) -> None:
    loft = (await client.post("/lofts", json=LOFT)).json()["id"]
    where = f"http://hub/hooks/pigeon/{loft}"
    body = b'{"id": 1, "from": "anna", "text": "coo"}'
    forged = await client.post(where, content=body, headers={"X-Pigeon-Token": "wheat"})
    taken = await client.post(where, content=body, headers={"X-Pigeon-Token": "corn"})
    assert (forged.status_code, taken.status_code, taken.json()) == (403, 200, {"ok": True})
