"""Each mailbox is looked after by exactly one copy of the hub: leases, and what runs under them."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

from hub.kit.clock import Clock
from hub.kit.errors import HubError, TransientError
from hub.kit.log import Log
from hub.store.base import Document
from hub.store.leases import Lease, Leases
from services.email.mailboxes.repository import MailboxRepository
from services.email.pause import happened

LOOK = 1.0
"""Seconds between two looks at the set of mailboxes, when nothing wakes us."""
log = Log(__name__)


class Worker(Protocol):
    """What runs for one mailbox."""

    def start(self) -> None: ...

    def wake(self) -> None:
        """There is something to send."""
        ...

    async def stop(self) -> None:
        """Finishes what is in hand, within a few seconds."""
        ...


Hire = Callable[[Document, Document | None], Worker]
"""Makes the worker of a mailbox from its document and its health note."""


class Workers:
    """Runs a worker for every mailbox whose lease this process holds."""

    def __init__(
        self, *, repository: MailboxRepository, leases: Leases, hire: Hire, clock: Clock, lease_ttl: timedelta
    ) -> None:
        self._repository = repository
        self._leases = leases
        self._hire = hire
        self._clock = clock
        self._ttl = lease_ttl
        self._step = lease_ttl.total_seconds() / 3
        self._documents: dict[str, Document] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._running: dict[str, Worker] = {}
        self._news: dict[str, asyncio.Event] = {}
        self._look = asyncio.Event()
        self._stopping = False
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._loop = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ends the workers, each after what it has in hand, and gives the leases back."""
        self._stopping = True
        self.look()
        if self._loop:
            await self._loop
        self._update({})
        await asyncio.gather(*self._keepers.values())

    def wake(self, mailbox_id: str) -> None:
        """There is something to send; nothing happens if another copy of the hub has the mailbox."""
        if worker := self._running.get(mailbox_id):
            worker.wake()

    def look(self) -> None:
        """The set of mailboxes is another one."""
        self._look.set()

    async def _run(self) -> None:
        while not self._stopping:
            self._look.clear()
            try:
                self._update({document["_id"]: document for document in await self._repository.active()})
            except TransientError as exc:
                log.warning("mailboxes.unread", error=str(exc))
            if not self._stopping:
                await happened(self._look, within=LOOK)

    def _update(self, documents: dict[str, Document]) -> None:
        before, self._documents = self._documents, documents
        for mailbox_id in before.keys() | documents.keys():
            news = self._news.setdefault(mailbox_id, asyncio.Event())
            if _revision(before.get(mailbox_id)) != _revision(documents.get(mailbox_id)):
                news.set()
            keeper = self._keepers.get(mailbox_id)
            if mailbox_id in documents and (keeper is None or keeper.done()):
                self._keepers[mailbox_id] = asyncio.create_task(self._keep(mailbox_id, news))

    async def _keep(self, mailbox_id: str, news: asyncio.Event) -> None:
        while mailbox_id in self._documents:
            news.clear()
            try:
                if lease := await self._leases.take(mailbox_id):
                    await self._under(lease, news)
                    continue
            except HubError as exc:
                log.warning("mailbox.waiting", mailbox_id=mailbox_id, error=str(exc))
            except Exception as exc:
                log.error("mailbox.failed", exc=exc, mailbox_id=mailbox_id)
            await happened(news, within=self._step)

    async def _under(self, lease: Lease, news: asyncio.Event) -> None:
        """Works until the lease is lost or the mailbox is changed."""
        mailbox_id = lease.name
        try:
            if document := self._documents.get(mailbox_id):
                await self._work(document, lease, news)
        finally:
            with suppress(HubError):
                await self._leases.release(lease)

    async def _work(self, document: Document, lease: Lease, news: asyncio.Event) -> None:
        notes = await self._repository.health([lease.name])
        worker = self._hire(document, notes.get(lease.name))
        worker.start()
        self._running[lease.name] = worker
        try:
            await self._hold(lease, news)
        finally:
            del self._running[lease.name]
            await worker.stop()

    async def _hold(self, lease: Lease, news: asyncio.Event) -> None:
        """Returns when the mailbox is no longer ours, or another one."""
        until = lease.until
        while not news.is_set():
            begun = self._clock.now()
            try:
                if not await self._leases.renew(lease):
                    log.warning("lease.lost", mailbox_id=lease.name)
                    return
                until = begun + self._ttl
            except TransientError as exc:
                log.warning("lease.unconfirmed", mailbox_id=lease.name, error=str(exc))
                if begun >= until:
                    return
            await happened(news, within=self._step)


def _revision(document: Document | None) -> int | None:
    return document["_v"] if document else None
