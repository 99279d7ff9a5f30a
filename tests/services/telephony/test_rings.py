"""The ring on the screen: to whoever's phone rings, with everybody it may be, before the answer."""

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
from hub.contracts.ring import CallRinging
from hub.footing import Footing
from hub.kit.asgi import InProcess
from tests.services.telephony.conftest import AmiHarness

ANNA_S = {"client_id": "cl_1", "name": "Анна", "seen_by": ["team:"]}
BORIS_S = {"client_id": "cl_2", "name": "Борис", "sure": False, "seen_by": ["team:"]}


class RingHarness(AmiHarness):
    """With somebody who knows clients."""

    def __init__(self, data: Path, pbx: AsteriskSimulator) -> None:
        super().__init__(data, pbx)
        self.asked: list[str] = []
        self.away = False
        self.clients: list[dict[str, Any]] = [ANNA_S]

    def footing(self) -> Footing:
        async def callers(request: Request) -> JSONResponse:
            self.asked.append((await request.json())["address"])
            return JSONResponse({"clients": self.clients}, status_code=503 if self.away else 200)

        app = Starlette(routes=[Route("/callers", callers, methods=["POST"])])

        def peer(name: str) -> httpx.AsyncClient:
            return httpx.AsyncClient(transport=InProcess(app), base_url=f"http://{name}")

        return replace(super().footing(), peer=peer)

    async def open(self) -> None:
        await super().open()
        if self._reader:
            await self._reader.close()
        self._reader = await self.bus.reader(["inbound", "delivery", "dead-letters", "rings"])

    async def rings(self, count: int) -> list[tuple[str, str, str, list[str]]]:
        found = await self.told(CallRinging, lambda rings: len(rings) >= count)
        return [(one.login, one.phone, one.state, [c.client_id for c in one.clients]) for one in found]


@pytest.fixture
async def office(tmp_path: Path, pbx: AsteriskSimulator) -> AsyncIterator[RingHarness]:
    made = RingHarness(tmp_path, pbx)
    await made.open()
    await made.listened_to()
    yield made
    await made.close()


async def test_whoevers_phone_rings_is_told_who_it_is_and_when_it_is_over(office: RingHarness) -> None:
    exchange = office.pbx.exchange
    name = exchange.arrives(office.number_of("hello"))
    leg = exchange.rings("101", by=name)
    assert await office.rings(1) == [("anna", "101", "ringing", ["cl_1"])]
    assert office.asked == [f"phone:{office.number_of('hello')}"]
    exchange.answers(leg, by=name)
    assert (await office.rings(2))[1] == ("anna", "101", "over", [])


async def test_several_who_it_may_be_are_listed_and_not_guessed(office: RingHarness) -> None:
    office.clients = [ANNA_S, BORIS_S]
    exchange = office.pbx.exchange
    exchange.rings("101", by=exchange.arrives(office.number_of("who")))
    assert await office.rings(1) == [("anna", "101", "ringing", ["cl_1", "cl_2"])]


async def test_every_phone_that_rings_is_told_and_a_phone_of_nobody_is_not(office: RingHarness) -> None:
    exchange = office.pbx.exchange
    name = exchange.arrives(office.number_of("all"))
    for extension in ("105", "101", "103"):
        exchange.rings(extension, by=name)
    assert sorted(ring[0] for ring in await office.rings(2)) == ["anna", "boris"]
    exchange.hangs_up(name)
    assert sorted(ring[:3] for ring in await office.rings(4))[0] == ("anna", "101", "over")


async def test_a_ring_is_told_also_while_nobody_knows_clients(office: RingHarness) -> None:
    office.away = True
    exchange = office.pbx.exchange
    exchange.rings("101", by=exchange.arrives(office.number_of("unknown")))
    await office.rings(1)
    (ring,) = await office.events(CallRinging)
    assert (ring.looked_up, ring.clients) == (False, ())


async def test_a_hidden_number_is_nobodys_and_nobody_is_asked(office: RingHarness) -> None:
    exchange = office.pbx.exchange
    exchange.rings("101", by=exchange.arrives("anonymous"))
    await office.rings(1)
    (ring,) = await office.events(CallRinging)
    assert (ring.caller, ring.clients, office.asked) == ("hidden", (), [])
