"""Recordings: fetched after the call, tried again, told by the call, played in parts, kept as the line says."""

import io
import wave
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.api.actor import HEADER, Actor
from hub.channels.simulators.asterisk import AsteriskSimulator
from hub.footing import Footing
from hub.kit.asgi import InProcess
from hub.testing.serving import serving
from hub.testing.waiting import eventually
from services.telephony.recordings.ranges import MOST, Part, asked_for
from tests.services.telephony.conftest import AmiHarness

LOGIN = f"Basic {b64encode(b'pbx:password of the files').decode()}"


def sound(seconds: int = 2) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 8000 * seconds)
    return made.getvalue()


class Files:
    """The exchange's web server, with what was recorded."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.logins: list[str] = []
        self.down = False
        self.url = ""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.logins.append(request.headers.get("Authorization", ""))
        if self.down:
            return web.Response(status=503)
        content = self.kept.get(request.match_info["name"])
        return web.Response(status=404) if content is None else web.Response(body=content)


@pytest.fixture
async def files() -> AsyncIterator[Files]:
    made = Files()
    app = web.Application()
    app.router.add_get("/monitor/{name}", made.serve)
    async with serving(app) as url:
        made.url = f"{url}/monitor/{{name}}"
        yield made


class RecordedHarness(AmiHarness):
    """With a service that knows who sees what."""

    def __init__(self, data: Path, pbx: AsteriskSimulator, files: Files) -> None:
        super().__init__(data, pbx)
        self.files = files
        self.seen_by = {"anna"}

    def form(self, **over: Any) -> dict[str, Any]:
        return super().form(recordings=self.files.url, recordings_login="pbx:password of the files", **over)

    def footing(self) -> Footing:
        made = super().footing()

        async def interaction(request: Request) -> Response:
            actor = made.seal.read(request.headers[HEADER])
            found = actor.login in self.seen_by
            return JSONResponse({"withheld": ""}, status_code=200 if found else 404)

        app = Starlette(routes=[Route("/interactions/{id}", interaction)])
        return replace(made, peer=lambda name: httpx.AsyncClient(transport=InProcess(app), base_url=f"http://{name}"))

    async def recorded(self, text: str = "recorded", name: str = "call-1.wav") -> str:
        """A call that is recorded; the recording's id, when the call tells of it."""
        exchange = self.pbx.exchange
        customer = exchange.arrives(self.number_of(text))
        phone = exchange.rings("101", by=customer)
        exchange.answers(phone, by=customer)
        file = f"/var/spool/asterisk/monitor/2026/{name}"
        exchange.of("VarSet", customer, Variable="MIXMONITOR_FILENAME", Value=file)
        exchange.hangs_up(customer)
        exchange.ends(phone)
        call = await self.call_of(text)
        return str(call.recordings[0].id)

    async def state(self, wanted: str, text: str = "recorded") -> Any:
        async def look() -> Any:
            call = await self.call_of(text)
            return call.recordings[0] if call.recordings[0].state == wanted else None

        return await eventually(look)

    async def asks(self, path: str, login: str, **headers: str) -> httpx.Response:
        actor = Actor(login=login, role="operator", reach=("*",), reads=("*",))
        shown = {HEADER: self.footing().seal.header(actor), **headers}
        async with httpx.AsyncClient(transport=InProcess(self.door), base_url="http://channel") as client:
            return await client.get(path, headers=shown)


@pytest.fixture
async def office(tmp_path: Path, pbx: AsteriskSimulator, files: Files) -> AsyncIterator[RecordedHarness]:
    made = RecordedHarness(tmp_path, pbx, files)
    await made.open()
    await made.listened_to()
    yield made
    await made.close()


async def test_a_recording_is_fetched_after_the_call_and_the_call_tells_of_it(office: RecordedHarness) -> None:
    office.files.kept["call-1.wav"] = sound()
    await office.recorded()
    told = await office.state("ready")
    assert (told.kind, told.size, told.seconds) == ("call", len(sound()), 2.0)
    assert office.files.logins[0] == LOGIN


async def test_a_recording_that_is_not_there_yet_is_tried_again(office: RecordedHarness) -> None:
    office.files.down = True
    await office.recorded()
    await eventually(lambda: office.files.logins)
    office.files.kept["call-1.wav"] = sound()
    office.files.down = False
    await office.state("ready")


async def test_a_recording_that_the_exchange_does_not_hand_out_has_failed_with_the_reason(
    office: RecordedHarness,
) -> None:
    await office.recorded()
    assert "404" in (await office.state("failed")).reason


async def test_it_is_played_whole_and_in_parts_by_who_sees_the_call_and_is_nowhere_for_others(
    office: RecordedHarness,
) -> None:
    office.files.kept["call-1.wav"] = sound()
    recording = await office.recorded()
    await office.state("ready")
    whole = await office.asks(f"/recordings/{recording}/audio", "anna")
    part = await office.asks(f"/recordings/{recording}/audio", "anna", range="bytes=10-19")
    beyond = await office.asks(f"/recordings/{recording}/audio", "anna", range="bytes=999999-")
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, sound(), "audio/wav")
    assert (part.status_code, part.content) == (206, sound()[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(sound())}"
    assert beyond.status_code == 416
    saved = await office.asks(f"/recordings/{recording}/file", "anna")
    assert saved.headers["content-disposition"].startswith("attachment")
    for path in ("", "/audio", "/file"):
        assert (await office.asks(f"/recordings/{recording}{path}", "boris")).status_code == 404


async def test_a_line_that_does_not_record_wants_no_recordings(office: RecordedHarness) -> None:
    await office.api.patch(f"/lines/{office.line_id}", json={"record": False})
    with pytest.raises(IndexError):
        await office.recorded()


async def test_what_was_kept_as_long_as_the_line_says_is_removed_and_said_to_be(office: RecordedHarness) -> None:
    office.files.kept["call-1.wav"] = sound()
    recording = await office.recorded()
    await office.state("ready")
    assert office.service is not None
    floor: Any = office.service.__dict__["_floor"]
    document = await floor.recordings.get(recording)
    await floor.recordings.save({**document, "remove_at": "2020-01-01T00:00:00.000000Z"})
    await office.stop()
    await office.start()
    await office.state("removed")
    kept: Any = office.service.__dict__["_floor"].recordings
    # Its call says so first; then it is gone.
    await eventually(lambda: kept.get(recording), lambda one: one["state"] == "removed")
    assert (await office.asks(f"/recordings/{recording}/audio", "anna")).status_code == 409


async def test_a_name_of_a_recording_that_leads_elsewhere_is_not_followed(office: RecordedHarness) -> None:
    await office.recorded(name="../../../etc/passwd")
    assert (await office.state("failed")).reason


def test_a_part_is_what_is_asked_for_and_never_more_than_there_is() -> None:
    assert asked_for(None, 100) is None
    assert asked_for("bytes=0-9", 100) == Part(0, 10)
    assert asked_for("bytes=90-200", 100) == Part(90, 10)
    assert asked_for("bytes=-5", 100) == Part(95, 5)
    assert asked_for("bytes=100-", 100) == Part(100, 0)
    assert asked_for("bytes=0-", 2 * MOST) == Part(0, MOST)
    for unclear in ("bytes=-", "bytes=a-b", "items=0-1", "bytes=0-1,3-4", ""):
        assert asked_for(unclear, 100) is None
