"""Files go through the gateway in pieces, as they come, up and down."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

LIMIT = 1_000
RECORDING = {
    "id": "downloadRecording",
    "method": "GET",
    "path": "/recordings/{id}",
    "right": "read_correspondence",
    "noun": "recording",
    "action": "read",
    "download": True,
}
IMPORT = {
    "id": "importClients",
    "method": "POST",
    "path": "/takeovers",
    "right": "write_messages",
    "noun": "client",
    "action": "import",
    "upload": LIMIT,
}


@pytest.fixture(autouse=True)
async def declared(hub: Any) -> None:
    """A service that has a download and an upload."""
    told = {"service": "messaging", "operations": [RECORDING, IMPORT]}
    hub.peers.answer("GET", "//messaging/operations", 200, told)
    await hub.gateway.http.state.parts.table.refresh()


async def pieces(number: int) -> AsyncIterator[bytes]:
    for _ in range(number):
        yield b"x" * 100


async def test_a_download_keeps_the_headers_of_a_file_and_no_others(hub: Any) -> None:
    headers = {
        "Content-Type": "audio/mpeg",
        "Content-Range": "bytes 0-3/10",
        "Content-Disposition": "attachment",
        "Set-Cookie": "a=b",
        "X-Inside": "secret",
    }
    hub.peers.answers["GET", "/recordings/rec_1"] = httpx.Response(206, content=b"RIFF", headers=headers)
    answer = await (await hub.employee("marketer")).get("/recordings/rec_1", headers={"Range": "bytes=0-3"})
    assert (answer.status_code, answer.content) == (206, b"RIFF")
    assert {name: answer.headers.get(name) for name in headers} == {
        **headers,
        "Set-Cookie": None,
        "X-Inside": None,
    }
    assert hub.peers.calls[-1].headers["Range"] == "bytes=0-3"


async def test_an_upload_goes_through_up_to_its_own_limit(hub: Any) -> None:
    hub.peers.answer("POST", "/takeovers", 202, {"id": "job_1"})
    operator = await hub.employee("operator")
    key = {"Idempotency-Key": "k"}
    taken = await operator.post("/takeovers", content=pieces(10), headers=key)
    refused = await operator.post("/takeovers", content=pieces(11), headers={"Idempotency-Key": "other"})
    assert (taken.status_code, refused.status_code) == (202, 413)
    assert f"{LIMIT} bytes" in refused.json()["detail"]
    (call,) = hub.peers.calls
    assert (call.content, call.key) == (b"x" * LIMIT, "k")


async def test_a_repeated_upload_is_answered_by_the_service_that_keeps_its_answers(hub: Any) -> None:
    hub.peers.answer("POST", "/takeovers", 202, {"id": "job_1"})
    operator = await hub.employee("operator")
    for _ in range(2):
        await operator.post("/takeovers", content=pieces(1), headers={"Idempotency-Key": "k"})
    assert [call.key for call in hub.peers.calls] == ["k", "k"]


async def test_streams_are_guarded_as_everything_else(hub: Any) -> None:
    marketer = await hub.employee("marketer")
    assert (await hub.client().get("/recordings/rec_1")).status_code == 401
    assert (await marketer.post("/takeovers", content=pieces(1))).status_code == 403
    assert hub.peers.calls == []


async def test_a_read_that_a_service_wants_in_the_audit_is_there_each_time_with_who_read_it(hub: Any) -> None:
    told = {"service": "messaging", "operations": [{**RECORDING, "audited": True}]}
    hub.peers.answer("GET", "//messaging/operations", 200, told)
    await hub.gateway.http.state.parts.table.refresh()
    hub.peers.answers["GET", "/recordings/rec_1"] = httpx.Response(200, content=b"RIFF")
    operator = await hub.employee("operator")
    for _ in range(2):
        await operator.get("/recordings/rec_1")
    rows = (await (await hub.admin()).get("/audit?limit=50")).json()["items"]
    found = [(row["status"], row["target"]) for row in rows if "/recordings/" in row["route"]]
    assert found == [(200, "rec_1")] * 2
