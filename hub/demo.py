"""The simulators connected to a hub: its accounts, and what its cast is known by."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from hub.channels.simulators.place import Place
from hub.footing import Footing
from hub.kit.errors import ConfigurationError
from hub.kit.ids import derive
from hub.kit.log import Log

if TYPE_CHECKING:
    from hub.channels.simulators.run import Simulators

log = Log(__name__)
Asking = Callable[[str], httpx.AsyncClient]
"""A client of the named service."""
_PBX = "Simulated Asterisk"
_ASKED = ("email", "messaging", "telephony", "interactions")
_LOOKS, _BETWEEN_LOOKS = 100, 0.2
_BETWEEN_TRIES = 1.0
"""Seconds."""


async def beside(footing: Footing, folder: Path, place: Place, stop: asyncio.Event) -> None:
    """The simulators and the cast beside a hub of services, connected to it as soon as it takes accounts.

    Raises:
        ConfigurationError: the hub cannot be reached by what is simulated.
    """
    from hub.channels.simulators.run import simulators  # the simulators are loaded only where they run

    public = footing.source.section("messaging").get("public_url")
    if not public:
        raise ConfigurationError("[messaging] public_url is not set: the simulated Twilio posts there")
    asking = footing.asking("hub")
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(simulators(folder, play=True, place=place))
        await _until_ready(asking)
        noting = await _connected(asking, running, public)
        stack.callback(noting.cancel)
        print(f"the demo is connected, SMTP {running.mail.smtp_address}", flush=True)
        await stop.wait()


async def _until_ready(asking: Asking) -> None:
    for name in _ASKED:
        async with asking(name) as service:
            while not await _is_ready(service):
                log.info("demo.waiting", service=name)
                await asyncio.sleep(_BETWEEN_TRIES)


async def _is_ready(service: httpx.AsyncClient) -> bool:
    try:
        return (await service.get("/readyz")).is_success
    except httpx.TransportError:
        return False


async def _connected(asking: Asking, running: "Simulators", public: str) -> asyncio.Task[None]:
    """As `connect`, once more where a service was too busy to answer: what was added before is found there."""
    while True:
        try:
            return await connect(asking, running, public)
        except httpx.TransportError as exc:
            log.warning("demo.waiting", error=type(exc).__name__)
            await asyncio.sleep(_BETWEEN_TRIES)


async def connect(asking: Asking, running: "Simulators", public: str) -> asyncio.Task[None]:
    """Adds what is simulated to the hub, which is reached at `public`; what is returned goes on noting who is who."""
    facts = running.description()
    await _connect_mail(asking, facts)
    number = await _connect_messengers(asking, facts)
    await _connect_calls(asking, facts["asterisk"])
    running.twilio.webhook = f"{public}/hooks/sms/{number}"
    return asyncio.create_task(_note_addresses(asking, facts["petr"], running.known))


async def _connect_mail(asking: Asking, facts: dict[str, Any]) -> None:
    """Adds the simulated mailboxes, or tells those added before where the simulators are today."""
    async with asking("email") as email:
        for mailbox in facts.get("mailboxes", []):
            servers = {name: _server(facts[name], mailbox) for name in ("imap", "smtp")}
            answer = await email.patch(f"/mailboxes/{mailbox['id']}", json=servers)
            if answer.status_code == httpx.codes.NOT_FOUND:
                about = {"address": mailbox["address"], "name": mailbox.get("name", ""), "plus_addressing": True}
                answer = await email.post("/mailboxes", json={**about, **servers})
            if answer.is_error:
                raise ConfigurationError(f"demo mailbox {mailbox['address']}: {answer.text}")


async def _connect_messengers(asking: Asking, facts: dict[str, Any]) -> str:
    """Adds the simulated bot and number, or tells those added before where the simulators are; the number's id."""
    telegram, twilio = facts["telegram"], facts["twilio"]
    login = {name: twilio[name] for name in ("account_sid", "auth_token")}
    providers = [{"kind": "twilio", **login, "api_url": twilio["url"]}]
    async with asking("messaging") as messaging:
        bot = {"token": telegram["token"], "api_url": telegram["url"]}
        await _added(messaging, "/bots", derive("bot", telegram["bot"].removeprefix("@")), bot, {})
        number_id = derive("num", f"phone:{twilio['number']}")
        about = {"address": twilio["number"], "name": "Ромашка"}
        await _added(messaging, "/numbers", number_id, {"providers": providers}, about)
    return number_id


async def _connect_calls(asking: Asking, pbx: dict[str, Any]) -> None:
    """Adds the simulated Asterisk, our line, and a phone for the administrator."""
    login = {name: pbx[name] for name in ("host", "port", "user", "secret")}
    rings = {"recordings": f"{pbx['door']}/monitor/{{name}}", "outside": "PJSIP/{number}@trunk"}
    connection = {"kind": "ami", **login, **rings}
    exchange = derive("ex", _PBX.casefold())
    changed = {name: connection[name] for name in ("host", "port", "user", "secret", *rings)}
    async with asking("telephony") as telephony:
        answer = await telephony.patch(f"/exchanges/{exchange}", json={"connection": changed})
        if answer.status_code == httpx.codes.NOT_FOUND:
            answer = await telephony.post("/exchanges", json={"name": _PBX, "connection": connection})
        if answer.is_error:
            raise ConfigurationError(f"demo exchange: {answer.text}")
        about = {"number": pbx["line"], "exchange": exchange}
        await _added(telephony, "/lines", derive("ln", pbx["line"]), {"name": "Ромашка"}, about)
        phones = [{"kind": "extension", "exchange": exchange, "number": pbx["extension"]}]
        await telephony.put("/phones/admin", json={"phones": phones})


async def _note_addresses(asking: Asking, addresses: Sequence[str], known: asyncio.Event) -> None:
    """As an operator would: who wrote by the first address is the one behind the others."""
    async with asking("interactions") as interactions:
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
