"""Answers while a mailing leaves from the same mailbox: from the bus to the SMTP server, on the email service."""

import argparse
import asyncio
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
from fastapi import FastAPI

from hub.api.asking import AsService
from hub.bus.embedded import EmbeddedBus
from hub.bus.log import Log
from hub.channels.simulators.mail import Account, MailSimulator
from hub.contracts.base import Envelope
from hub.contracts.interaction import Participant, Role, SendMessage
from hub.footing import Footing
from hub.kit.asgi import InProcess
from hub.kit.blobs import FolderBlobs
from hub.kit.clock import SystemClock
from hub.kit.memory import settle
from hub.kit.restraint import Restraint
from hub.kit.secrets import SecretBox
from hub.kit.settings import Source
from hub.store.sqlite import SqliteStore
from services.email.app import build

NAME = "lanes"
GOAL = "an answer given while a mailing of 20,000 waits is at the SMTP server within 1 s (p95)"

MAILING = 20_000
ANSWERS = 60
BETWEEN = 0.25
"""Seconds between two answers."""
TOGETHER = 500
OURS = "support@romashka.example"
CUSTOMER = "anna@client.example"


def a_footing(folder: Path, log: Log) -> Footing:
    return Footing(
        data=folder,
        bus=lambda name: EmbeddedBus(log, name, SystemClock()),
        store=lambda name: SqliteStore(folder / f"{name}.sqlite"),
        blobs=FolderBlobs(folder / "blobs"),
        secrets=SecretBox.open(folder / "secret.key"),
        clock=SystemClock(),
        source=Source(environ={}),
        peer=lambda name: httpx.AsyncClient(base_url=f"http://{name}.invalid"),
        restraint=Restraint(folder),
    )


def a_message(name: str, account: str, address: str, *, mass: bool) -> SendMessage:
    to = Participant(role=Role.TO, address=f"email:{address}", raw=address)
    text = "Здравствуйте! Ваш заказ уже в пути и будет у вас завтра до полудня.\n" * 10
    return SendMessage(
        id=f"in_{name}",
        channel="email",
        account=account,
        to=(to,),
        subject=name,
        text=text,
        mass=mass,
        group="spring",
    )


class Office:
    """The hub, the servers of its provider, and what was given to it when."""

    def __init__(self, bus: EmbeddedBus, simulator: MailSimulator, mailbox: str) -> None:
        self.bus = bus
        self.simulator = simulator
        self.mailbox = mailbox
        self.arrived: dict[str, float] = {}
        self.all_arrived = asyncio.Event()
        simulator.on_delivery.append(self._rung)

    def _rung(self, address: str) -> None:
        if address == CUSTOMER:
            mail = self.simulator.sent[-1]
            self.arrived[str(mail.message["Subject"])] = time.perf_counter()
            if len(self.arrived) == ANSWERS:
                self.all_arrived.set()

    async def give(self, messages: list[SendMessage]) -> None:
        now = datetime.now(UTC)
        await self.bus.publish([Envelope(event=message, source="omnihub/bench", time=now) for message in messages])

    async def mailing(self, count: int) -> None:
        for start in range(0, count, TOGETHER):
            numbers = range(start, min(start + TOGETHER, count))
            await self.give([a_message(f"{n}", self.mailbox, f"{n}@world.example", mass=True) for n in numbers])

    async def answers(self) -> list[float]:
        """Seconds from the bus to the server, of each."""
        given: dict[str, float] = {}
        for number in range(ANSWERS):
            given[f"answer {number}"] = time.perf_counter()
            await self.give([a_message(f"answer {number}", self.mailbox, CUSTOMER, mass=False)])
            await asyncio.sleep(BETWEEN)
        async with asyncio.timeout(120):
            await self.all_arrived.wait()
        return [self.arrived[name] - at for name, at in given.items()]


async def run(mailing: int = MAILING) -> dict[str, float | str]:
    accounts = [Account(address=a, user=a.partition("@")[0], password="x") for a in (OURS, CUSTOMER)]
    with tempfile.TemporaryDirectory(prefix="omnihub-bench-") as name:
        async with MailSimulator(accounts) as simulator:
            return await _run(Path(name), simulator, mailing)


async def _run(folder: Path, simulator: MailSimulator, mailing: int) -> dict[str, float | str]:
    log = Log(folder / "bus.sqlite")
    await log.open()
    service, bus = build(a_footing(folder, log)), EmbeddedBus(log, "bench", SystemClock())
    await service.start()
    await bus.start()
    office = Office(bus, simulator, await _mailbox(service.http, simulator))
    begun = time.perf_counter()
    await office.mailing(mailing)
    while True:
        if await _waiting(service.http) + len(simulator.sent) >= mailing:
            break
        await asyncio.sleep(1)
    given = time.perf_counter() - begun
    settle()
    before, begun = len(simulator.sent), time.perf_counter()
    seconds = await office.answers()
    rate = (len(simulator.sent) - before) / (time.perf_counter() - begun)
    left = mailing - sum(1 for mail in simulator.outside)
    await service.stop()
    await bus.stop()
    await log.close()
    return {
        "mailing": mailing,
        "in the ledger after s": round(given, 1),
        "left at the end": left,
        "mails/s": round(rate, 1),
        "answer p50 s": round(statistics.median(seconds), 3),
        "answer p95 s": round(statistics.quantiles(seconds, n=20)[18], 3),
        "answer max s": round(max(seconds), 3),
    }


async def _mailbox(http: FastAPI, simulator: MailSimulator) -> str:
    login = {"host": "127.0.0.1", "security": "plain", "user": "support", "password": "x"}
    servers = {"imap": {**login, "port": simulator.imap_port}, "smtp": {**login, "port": simulator.smtp_port}}
    async with _api(http) as api:
        answer = await api.post("/mailboxes", json={"address": OURS, **servers})
        answer.raise_for_status()
        return str(answer.json()["id"])


def _api(http: FastAPI) -> httpx.AsyncClient:
    asking = AsService(http.state.seal, "bench")
    return httpx.AsyncClient(transport=InProcess(http), base_url="http://email", auth=asking)


async def _waiting(http: FastAPI) -> int:
    async with _api(http) as api:
        return int((await api.get("/channels")).json()["items"][0]["queued"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--mailing", type=int, default=MAILING, help="recipients of the mailing; 100000 is the goal's"
    )
    print(asyncio.run(run(parser.parse_args().mailing)))
