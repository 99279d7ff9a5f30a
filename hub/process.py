"""Runs all services in one process, or one of them, from a ready port to a graceful stop."""

import asyncio
import contextlib
import fcntl
import hmac
import importlib
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import IO

import httpx
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.bus.base import Bus
from hub.bus.embedded import EmbeddedBus
from hub.bus.log import Log as EventLog
from hub.connection import Connection
from hub.connections import Connections
from hub.contracts.topics import TOPICS, Topic
from hub.footing import Footing, Service
from hub.kit.asgi import InProcess
from hub.kit.blobs import Blobs, open_blobs
from hub.kit.clock import SystemClock
from hub.kit.errors import ConfigurationError
from hub.kit.http import problem
from hub.kit.log import Log
from hub.kit.private import make_private
from hub.kit.restraint import Restraint
from hub.kit.secrets import SecretBox, kept_token
from hub.kit.settings import Source
from hub.kit.tracing.http import peer_hooks, trace_requests
from hub.settings import BlobSettings, BusSettings, HubSettings, PeerSettings, StoreSettings
from hub.store.base import Store
from hub.store.sqlite import SqliteStore
from hub.whole import check_bus, check_stores

log = Log(__name__)

SERVICES = ("interactions", "email", "messaging", "telephony", "campaigns", "gateway")
"""The hub's own; `[hub] also` names more."""
LOG_FILE = "bus.sqlite"
"""The embedded bus, in the data folder."""
DATA_VERSION = 1
"""Of the data folder; a hub refuses a newer one."""
_SHUTDOWN_SECONDS = 5
_KEPT, _OURS_KEPT = 5, 2.0
"""Seconds for which an idle connection is kept, by a server and by whoever asks another service: were they the same,
a request would meet a connection now and then that is being closed, and a write cannot just be sent again."""
_OPEN_PATHS = ("/healthz", "/readyz", "/metrics")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A service that this hub has."""

    name: str
    module: str
    """Has its `build(footing)`, and, as `TOPICS`, the topics that are its own where it stands outside the tree."""
    url: str = ""
    """Where it is served, for one that stands outside the tree."""


def known_services(source: Source) -> dict[str, Known]:
    """All of them by name, the gateway last: it asks the others what they do.

    Raises:
        ConfigurationError: one of `[hub] also` is not written as it should be.
    """
    ours = [Known(name=name, module=f"services.{name}.app") for name in SERVICES[:-1]]
    outside = [_outside(text) for text in HubSettings.load(source).also]
    gateway = Known(name=SERVICES[-1], module=f"services.{SERVICES[-1]}.app")
    return {known.name: known for known in (*ours, *outside, gateway)}


def _outside(text: str) -> Known:
    name, equals, rest = text.partition("=")
    module, _, url = rest.partition("@")
    if not (equals and name.isidentifier() and module.replace(".", "_").isidentifier()) or name in SERVICES:
        raise ConfigurationError(f"[hub] also: {text!r}: write it as NAME=MODULE or NAME=MODULE@URL")
    return Known(name=name, module=module, url=url)


def topics_of(source: Source) -> tuple[Topic, ...]:
    """The hub's own, and those of the services that `[hub] also` names.

    Raises:
        ConfigurationError: there is no such module.
    """
    outside = (known for known in known_services(source).values() if known.name not in SERVICES)
    return (*TOPICS, *(topic for known in outside for topic in getattr(_module(known), "TOPICS", ())))


def _module(known: Known) -> ModuleType:
    try:
        return importlib.import_module(known.module)
    except ModuleNotFoundError as exc:
        raise ConfigurationError(f"the service {known.name}: {exc}; check [hub] also and the import path") from exc


def build(service: str, footing: Footing) -> Service:
    """The named service on a footing.

    Raises:
        ConfigurationError: there is no such service.
    """
    known = known_services(footing.source)
    if service not in known:
        raise ConfigurationError(f"there is no service {service!r}; there are {', '.join(known)}")
    built: Service = _module(known[service]).build(footing)
    built.http.state.restraint = footing.restraint
    built.http.state.troubles = footing.troubles
    trace_requests(built.http, service, first=service == "gateway")
    return built


@contextmanager
def data_folder(path: Path) -> Iterator[Path]:
    """The folder, ours alone while this lasts.

    Raises:
        ConfigurationError: another hub uses it, or a newer version made it; nothing was touched.
    """
    _refuse_newer(path)
    try:
        make_private(path)
        lock = (path / "lock").open("a")
    except OSError as exc:
        raise ConfigurationError(f"data folder {path}: {exc.strerror}; choose another with --data") from exc
    with lock:
        _lock(lock, path)
        (path / "version").write_text(f"{DATA_VERSION}\n")
        yield path


def _refuse_newer(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        found = (path / "version").read_text().strip()
        if not found.isdigit() or int(found) > DATA_VERSION:
            raise ConfigurationError(
                f"data folder {path} is of version {found}, this hub knows {DATA_VERSION}; run the newer hub on it"
            )


def _lock(lock: IO[str], path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        raise ConfigurationError(f"another hub runs on the data folder {path}; stop it, or choose another") from exc


def listening(host: str, port: int) -> socket.socket:
    """A bound socket, so that a busy port is known before anything else is touched.

    Raises:
        ConfigurationError: the port is taken, or the host is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as exc:
        bound.close()
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {exc.strerror}; choose another with --port"
        ) from exc
    return bound


