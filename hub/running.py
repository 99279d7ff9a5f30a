"""The commands that run: everything embedded, one service distributed, the simulators alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from socket import socket
from typing import Any

from starlette.types import ASGIApp

from hub.channels.simulators.place import Place
from hub.connections import Bounds, Connections, raise_open_files
from hub.describe import describe, forget
from hub.footing import Service
from hub.kit.log import Log, configure
from hub.kit.memory import settle
from hub.kit.settings import Source
from hub.kit.tracing.traced import traced
from hub.narrator import Narrator
from hub.process import (
    Embedded,
    build,
    data_folder,
    distributed,
    guarded,
    http_server,
    known_services,
    listening,
    peer_token,
    stop_signal,
    until_set,
    url_of,
)
from hub.settings import SECTIONS, HubSettings, own_port

log = Log(__name__)


async def up(source: Source, *, data: Path | None, port: int | None, demo: bool) -> None:
    """Everything in one process until SIGINT or SIGTERM."""
    stop = stop_signal()
    _refuse_unknown(source)
    settings = HubSettings.load(source, data=data, port=port)
    raise_open_files()
    bound = listening(settings.host, settings.port)
    with bound, data_folder(settings.data) as folder, traced(settings.traces):
        configure(level="warning" if demo else settings.log_level, json=settings.log_json)
        forget(folder)
        async with AsyncExitStack() as stack:
            running = await stack.enter_async_context(_simulated(folder)) if demo else None
            facts = running.description() if running else {}
            if demo:
                source = source.also("messaging", public_url=url_of(bound))
                source = source.also("telephony", public_url=url_of(bound))
                source = source.also("campaigns", public_url=url_of(bound))
            hub = Embedded(folder, source)
            for endpoint in _simulated_at(facts):
                hub.footing.restraint.simulated_at(endpoint)
            stack.push_async_callback(hub.stop)
            await hub.start()
            gateway = next(service for service in hub.services if service.name == "gateway")
            await stack.enter_async_context(_served(gateway, gateway.http, bound, settings))
            if running:
                stack.callback((await _connected(hub, running, url_of(bound))).cancel)
                for play in _demo_plays(hub, running, folder / "simulators" / "mail"):
                    stack.callback(asyncio.create_task(play).cancel)
            settle()
            describe(folder, **{"api": url_of(bound), "mailboxes": [], "cast": [], **facts})
            _greet(url_of(bound), getattr(gateway, "first_password", None), facts)
            # Names and subjects are for the demo; elsewhere they are nothing for a terminal's log.
            await (_narrate(hub, stack, stop) if demo else stop.wait())
            print("stopping …", flush=True)
        forget(folder)


def _refuse_unknown(source: Source) -> None:
    source.refuse_unknown((*(settings.SECTION for settings in SECTIONS), *known_services(source)))


def _simulated_at(facts: dict[str, Any]) -> list[str]:
    """Where the simulators of this process listen."""
    if not facts:
        return []
    pbx = facts["asterisk"]
    places = [facts["imap"], facts["smtp"], facts["telegram"]["url"], facts["twilio"]["url"]]
    return [*places, f"{pbx['host']}:{pbx['port']}", pbx["door"]]


async def _narrate(hub: Embedded, stack: AsyncExitStack, stop: asyncio.Event) -> None:
    bus = hub.footing.bus("narrator")
    await bus.start()
    stack.push_async_callback(bus.stop)
    narrator = Narrator(bus, hub.footing.clock)
    await narrator.open()
    await until_set(stop, narrator.run())


async def _connected(hub: Embedded, running: Any, url: str) -> asyncio.Task[None]:
    from hub.demo import connect

    return await connect(hub.footing.asking("hub"), running, url)


@asynccontextmanager
async def _simulated(folder: Path) -> AsyncIterator[Any]:
    from hub.channels.simulators.run import simulators  # the simulators are loaded only where they run

    async with simulators(folder / "simulators", play=True) as running:
        yield running


def _demo_plays(hub: Embedded, running: Any, state: Path) -> list[Coroutine[Any, Any, None]]:
    from hub.demo_calls import DemoCalls  # loaded only where the demo runs
    from hub.demo_mailing import DemoMailing

    return [DemoCalls(hub.footing, state).play(), DemoMailing(hub.footing, running.mail, state).play()]


def _greet(url: str, password: str | None, facts: dict[str, Any]) -> None:
    print(f"omnihub is ready: {url}/", flush=True)
    print(f"  API        {url}/api/v1/docs")
    told = f"password {password} (shown this once)" if password else "with the password set at first start"
    print(f"  login      admin, {told}")
    if facts:
        print(f"  mail       SMTP {facts['smtp']}, IMAP {facts['imap']} (simulated)")
        print(f"  telegram   {facts['telegram']['bot']} at {facts['telegram']['url']} (simulated)")
        print(f"  sms        {facts['twilio']['number']} at {facts['twilio']['url']} (simulated)")
        pbx = facts["asterisk"]
        print(f"  calls      {pbx['line']} at {pbx['host']}:{pbx['port']}, people at {pbx['door']} (simulated)")
        print(f"  mailboxes  {', '.join(box['address'] for box in facts['mailboxes'])}")
        print("  Ctrl-C stops; what happens:", flush=True)


async def serve(service: str, source: Source, *, data: Path | None, host: str | None, port: int | None) -> None:
    """One service on Kafka and MongoDB until SIGINT or SIGTERM."""
    stop = stop_signal()
    _refuse_unknown(source)
    source = source.also("hub", port=str(_own_port(service, source)))
    settings = HubSettings.load(source, data=data, host=host, port=port)
    raise_open_files()
    bound = listening(settings.host, settings.port)
    with bound, traced(settings.traces):
        configure(level=settings.log_level, json=settings.log_json)
        footing = distributed(settings.data, source)
        built = build(service, footing)
        app = built.http if service == "gateway" else guarded(built.http, peer_token(source))
        name = "api" if service == "gateway" else service
        forget(settings.data, name)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(footing.apart.stop)
            # The door opens first: while the service waits for its bus and store, health can be asked.
            stack.push_async_callback(built.stop)
            await stack.enter_async_context(_served(built, app, bound, settings))
            starting = asyncio.create_task(_start(built, settings.data, name, url_of(bound)))
            stack.callback(starting.cancel)
            await until_set(stop, _forever(starting))
        forget(settings.data, name)


def _own_port(service: str, source: Source) -> int:
    known = known_services(source).get(service)
    return own_port(service, known.url if known else "")


async def _start(built: Service, data: Path, name: str, url: str) -> None:
    await built.start()
    settle()
    describe(data, **{name: url})
    password = getattr(built, "first_password", None)
    if password:
        print(f"login admin, password {password} (shown this once)", flush=True)
    print(f"omnihub {built.name} is ready: {url}", flush=True)


def _served(
    service: Service, app: ASGIApp, bound: socket, settings: HubSettings
) -> AbstractAsyncContextManager[None]:
    """The door of a service. Only the gateway's is for strangers: the others' callers are gateways."""
    bounds, callers = Bounds.of(settings), getattr(service, "callers", None)
    if callers is None:
        bounds = replace(bounds, per_address=bounds.connections)
    return http_server(app, bound, drain=_drain(service), connections=Connections(bounds, callers))


def _drain(service: Service) -> Callable[[], Awaitable[None]] | None:
    """The gateway's live streams would keep the server from ending."""
    found: Callable[[], Awaitable[None]] | None = getattr(service, "drain", None)
    return found


async def _forever(starting: asyncio.Task[None]) -> None:
    await starting
    await asyncio.Event().wait()


async def run_simulators(data: Path, *, play: bool) -> None:
    """The simulated servers alone, so that a hub can be ended without them."""
    from hub.channels.simulators.run import simulators

    stop = stop_signal()
    configure()
    async with simulators(data, play=play) as running:
        facts = running.description()
        print(f"simulators are ready: SMTP {facts['smtp']}, IMAP {facts['imap']}", flush=True)
        await stop.wait()


async def demo(source: Source, *, data: Path | None, place: Place) -> None:
    """The simulators and the cast beside a hub of services, until SIGINT or SIGTERM."""
    from hub.demo import beside

    stop = stop_signal()
    _refuse_unknown(source)
    settings = HubSettings.load(source, data=data)
    configure(level=settings.log_level, json=settings.log_json)
    footing = distributed(settings.data, source)
    await until_set(stop, beside(footing, settings.data / "simulators", place, stop))
