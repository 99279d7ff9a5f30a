"""A gateway on a real store and a real log, with small applications standing in for the services behind it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from hub.api.actor import HEADER, Actor, Seal
from hub.api.rights import Right
from hub.bus.embedded import EmbeddedBus
from hub.bus.log import Log
from hub.contracts.scope import OPEN
from hub.footing import Footing
from hub.kit.asgi import InProcess
from hub.kit.clock import SystemClock
from hub.kit.secrets import SecretBox
from hub.kit.settings import Source
from hub.process import Embedded
from hub.store.base import CollectionSpec, Store
from hub.store.sqlite import SqliteStore
from hub.testing.builders import an_arrival, envelopes
from hub.testing.fakes import FakeBlobs, FakeClock
from hub.testing.passkeys import ORIGIN
from hub.testing.servers.oidc import CLIENT, SECRET, OidcProvider
from hub.testing.sso import HOME, Visitor
from hub.testing.waiting import eventually
from services.gateway.app import ROUTERS, Gateway, build
from services.gateway.guard import BASE

PASSWORD = "correct-horse-7"


@dataclass
class Call:
    """A request that reached a peer."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    actor: Actor | None
    key: str | None
    headers: httpx.Headers
    content: bytes

    @property
    def employee(self) -> str | None:
        return self.actor.login if self.actor else None


@dataclass
class Peers:
    """What the services behind the gateway were asked; what they answer can be set."""

    calls: list[Call] = field(default_factory=list)
    answers: dict[tuple[str, str], httpx.Response | Exception] = field(default_factory=dict)
    scopes: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What differs, by the id of a chain or client."""
    gate: asyncio.Event | None = None
    seal: Seal | None = None

    def answer(self, method: str, path: str, status: int, body: Any) -> None:
        self.answers[method, path] = httpx.Response(status, json=body)

    async def handle(self, request: httpx.Request) -> httpx.Response:
        """What they declare is what the real services do; it counts as no call."""
        if request.url.path.startswith("/operations"):
            return await self._told(request)
        content = await request.aread()
        if request.url.path == "/scopes":
            return self._scopes(content)
        headers = request.headers
        body = orjson.loads(content) if content[:1] in (b"{", b"[") else None
        query = dict(request.url.params)
        call = Call(
            request.method,
            request.url.path,
            query,
            body,
            self._actor(headers),
            headers.get("Idempotency-Key"),
            headers,
            content,
        )
        self.calls.append(call)
        if self.gate is not None:
            await self.gate.wait()
        named = (request.method, f"//{request.url.host}{request.url.path}")
        answer = self.answers.get(named, self.answers.get((request.method, request.url.path)))
        if isinstance(answer, Exception):
            raise answer
        answer = answer or httpx.Response(404, json={"title": "Not found", "status": 404})
        # As from a socket: a body that is read once, by whoever answers.
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content))

    def _scopes(self, content: bytes) -> httpx.Response:
        """Who sees what: all of it is everybody's, unless the test says otherwise."""
        asked = orjson.loads(content)
        open_to_all = {"seen_by": [OPEN], "private": False, "others": "full"}
        scopes = {doc_id: open_to_all | self.scopes.get(doc_id, {}) for ids in asked.values() for doc_id in ids}
        return httpx.Response(200, json=scopes)

    def _actor(self, headers: httpx.Headers) -> Actor | None:
        assert self.seal
        return self.seal.read(headers[HEADER]) if HEADER in headers else None

    async def _told(self, request: httpx.Request) -> httpx.Response:
        answer = self.answers.get(("GET", f"//{request.url.host}{request.url.path}"))
        if isinstance(answer, Exception):
            raise answer
        return answer or httpx.Response(200, content=await declared(request.url.host, request.url.path))


_DECLARED: dict[tuple[str, str], bytes] = {}


async def declared(service: str, path: str) -> bytes:
    """What a real service says of its operations, made when it is first asked for."""
    if (service, path) not in _DECLARED:
        with tempfile.TemporaryDirectory(prefix="omnihub-declared-") as folder:
            _DECLARED[service, path] = await _said(service, path, Path(folder))
    return _DECLARED[service, path]


async def _said(service: str, path: str, folder: Path) -> bytes:
    """Asks the real service, which is never started."""
    log = Log(folder / "bus.sqlite")
    footing = Footing(
        data=folder,
        bus=lambda name: EmbeddedBus(log, name, SystemClock()),
        store=lambda name: SqliteStore(folder / f"{name}.sqlite"),
        blobs=FakeBlobs(),
        secrets=SecretBox.open(folder / "secret.key"),
        clock=SystemClock(),
        source=Source(environ={}),
        peer=lambda name: httpx.AsyncClient(base_url=f"http://{name}.invalid"),
    )
    built = import_module(f"services.{service}.app").build(footing)
    try:
        async with httpx.AsyncClient(transport=InProcess(built.http), base_url="http://service") as client:
            said = (await client.get(path)).content
    finally:  # also when a gateway that stops asks no more
        await built.stop()
    return said