def url_of(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class Embedded:
    """All services in one process, on SQLite and a folder."""

    def __init__(self, data: Path, source: Source) -> None:
        self._stores: dict[str, SqliteStore] = {}
        self._log = EventLog(data / LOG_FILE, stores=self._writes)
        self._data = data
        self._accepted = HubSettings.load(source).accept_loss
        topics = topics_of(source)
        self._apps: dict[str, FastAPI] = {}
        self._names = tuple(known_services(source))
        self.footing = Footing(
            data=data,
            bus=lambda name: EmbeddedBus(self._log, name, SystemClock(), topics),
            store=self._store,
            blobs=_blobs(data, source),
            secrets=SecretBox.open(data / "secret.key"),
            clock=SystemClock(),
            source=source,
            peer=self._peer,
            others=self._names[:-1],
            restraint=_restraint(data, source),
        )
        self.services: list[Service] = []

    def _store(self, name: str) -> SqliteStore:
        made = SqliteStore(self._data / f"{name}.sqlite")
        self._stores.setdefault(name, made)
        return made

    def _writes(self) -> dict[str, int]:
        return {name: store.writes for name, store in self._stores.items() if store.writes}

    def _peer(self, name: str) -> httpx.AsyncClient:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            # Looked up at the call: services are built one after another and know each other by name.
            if name not in self._apps:
                raise httpx.ConnectError(f"the service {name} does not run in this process")
            await self._apps[name](scope, receive, send)

        return httpx.AsyncClient(transport=InProcess(app), base_url=f"http://{name}", event_hooks=peer_hooks())

    async def start(self, names: Sequence[str] | None = None) -> None:
        """All services, or those named."""
        names = names or self._names
        check_bus(self._data / LOG_FILE, self._names, accepted=self._accepted)
        await self._log.open()
        await check_stores(self._data, self._log, accepted=self._accepted)
        self.services = [build(name, self.footing) for name in names]
        self._apps.update({service.name: service.http for service in self.services})
        await asyncio.gather(*(service.start() for service in self.services))
        if set(names) >= set(self._names):
            self._tell_unread_groups()

    def _tell_unread_groups(self) -> None:
        """Their topics grow until they read or are forgotten."""
        if unread := self._log.unread_groups():
            log.warning("bus.groups_unread", groups=", ".join(unread), fix="omnihub groups forget GROUP")

    async def stop(self) -> None:
        for service in reversed(self.services):
            await service.stop()
        await self.footing.apart.stop()
        await self._log.close()


def distributed(data: Path, source: Source) -> Footing:
    """The footing of one service among several processes: Kafka and MongoDB.

    Raises:
        ConfigurationError: the shared secret of the services is not set.
    """
    peers, token = PeerSettings.load(source), peer_token(source)
    make_private(data)
    known = known_services(source)
    return Footing(
        data=data,
        bus=_kafka_opener(BusSettings.load(source), topics_of(source)),
        store=_store_opener(data, StoreSettings.load(source)),
        blobs=_blobs(data, source),
        secrets=SecretBox.open(data / "secret.key"),
        clock=SystemClock(),
        source=source,
        peer=lambda name: httpx.AsyncClient(
            base_url=_url_of(known[name], peers),
            headers={"Authorization": f"Bearer {token}"},
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=_OURS_KEPT),
            event_hooks=peer_hooks(),
        ),
        others=tuple(known)[:-1],
        # The processes may have a data folder each; the token they all have.
        peer_key=hmac.digest(token.encode(), b"omnihub actor", sha256),
        restraint=_restraint(data, source),
    )


def peer_token(source: Source) -> str:
    """The services' shared secret.

    Raises:
        ConfigurationError: it is not set, or its file cannot be read or made.
    """
    peers = PeerSettings.load(source)
    if token := peers.token.get_secret_value():
        return token
    if peers.token_file is None:
        raise ConfigurationError("[peers] token is not set; give all services the same OMNIHUB_PEERS__TOKEN")
    return kept_token(peers.token_file)


