"""A gateway on a real store and a real log, with small applications standing in for the services behind it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.bus.embedded import EmbeddedBus
from hub.bus.log import Log
from hub.footing import Footing
from hub.kit.clock import SystemClock
from hub.kit.secrets import SecretBox
from hub.kit.settings import Source
from hub.store.sqlite import SqliteStore
from hub.testing.fakes import FakeBlobs, FakeClock
from services.gateway.app import Gateway, build

PASSWORD = "correct-horse-7"


@dataclass
class Call:
    """A request that reached a peer."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    employee: str | None
    key: str | None


@dataclass
class Peers:
    """What the services behind the gateway were asked; what they answer can be set."""

    calls: list[Call] = field(default_factory=list)
    answers: dict[tuple[str, str], httpx.Response | Exception] = field(default_factory=dict)
    gate: asyncio.Event | None = None

    def answer(self, method: str, path: str, status: int, body: Any) -> None:
        self.answers[method, path] = httpx.Response(status, json=body)

    async def handle(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        headers = request.headers
        body = httpx.Response(200, content=content).json() if content else None
        query = dict(request.url.params)
        call = Call(
            request.method,
            request.url.path,
            query,
            body,
            headers.get("X-Hub-Employee"),
            headers.get("Idempotency-Key"),
        )
        self.calls.append(call)
        if self.gate is not None:
            await self.gate.wait()
        named = (request.method, f"//{request.url.host}{request.url.path}")
        answer = self.answers.get(named, self.answers.get((request.method, request.url.path)))
        if isinstance(answer, Exception):
            raise answer
        return answer or httpx.Response(404, json={"title": "Not found", "status": 404})


@dataclass
class Hub:
    """A running gateway and ways to talk to it."""

    gateway: Gateway
    peers: Peers
    blobs: FakeBlobs
    clock: FakeClock
    bus: EmbeddedBus
    log: Log
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(app=self.gateway.http)
        made = httpx.AsyncClient(transport=transport, base_url="http://hub/api/v1", headers=headers)
        self.clients.append(made)
        return made

    async def log_in(self, login: str, password: str = PASSWORD) -> httpx.AsyncClient:
        answer = await self.client().post("/sessions", json={"login": login, "password": password})
        assert answer.status_code == 201, answer.text
        return self.client(answer.json()["token"])

    async def admin(self) -> httpx.AsyncClient:
        return await self.log_in("admin")

    async def employee(self, role: str, login: str | None = None) -> httpx.AsyncClient:
        """Somebody in this role, logged in."""
        login = login or role
        body = {"login": login, "name": login.title(), "role": role, "password": PASSWORD}
        answer = await (await self.admin()).post("/employees", json=body)
        assert answer.status_code == 201, answer.text
        return await self.log_in(login)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[Log]:
    made = Log(tmp_path / "bus.sqlite")
    await made.open()
    yield made
    await made.close()


@dataclass
class World:
    """What gateways of one hub share: several may be built on it, one after another or side by side."""

    path: Path
    log: Log
    clock: FakeClock = field(default_factory=FakeClock)
    blobs: FakeBlobs = field(default_factory=FakeBlobs)
    peers: Peers = field(default_factory=Peers)
    environ: dict[str, str] = field(
        default_factory=lambda: {"OMNIHUB_ADMIN_PASSWORD": PASSWORD, "OMNIHUB_GATEWAY__PASSWORD_MEMORY": "64"}
    )

    def build(self, **environ: str) -> Gateway:
        transport = httpx.MockTransport(self.peers.handle)
        footing = Footing(
            data=self.path,
            bus=self.bus,
            store=lambda name: SqliteStore(self.path / f"{name}.sqlite"),
            blobs=self.blobs,
            secrets=SecretBox.open(self.path / "secret.key"),
            clock=self.clock,
            source=Source(environ={**self.environ, **environ}),
            peer=lambda name: httpx.AsyncClient(transport=transport, base_url=f"http://{name}"),
        )
        return build(footing)

    def bus(self, name: str) -> EmbeddedBus:
        return EmbeddedBus(self.log, name, SystemClock())


@pytest.fixture
def world(tmp_path: Path, log: Log) -> World:
    return World(tmp_path, log)


@pytest.fixture
async def hub(world: World) -> AsyncIterator[Hub]:
    gateway = world.build()
    await gateway.start()
    bus = world.bus("tests")
    await bus.start()
    made = Hub(gateway, world.peers, world.blobs, world.clock, bus, world.log)
    yield made
    for client in made.clients:
        await client.aclose()
    await bus.stop()
    await gateway.stop()
