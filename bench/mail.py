"""Raw mails of 4 KB from their bytes to a visible interaction: stored, read, published, linked, in one process."""

import asyncio
import tempfile
import time
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

from hub.bus.embedded import EmbeddedBus
from hub.bus.log import Log
from hub.contracts.base import Envelope
from hub.kit.apart import Apart
from hub.kit.blobs import FolderBlobs
from hub.kit.clock import SystemClock
from hub.kit.memory import settle
from hub.store.sqlite import SqliteStore
from hub.testing.builders import NOON
from services.email.inbound.reader import Reader
from services.email.inbound.repository import InboundRepository
from services.email.inbound.service import Intake
from services.email.inbound.warnings import Ours
from services.email.models import FetchedMail, Mailbox, Server
from services.email.settings import Settings
from services.interactions.repository import Repository
from services.interactions.service import Interactions

NAME = "mail"
GOAL = "at least 1,500/s"

MAILS = 6_000
FETCHED_TOGETHER = 200
TEXT = "Здравствуйте! Подскажите, пожалуйста, когда привезут заказ и можно ли оплатить картой при получении.\r\n"


class NothingOwn:
    """No mailbox of ours takes part, and nothing came back that was sent."""

    async def known(self) -> Ours:
        return Ours.of([], [])

    async def sent(self, interaction_ids: Sequence[str]) -> set[str]:
        return set(interaction_ids[:0])


def a_mailbox() -> Mailbox:
    server = Server(host="127.0.0.1", port=1, security="plain", user="u", password="p")
    return Mailbox(
        id="mb_bench",
        address="support@example.com",
        name="",
        imap=server,
        smtp=server,
        plus_addressing=False,
        revision=1,
    )


def a_mail(number: int) -> bytes:
    """A Russian mail of 4 KB; every client writes five on average."""
    client = number % (MAILS // 5)
    head = (
        f"From: =?utf-8?b?{b64encode('Анна Смирнова'.encode()).decode()}?= <client{client}@example.com>\r\n"
        "To: support@example.com\r\nDate: Mon, 02 Mar 2026 12:00:00 +0000\r\n"
        f"Subject: =?utf-8?b?{b64encode(f'Заказ № {client}: когда доставят?'.encode()).decode()}?=\r\n"
        f"Message-ID: <{number}@example.com>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    )
    return (head + TEXT * 20).encode()


async def run() -> dict[str, float | str]:
    fetched = [FetchedMail(uid=number, uid_validity=1, at=NOON, raw=a_mail(number)) for number in range(1, MAILS + 1)]
    with tempfile.TemporaryDirectory(dir=".") as name:
        folder = Path(name)
        log = Log(folder / "bus.sqlite")
        mail_store, store = SqliteStore(folder / "email.sqlite"), SqliteStore(folder / "interactions.sqlite")
        apart = Apart()
        bus, inbox = EmbeddedBus(log, "interactions", SystemClock()), EmbeddedBus(log, "email", SystemClock())
        intake = Intake(
            bus=inbox,
            blobs=FolderBlobs(folder / "blobs"),
            index=InboundRepository(mail_store),
            own=NothingOwn(),
            clock=SystemClock(),
            reader=Reader(apart, limit=Settings().parse_limit.total_seconds()),
            settings=Settings(),
        )
        interactions = Interactions(Repository(store), bus, SystemClock())
        visible, done = 0, asyncio.Event()

        async def link(batch: Sequence[Envelope]) -> None:
            nonlocal visible
            await interactions.receive(batch)
            visible += len(batch)
            if visible >= MAILS:
                done.set()

        bus.subscribe("inbound", group="interactions", handle=link)
        await log.open()
        await asyncio.gather(mail_store.start(), store.start(), bus.start(), inbox.start())
        settle()
        started, used = time.perf_counter(), time.process_time()
        for first in range(0, MAILS, FETCHED_TOGETHER):
            await intake.take(a_mailbox(), fetched[first : first + FETCHED_TOGETHER])
        await done.wait()
        seconds, used = time.perf_counter() - started, time.process_time() - used
        for part in (bus, inbox, mail_store, store):
            await part.stop()
        await apart.stop()
        await log.close()
    return {
        "mails/s": round(MAILS / seconds),
        "bytes a mail": len(fetched[0].raw),
        "CPU s/1,000 mails": round(used / MAILS * 1000, 2),
    }