@dataclass
class Entrance:
    """A running gateway and ways to talk to it."""

    gateway: Gateway
    clients: list[httpx.AsyncClient] = field(default_factory=list, kw_only=True)

    @property
    def operations(self) -> list[tuple[str, str, Right | None]]:
        """Method, path and right of everything that the API does: the gateway's own, then what services declare."""
        own = [route for routes in ROUTERS for route in routes.routes]
        declared = self.gateway.http.state.parts.table.ways
        return [
            *((sorted(route.methods)[0], route.path_format, route.rule.right) for route in own),
            *(
                (way.operation.method, f"{BASE}{way.operation.path}".replace(":path", ""), way.right)
                for way in declared
            ),
        ]

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


@dataclass
class Hub(Entrance):
    """A gateway with stand-ins behind it."""

    peers: Peers
    blobs: FakeBlobs
    clock: FakeClock
    bus: EmbeddedBus
    log: Log


@dataclass
class Whole(Entrance):
    """A gateway with the real services behind it, in one process."""

    footing: Footing

    async def document(self) -> dict[str, Any]:
        answer = await self.client().get("/openapi.json")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def stored(self, collection: str, doc_id: str) -> dict[str, Any]:
        """A document of the interactions service."""
        store = self.footing.store("interactions")
        found = store.collection(CollectionSpec(collection))
        await store.start()
        document = await found.get(doc_id)
        await store.stop()
        return document or {}

    async def received(self, **over: Any) -> dict[str, Any]:
        """A mail of Anna's, as the API lists it once it is there."""
        arrival = an_arrival(**over)
        bus = self.footing.bus("tests")
        await bus.start()
        await bus.publish(envelopes(arrival))
        await bus.stop()
        admin = await self.admin()

        async def there() -> list[dict[str, Any]]:
            items = (await admin.get("/interactions")).json()["items"]
            return [item for item in items if item["id"] == arrival.id]

        found: list[dict[str, Any]] = await eventually(there)
        return found[0]


@pytest.fixture
async def whole(tmp_path: Path) -> AsyncIterator[Whole]:
    environ = {"OMNIHUB_ADMIN_PASSWORD": PASSWORD, "OMNIHUB_GATEWAY__PASSWORD_MEMORY": "64"}
    embedded = Embedded(tmp_path, Source(environ=environ))
    await embedded.start()
    gateway = embedded.services[-1]
    assert isinstance(gateway, Gateway)
    made = Whole(gateway, embedded.footing)
    yield made
    for client in made.clients:
        await client.aclose()
    await embedded.stop()


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
    others: tuple[str, ...] = ("interactions", "email", "messaging", "campaigns")
    store: Callable[[str], Store] | None = None
    """By service; else files of its own."""
    environ: dict[str, str] = field(
        default_factory=lambda: {"OMNIHUB_ADMIN_PASSWORD": PASSWORD, "OMNIHUB_GATEWAY__PASSWORD_MEMORY": "64"}
    )

    def build(self, **environ: str) -> Gateway:
        transport = httpx.MockTransport(self.peers.handle)
        footing = Footing(
            data=self.path,
            bus=self.bus,
            store=self.store or (lambda name: SqliteStore(self.path / f"{name}.sqlite")),
            blobs=self.blobs,
            secrets=SecretBox.open(self.path / "secret.key"),
            clock=self.clock,
            source=Source(environ={**self.environ, **environ}),
            peer=lambda name: httpx.AsyncClient(transport=transport, base_url=f"http://{name}"),
            others=self.others,
        )
        self.peers.seal = footing.seal
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


@pytest.fixture
async def named(hub: Any, world: Any) -> AsyncIterator[Any]:
    """The hub where its address is set."""
    gateway = world.build(OMNIHUB_GATEWAY__PUBLIC_URL=ORIGIN)
    await gateway.start()
    hub.gateway, first = gateway, hub.gateway
    yield hub
    hub.gateway = first
    await gateway.stop()


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[OidcProvider]:
    """A real one, over sockets; it speaks plain HTTP, on this machine."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with OidcProvider(f"{HOME}/api/v1/sessions/oidc/callback") as made:
        made.person.claims |= {"groups": ["Продажи"]}
        yield made


@pytest.fixture
def sso(hub: Hub, world: World, provider: OidcProvider) -> Callable[..., AbstractAsyncContextManager[Visitor]]:
    """A browser at a gateway of this hub that knows the provider; settings by name."""
    hub.clock.set(datetime.now(UTC))  # the provider's

    @asynccontextmanager
    async def visiting(**settings: str) -> AsyncIterator[Visitor]:
        hub.clock.set(datetime.now(UTC))
        given = {
            "oidc_issuer": provider.issuer,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SECRET,
            "oidc_roles": "Продажи=operator,Маркетинг=marketer",
            **settings,
        }
        environ = {f"OMNIHUB_GATEWAY__{name.upper()}": value for name, value in given.items()}
        gateway = world.build(OMNIHUB_HUB__ALLOWED_NETWORKS="127.0.0.0/8", **environ)
        await gateway.start()
        transport = httpx.ASGITransport(app=gateway.http)
        here = httpx.AsyncClient(transport=transport, base_url=HOME)
        async with here, httpx.AsyncClient() as there:
            yield Visitor(here, there)
        await gateway.stop()

    return visiting
