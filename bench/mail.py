"""Letters as people send them, from their bytes to a visible interaction: stored, read, published, linked."""

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from pathlib import Path

from bench._letters import letters
from hub.bus.embedded import EmbeddedBus
from hub.bus.log import Log
from hub.channels.belonging import EVERYBODYS, Lines
from hub.contracts.base import Envelope
from hub.kit.apart import Apart
from hub.kit.blobs import FolderBlobs
from hub.kit.clock import SystemClock
from hub.kit.memory import settle
from hub.store.sqlite import SqliteStore
from hub.testing.builders import NOON
from services.email.inbound.ahead import ahead
from services.email.inbound.models import Reading
from services.email.inbound.reader import Reader
from services.email.inbound.repository import InboundRepository
from services.email.inbound.service import Intake
from services.email.inbound.warnings import Ours
from services.email.models import FetchedMail, Mailbox, Server
from services.email.settings import Settings
from services.interactions.repository import Repository
from services.interactions.service import Interactions

NAME = "mail"
GOAL = "at least 500/s on two cores"

MAILS = 2_000
FETCHED_TOGETHER = 200


class NothingOwn:
    """No mailbox of ours takes part, and nothing came back that was sent."""

    async def known(self) -> Ours:
        return Ours.of([], [])

    async def lines(self, mailbox_ids: Iterable[str]) -> Lines:
        return dict.fromkeys(mailbox_ids, EVERYBODYS)

    async def logins(self) -> dict[str, str]:
        return {}

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


async def run() -> dict[str, float | str]:
    made = letters(MAILS, to="support@example.com")
    fetched = [FetchedMail(uid=n, uid_validity=1, at=NOON, raw=letter.raw) for n, letter in enumerate(made, 1)]
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

        async def read() -> AsyncGenerator[list[Reading], None]:
            for first in range(0, MAILS, FETCHED_TOGETHER):
                yield await intake.read(a_mailbox(), fetched[first : first + FETCHED_TOGETHER])

        async with aclosing(ahead(read())) as batches:
            async for readings in batches:
                await intake.take(readings)
        await done.wait()
        seconds, used = time.perf_counter() - started, time.process_time() - used
        for part in (bus, inbox, mail_store, store):
            await part.stop()
        await apart.stop()
        await log.close()
    return {
        "mails/s": round(MAILS / seconds),
        "bytes a mail": round(sum(len(letter.raw) for letter in made) / MAILS),
        "CPU ms a mail beside reading": round(used / MAILS * 1000, 2),
    }
