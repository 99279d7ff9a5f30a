"""Who called in vain is written to by the line's rule, once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from hub.channels.simulators.asterisk import AsteriskSimulator
from hub.footing import Footing
from hub.kit.asgi import InProcess
from hub.testing.channel_contract import QUIET
from hub.testing.waiting import eventually
from tests.services.telephony.conftest import AmiHarness


class WritingHarness(AmiHarness):
    """With a service that writes to clients."""

    def __init__(self, data: Path, pbx: AsteriskSimulator) -> None:
        super().__init__(data, pbx)
        self.written: dict[str, dict[str, Any]] = {}
        self.asked = 0
        self.known = True
        self.refuses = False

    def footing(self) -> Footing:
        async def callers(request: Request) -> JSONResponse:
            del request
            clients = [{"client_id": "cl_1", "seen_by": ["team:"]}] if self.known else []
            return JSONResponse({"clients": clients})

        async def messages(request: Request) -> JSONResponse:
            self.asked += 1
            if self.refuses:
                return JSONResponse({"detail": "he wrote STOP"}, status_code=409)
            self.written.setdefault(request.headers["Idempotency-Key"], await request.json())
            return JSONResponse({}, status_code=202)

        routes = [
            Route("/callers", callers, methods=["POST"]),
            Route("/clients/{id}/messages", messages, methods=["POST"]),
        ]
        app = Starlette(routes=routes)
        return replace(
            super().footing(),
            peer=lambda name: httpx.AsyncClient(transport=InProcess(app), base_url=f"http://{name}"),
        )


@pytest.fixture
async def office(tmp_path: Path, pbx: AsteriskSimulator) -> AsyncIterator[WritingHarness]:
    made = WritingHarness(tmp_path, pbx)
    await made.open()
    await made.listened_to()
    rule = {"sms_back": {"account": "num_1", "text": "Мы перезвоним."}}
    assert (await made.api.patch(f"/lines/{made.line_id}", json=rule)).status_code == 200
    yield made
    await made.close()


async def test_who_called_in_vain_is_written_to_once_however_often_he_calls(office: WritingHarness) -> None:
    for _ in range(2):
        office.customer_writes("in vain")
    await eventually(lambda: office.asked >= 2)
    (letter,) = office.written.values()
    address = f"phone:{office.number_of('in vain')}"
    assert letter == {"channel": "sms", "address": address, "account": "num_1", "text": "Мы перезвоним."}
    asked = office.asked
    await office.stop()
    await office.start()
    await asyncio.sleep(QUIET)
    assert office.asked == asked


async def test_who_was_answered_is_not_written_to(office: WritingHarness) -> None:
    await office.pbx.customer_calls(office.number_of("answered"))
    await office.call_of("answered")
    await asyncio.sleep(QUIET)
    assert office.asked == 0


async def test_who_is_not_known_yet_is_written_to_when_he_is(office: WritingHarness) -> None:
    office.known = False
    office.customer_writes("soon known")
    await office.call_of("soon known")
    office.known = True
    await eventually(lambda: office.written)


async def test_a_refusal_is_the_end_of_it(office: WritingHarness) -> None:
    office.refuses = True
    office.customer_writes("no")
    await eventually(lambda: office.asked == 1)
    await asyncio.sleep(3 * QUIET)
    assert office.asked == 1
