"""The messaging service, embedded: a backlog of updates taken over, memory, pacing."""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from hub.bus.embedded import EmbeddedBus
from hub.bus.log import Log
from hub.channels.accounts import AccountRepository
from hub.channels.base import Outcome, Sent
from hub.channels.health import HealthNotes
from hub.channels.ledger import Ledger, Patience
from hub.channels.sender import Sender
from hub.channels.sends import SendRepository
from hub.contracts.interaction import Participant, Role, SendMessage
from hub.kit.blobs import FolderBlobs
from hub.kit.clock import SystemClock
from hub.kit.memory import settle
from hub.store.base import CollectionSpec, Index
from hub.store.sqlite import SqliteStore
from services.messaging.inbound.repository import InboundRepository
from services.messaging.inbound.service import Intake
from services.messaging.models import Bot
from services.messaging.telegram import parse
from services.messaging.telegram.pace import TelegramPace
from services.messaging.telegram.poller import Poller

NAME = "messaging"
GOAL = "2,000 updates/s, memory flat over 200,000, pacing within 5 %"

BACKLOG = 300_000
WARM = 100_000
"""Updates after which the page cache of the store, 16 MB, is full."""
BATCH = 100
PACED, RATE = 300, 30
BOT = Bot(id="bot_bench", channel="telegram", address="@bench_bot", username="bench_bot", token="")


async def run() -> dict[str, float | str]:
    figures: dict[str, float | str] = {}
    for measure in (_backlog, _pacing):
        with tempfile.TemporaryDirectory(prefix="omnihub-bench-") as name:
            figures |= await measure(Path(name))
    return figures


class Ground:
    """Bus, store and blobs in a folder, and the intake on them."""

    def __init__(self, folder: Path) -> None:
        self.log = Log(folder / "bus.sqlite")
        self.bus = EmbeddedBus(self.log, "messaging", SystemClock())
        self.store = SqliteStore(folder / "messaging.sqlite")
        self.index = InboundRepository(self.store)
        self.intake = Intake(
            bus=self.bus,
            blobs=FolderBlobs(folder / "blobs"),
            index=self.index,
            read=parse.read,
            clock=SystemClock(),
            files_wanted=lambda _: None,
        )

    async def __aenter__(self) -> "Ground":
        await self.log.open()
        await self.store.start()
        await self.bus.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.bus.stop()
        await self.store.stop()
        await self.log.close()


def an_update(number: int) -> bytes:
    """A text of 1 of 20,000 people."""
    person = number % 20_000 + 1
    user = {"id": person, "is_bot": False, "first_name": "Пётр", "last_name": f"Иванов-{person}"}
    chat = {"id": person, "type": "private", "first_name": "Пётр"}
    text = f"Здравствуйте! Подскажите, пожалуйста, когда привезут заказ № {number}?"
    message = {"message_id": number, "from": user, "chat": chat, "date": int(time.time()), "text": text}
    return orjson.dumps({"update_id": number, "message": message})


class Backlog:
    """What Telegram has waiting, in batches as it hands them out."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.done = asyncio.Event()

    async def no_webhook(self) -> None: ...

    async def updates(self, *, after: int, wait: timedelta) -> Sequence[tuple[int, bytes]]:
        del wait
        if after >= self._count:
            self.done.set()
            await asyncio.sleep(3600)
        return [(number, an_update(number)) for number in range(after + 1, min(after + BATCH, self._count) + 1)]


async def _backlog(folder: Path) -> dict[str, float | str]:
    async with Ground(folder) as ground:
        seconds = await _taken_over(ground, WARM)
        settle()
        before = _megabytes()
        seconds += await _taken_over(ground, BACKLOG)
        settle()
        grown = _megabytes() - before
    return {
        "updates/s": round(BACKLOG / seconds),
        f"memory grown MB over {BACKLOG - WARM:,}": round(grown, 1),
    }


async def _taken_over(ground: Ground, count: int) -> float:
    """Seconds until the cursor is behind so many."""
    backlog = Backlog(count)
    poller = Poller(
        BOT,
        source=backlog,
        intake=ground.intake,
        repository=ground.index,
        health=HealthNotes(BOT.id, SystemClock()),
        wait=timedelta(seconds=1),
        cap=timedelta(seconds=1),
    )
    begun = time.perf_counter()
    running = asyncio.create_task(poller.run())
    await backlog.done.wait()
    seconds = time.perf_counter() - begun
    running.cancel()
    await asyncio.wait([running])
    return seconds


class Taking:
    """A provider that takes everything at once."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self.done = asyncio.Event()

    async def send(self, message: SendMessage, *, intent: Any, at: Any = None, keys: Any = ()) -> Outcome:
        del at, keys
        await intent()
        self.at.append(time.perf_counter())
        if len(self.at) == PACED:
            self.done.set()
        return Sent("ok", keys=(f"telegram:{message.id}",))


async def _pacing(folder: Path) -> dict[str, float | str]:
    """Messages to as many chats, at the configured rate, through ledger and sender."""
    async with Ground(folder) as ground:
        clock = SystemClock()
        accounts = AccountRepository(ground.store, CollectionSpec("bots", (Index("state"),)), noun="bot")
        sends = SendRepository(ground.store, service="t")
        await ground.store.start()
        document = {
            "_id": BOT.id,
            "state": "active",
            "address": BOT.address,
            "name": "",
            "created_at": "",
        }
        await accounts.add(document)
        patience = Patience(
            retry_delays=[timedelta(seconds=1)], give_up=timedelta(days=1), reconnect_cap=timedelta(seconds=1)
        )
        ledger = Ledger(
            service="messaging", sends=sends, accounts=accounts, bus=ground.bus, clock=clock, patience=patience
        )
        await ledger.accept([_a_message(number) for number in range(PACED)])
        provider: Any = Taking()

        async def probe() -> None: ...

        sender = Sender(
            provider,
            BOT.id,
            service="messaging",
            ledger=ledger,
            health=HealthNotes(BOT.id, clock),
            probe=probe,
            cap=timedelta(seconds=1),
            pace=TelegramPace(per_second=RATE, per_chat=1),
            lanes=8,
        )
        running = asyncio.create_task(sender.run())
        await provider.done.wait()
        running.cancel()
        await asyncio.wait([running])
    rate = (PACED - 1) / (provider.at[-1] - provider.at[0])
    return {f"paced at {RATE}/s": round(rate, 2), "off %": round(abs(rate / RATE - 1) * 100, 1)}


def _a_message(number: int) -> SendMessage:
    to = Participant(role=Role.TO, address=f"telegram:@bench_bot/{number}")
    return SendMessage(id=f"in_{number:06}", channel="telegram", account=BOT.id, to=(to,), text="Да")


def _megabytes() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS in /proc/self/status: this figure needs Linux")
