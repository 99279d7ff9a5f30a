"""The example channel passes what every channel passes."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from examples.e01_webhook_messenger import CHANNEL, TOPICS, build
from hub.channels.base import Health
from hub.contracts import topics
from hub.contracts.interaction import Participant, Role, SendMessage
from hub.footing import Footing, Service
from hub.kit.errors import HubError
from hub.process import http_server, listening, url_of
from hub.testing.channel_contract import ChannelContract, ChannelHarness, interaction_id

pytestmark = pytest.mark.slow
TOKEN = "corn"
ANNA = "anna"
SHORT = {"CHECK_INTERVAL": "0.3", "RECONNECT_CAP": "0.3", "RETRY_DELAYS": "0.5"}
_LONGER_THAN_THE_CHANNEL_WAITS = 3.5


class Pigeons:
    """The messenger: takes messages, and posts its own one by one until each is taken."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.faults: deque[tuple[int, str]] = deque()
        self.token = TOKEN
        self.written: list[bytes] = []
        self.posted = 0
        routes = [Route("/health", self._health), Route("/messages", self._take, methods=["POST"])]
        self.app = Starlette(routes=routes)

    def _known(self, request: Request) -> bool:
        return request.headers["Authorization"] == f"Bearer {self.token}"

    async def _health(self, request: Request) -> Response:
        return PlainTextResponse("coo") if self._known(request) else PlainTextResponse("who are you?", 401)

    async def _take(self, request: Request) -> Response:
        if not self._known(request):
            return PlainTextResponse("who are you?", 401)
        status, words = self.faults.popleft() if self.faults else (200, "")
        if status >= httpx.codes.BAD_REQUEST:
            return JSONResponse({"error": words}, status)
        self.sent.append((await request.json())["text"])
        if words:
            await asyncio.sleep(_LONGER_THAN_THE_CHANNEL_WAITS)
        return JSONResponse({"id": len(self.sent)})


class PigeonHarness(ChannelHarness):
    """One loft of ours, and Anna who writes to it."""

    outbound = f"outbound.{CHANNEL}"
    topics = (*topics.TOPICS, *TOPICS)

    def __init__(self, data: Path, pigeons: Pigeons, url: str) -> None:
        super().__init__(data, {f"OMNIHUB_MESSAGING__{name}": value for name, value in SHORT.items()})
        self.pigeons = pigeons
        self.url = url
        self.loft = ""

    def build(self, footing: Footing) -> Service:
        return build(footing)

    async def add_account(self) -> None:
        loft = {"address": "town-hall", "url": self.url, "token": TOKEN}
        answer = await self.api.post("/lofts", json=loft)
        assert answer.status_code == 201, answer.text
        self.loft = answer.json()["id"]

    async def deliver(self) -> None:
        """Posts what was written, in order, each until it is taken."""
        while True:
            await asyncio.sleep(0.02)
            with suppress(httpx.HTTPError, HubError, RuntimeError):
                while self.service and self.loft and self.pigeons.posted < len(self.pigeons.written):
                    body = self.pigeons.written[self.pigeons.posted]
                    headers = {"X-Pigeon-Token": TOKEN}
                    path = f"/hooks/{CHANNEL}/{self.loft}"
                    answer = await self.api.post(path, content=body, headers=headers)
                    answer.raise_for_status()
                    self.pigeons.posted += 1

    def customer_writes(self, text: str) -> None:
        number = len(self.pigeons.written)
        self.pigeons.written.append(orjson.dumps({"id": number, "from": ANNA, "text": text}))

    def customer_writes_poison(self) -> None:
        self.pigeons.written.append(b"a feather")

    def customer_got(self) -> list[str]:
        return list(self.pigeons.sent)

    def message(self, text: str) -> SendMessage:
        to = Participant(role=Role.TO, address=f"{CHANNEL}:{ANNA}")
        return SendMessage(id=interaction_id(text), channel=CHANNEL, account=self.loft, to=(to,), text=text)

    def refuse(self, words: str) -> None:
        self.pigeons.faults.append((400, words))

    def defer(self, words: str) -> None:
        self.pigeons.faults.append((429, words))

    def cut_after_hand_over(self, *, accepted: bool) -> None:
        assert accepted
        self.pigeons.faults.append((200, "no answer"))

    def show_all_again(self) -> None:
        self.pigeons.posted = 0

    def spoil_credentials(self) -> None:
        self.pigeons.token = "barley"

    def mend_credentials(self) -> None:
        self.pigeons.token = TOKEN

    async def health(self) -> Health:
        answer = await self.api.get("/channels")
        item: dict[str, Any]
        (item,) = answer.json()["items"]
        return Health(**{name: item[name] for name in Health.__dataclass_fields__})


class TestPigeons(ChannelContract):
    """On a messenger that flies."""

    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[PigeonHarness]:
        pigeons, bound = Pigeons(), listening("127.0.0.1", 0)
        async with http_server(pigeons.app, bound):
            made = PigeonHarness(tmp_path, pigeons, url_of(bound))
            await made.open()
            flying = asyncio.create_task(made.deliver())
            yield made
            flying.cancel()
            await made.close()