def _url_of(known: Known, peers: PeerSettings) -> str:
    found = known.url or str(getattr(peers, known.name, ""))
    if not found:
        raise ConfigurationError(f"[hub] also: say where {known.name} is served: {known.name}={known.module}@URL")
    return found


def _blobs(data: Path, source: Source) -> Blobs:
    url = BlobSettings.load(source).url
    opened = open_blobs(url or data / "blobs")
    if "://" not in url:
        make_private(Path(url or data / "blobs"))
    return opened


def _restraint(data: Path, source: Source) -> Restraint:
    settings = HubSettings.load(source)
    return Restraint(data, sandbox=settings.sandbox, held=settings.held)


def _kafka_opener(settings: BusSettings, topics: Sequence[Topic]) -> Callable[[str], Bus]:
    from hub.bus.kafka import KafkaBus  # only this footing needs a Kafka client in memory
    from hub.bus.kafka_access import Access, Login, tls_context
    from hub.bus.kafka_topics import Copies

    files = {"ca_file": settings.ca_file, "certificate": settings.certificate, "key": settings.certificate_key}
    who = {"user": settings.user, "password": settings.password.get_secret_value()}
    access = Access(
        settings.kafka,
        tls_context(**files) if settings.tls else None,
        Login(mechanism=settings.sasl, **who) if settings.sasl else None,
    )
    copies = Copies(settings.replication, settings.min_insync)
    return lambda name: KafkaBus(access, name, SystemClock(), topics, copies=copies)


def _store_opener(data: Path, settings: StoreSettings) -> Callable[[str], Store]:
    if settings.mongo == "sqlite":
        return lambda name: SqliteStore(data / f"{name}.sqlite")
    from hub.store.mongo import MongoStore, Tls  # only this footing needs a MongoDB client in memory

    tls = Tls(settings.ca_file, settings.certificate) if settings.tls else None
    return lambda name: MongoStore(settings.mongo, f"{settings.database}_{name}", tls=tls)


def store_of(name: str, data: Path, source: Source) -> Store | None:
    """The named service's store, where it keeps one: in the data folder, or in the MongoDB that is set."""
    if (data / f"{name}.sqlite").is_file():
        return SqliteStore(data / f"{name}.sqlite")
    settings = StoreSettings.load(source)
    return _store_opener(data, settings)(name) if settings.mongo != "sqlite" and source.section("store") else None


def guarded(app: FastAPI, token: str) -> ASGIApp:
    """Lets in only who shows the services' shared secret; health and metrics are open."""
    expected = f"Bearer {token}".encode()

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        shown = dict(scope.get("headers", ())).get(b"authorization", b"")
        if scope["path"] in _OPEN_PATHS or secrets.compare_digest(shown, expected):
            await app(scope, receive, send)
        else:
            await problem(401, "Not one of us", "show the token of [peers]")(scope, receive, send)

    return guard


class _Server(uvicorn.Server):
    """Leaves the signals to the process."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return contextlib.nullcontext()


@asynccontextmanager
async def http_server(
    app: ASGIApp,
    bound: socket.socket,
    *,
    drain: Callable[[], Awaitable[None]] | None = None,
    connections: Connections | None = None,
) -> AsyncIterator[None]:
    """Serves `app` on a bound socket while this lasts; `drain` ends what would keep connections open."""
    connections = Connections() if connections is None else connections
    config = uvicorn.Config(
        app,
        http=partial(Connection, connections=connections),  # type: ignore[arg-type]
        log_config=None,
        access_log=False,
        lifespan="off",
        # Who calls is who connects: a forwarded address that anybody can make up must not reach throttle and audit.
        proxy_headers=False,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        timeout_keep_alive=_KEPT,
    )
    server = _Server(config)
    await connections.start()
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    while not server.started:
        if serving.done():
            await serving
        await asyncio.sleep(0.005)
    try:
        yield
    finally:
        if drain:
            await drain()
        server.should_exit = True
        await serving
        await connections.stop()


def stop_signal() -> asyncio.Event:
    """Set by the first SIGINT or SIGTERM from now on: taken before a start, so that none ends a start half-way."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def until_set(stop: asyncio.Event, also: Awaitable[None] | None = None) -> None:
    """Returns when it is set; raises what `also` raises."""
    waiting = asyncio.ensure_future(stop.wait())
    running = [asyncio.ensure_future(also)] if also else []
    done, _ = await asyncio.wait([waiting, *running], return_when=asyncio.FIRST_COMPLETED)
    for task in (waiting, *running):
        task.cancel()
    for task in done:
        task.result()
