"""The commands that run: everything embedded, one service distributed, the simulators alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from socket import socket
from typing import Any

import httpx
from starlette.types import ASGIApp

from hub.connections import Bounds, Connections, raise_open_files
from hub.describe import describe, forget
from hub.footing import Service
from hub.kit.errors import ConfigurationError
from hub.kit.ids import derive
from hub.kit.log import Log, configure
from hub.kit.memory import settle
from hub.kit.settings import Source
from hub.kit.tracing.spans import traced
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
    stop_signal,
    until_set,
    url_of,
)
from hub.settings import HubSettings, PeerSettings

log = Log(__name__)

SECTIONS = ("hub", "bus", "store", "blobs", "peers", "gate")
"""Of the settings file, beside one for each service."""
_PBX = "Simulated Asterisk"
_LOOKS, _BETWEEN_LOOKS = 100, 0.2


async def up(source: Source, *, data: Path | None, port: int | None, demo: bool) -> None:
    """Everything in one process until SIGINT or SIGTERM."""
    stop = stop_signal()
    source.refuse_unknown((*SECTIONS, *known_services(source)))
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
            await _connect(hub, facts)
            if running:
                number = await _connect_messengers(hub, facts)
                await _connect_calls(hub, facts["asterisk"])
                running.twilio.webhook = f"{url_of(bound)}/hooks/sms/{number}"
                noting = asyncio.create_task(_note_addresses(hub, facts["petr"], running.known))
                calling = asyncio.create_task(_demo_calls(hub, folder))
                for playing in (noting, calling):
                    stack.callback(playing.cancel)
            settle()
            describe(folder, **{"api": url_of(bound), "mailboxes": [], "cast": [], **facts})
            _greet(url_of(bound), getattr(gateway, "first_password", None), facts)
            # Names and subjects are for the demo; elsewhere they are nothing for a terminal's log.
            await (_narrate(hub, stack, stop) if demo else stop.wait())
            print("stopping …", flush=True)
        forget(folder)


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


@asynccontextmanager
async def _simulated(folder: Path) -> AsyncIterator[Any]:
    from hub.channels.simulators.run import simulators  # the simulators are loaded only where they run

    async with simulators(folder / "simulators", play=True) as running:
        yield running


async def _connect(hub: Embedded, facts: dict[str, Any]) -> None:
    """Adds the simulated mailboxes, or tells those added before where the simulators are today."""
    async with hub.footing.asking("hub")("email") as email:
        for mailbox in facts.get("mailboxes", []):
            servers = {name: _server(facts[name], mailbox) for name in ("imap", "smtp")}
            answer = await email.patch(f"/mailboxes/{mailbox['id']}", json=servers)
            if answer.status_code == httpx.codes.NOT_FOUND:
                about = {"address": mailbox["address"], "name": mailbox.get("name", ""), "plus_addressing": True}
                answer = await email.post("/mailboxes", json={**about, **servers})
            if answer.is_error:
                raise ConfigurationError(f"demo mailbox {mailbox['address']}: {answer.text}")


async def _connect_messengers(hub: Embedded, facts: dict[str, Any]) -> str:
    """Adds the simulated bot and number, or tells those added before where the simulators are; the number's id."""
    telegram, twilio = facts["telegram"], facts["twilio"]
    login = {name: twilio[name] for name in ("account_sid", "auth_token")}
    providers = [{"kind": "twilio", **login, "api_url": twilio["url"]}]
    async with hub.footing.asking("hub")("messaging") as messaging:
        bot = {"token": telegram["token"], "api_url": telegram["url"]}
        await _added(messaging, "/bots", derive("bot", telegram["bot"].removeprefix("@")), bot, {})
        number_id = derive("num", f"phone:{twilio['number']}")
        about = {"address": twilio["number"], "name": "Ромашка"}
        await _added(messaging, "/numbers", number_id, {"providers": providers}, about)
    return number_id


async def _connect_calls(hub: Embedded, pbx: dict[str, Any]) -> None:
    """Adds the simulated Asterisk, our line, and a phone for the administrator."""
    login = {name: pbx[name] for name in ("host", "port", "user", "secret")}
    rings = {"recordings": f"{pbx['door']}/monitor/{{name}}", "outside": "PJSIP/{number}@trunk"}
    connection = {"kind": "ami", **login, **rings}
    exchange = derive("ex", _PBX.casefold())
    changed = {name: connection[name] for name in ("host", "port", "user", "secret", *rings)}
    async with hub.footing.asking("hub")("telephony") as telephony:
        answer = await telephony.patch(f"/exchanges/{exchange}", json={"connection": changed})
        if answer.status_code == httpx.codes.NOT_FOUND:
            answer = await telephony.post("/exchanges", json={"name": _PBX, "connection": connection})
        if answer.is_error:
            raise ConfigurationError(f"demo exchange: {answer.text}")
        about = {"number": pbx["line"], "exchange": exchange}
        await _added(telephony, "/lines", derive("ln", pbx["line"]), {"name": "Ромашка"}, about)
        phones = [{"kind": "extension", "exchange": exchange, "number": pbx["extension"]}]
        await telephony.put("/phones/admin", json={"phones": phones})


async def _demo_calls(hub: Embedded, folder: Path) -> None:
    from hub.demo_calls import DemoCalls  # loaded only where the demo runs

    await DemoCalls(hub.footing, folder / "simulators" / "mail").play()


async def _note_addresses(hub: Embedded, addresses: Sequence[str], known: asyncio.Event) -> None:
    """As an operator would: who wrote by the first address is the one behind the others."""
    async with hub.footing.asking("hub")("interactions") as interactions:
        for _ in range(_LOOKS):
            if client := await _client_of(interactions, addresses[0]):
                for address in addresses[1:]:
                    await interactions.post(f"/clients/{client}/addresses", json={"address": address})
                known.set()
                return
            await asyncio.sleep(_BETWEEN_LOOKS)


async def _client_of(interactions: httpx.AsyncClient, address: str) -> str | None:
    answer = await interactions.get("/clients", params={"limit": 200})
    items = answer.json()["items"] if answer.is_success else []
    return next((one["id"] for one in items if address in [each["address"] for each in one["addresses"]]), None)


async def _added(
    peer: httpx.AsyncClient, path: str, account: str, where: dict[str, Any], about: dict[str, Any]
) -> None:
    answer = await peer.patch(f"{path}/{account}", json=where)
    if answer.status_code == httpx.codes.NOT_FOUND:
        answer = await peer.post(path, json={**where, **about})
    if answer.is_error:
        raise ConfigurationError(f"demo {path}: {answer.text}")


def _server(address: str, mailbox: dict[str, str]) -> dict[str, Any]:
    host, _, port = address.rpartition(":")
    login = {"user": mailbox["user"], "password": mailbox["password"]}
    return {"host": host, "port": int(port), "security": "plain", **login}


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
    source.refuse_unknown((*SECTIONS, *known_services(source)))
    settings = HubSettings.load(source, data=data, host=host, port=port)
    raise_open_files()
    bound = listening(settings.host, settings.port)
    with bound, traced(settings.traces):
        configure(level=settings.log_level, json=settings.log_json)
        footing = distributed(settings.data, source)
        built = build(service, footing)
        token = PeerSettings.load(source).token.get_secret_value()
        app = built.http if service == "gateway" else guarded(built.http, token)
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
