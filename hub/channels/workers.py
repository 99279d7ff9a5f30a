"""Each account is looked after by exactly one copy of the hub: leases, and what runs under them."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

from hub.channels.accounts import AccountRepository
from hub.channels.pause import happened
from hub.kit.clock import Clock
from hub.kit.errors import HubError, TransientError
from hub.kit.log import Log
from hub.store.base import Document
from hub.store.leases import Lease, Leases

LOOK = 1.0
"""Seconds between two looks at the set of accounts, when nothing wakes us."""
log = Log(__name__)


class Worker(Protocol):
    """What runs for one account."""

    def start(self) -> None: ...

    def wake(self) -> None:
        """There is something to send."""
        ...

    async def stop(self) -> None:
        """Finishes what is in hand, within a few seconds."""
        ...


Hire = Callable[[Document, Document | None], Worker]
"""Makes the worker of an account from its document and its health note."""


class Workers:
    """Runs a worker for every account whose lease this process holds."""

    def __init__(
        self, *, repository: AccountRepository, leases: Leases, hire: Hire, clock: Clock, lease_ttl: timedelta
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

    def wake(self, account: str) -> None:
        """There is something to send; nothing happens if another copy of the hub has it."""
        if worker := self._running.get(account):
            worker.wake()

    def look(self) -> None:
        """The set of accounts is another one."""
        self._look.set()

    async def _run(self) -> None:
        while not self._stopping:
            self._look.clear()
            try:
                self._update({document["_id"]: document for document in await self._repository.active()})
            except TransientError as exc:
                log.warning("accounts.unread", error=str(exc))
            if not self._stopping:
                await happened(self._look, within=LOOK)

    def _update(self, documents: dict[str, Document]) -> None:
        before, self._documents = self._documents, documents
        for account in before.keys() | documents.keys():
            news = self._news.setdefault(account, asyncio.Event())
            if _revision(before.get(account)) != _revision(documents.get(account)):
                news.set()
            keeper = self._keepers.get(account)
            if account in documents and (keeper is None or keeper.done()):
                self._keepers[account] = asyncio.create_task(self._keep(account, news))

    async def _keep(self, account: str, news: asyncio.Event) -> None:
        while account in self._documents:
            news.clear()
            try:
                if lease := await self._leases.take(account):
                    await self._under(lease, news)
                    continue
            except HubError as exc:
                log.warning("account.waiting", account=account, error=str(exc))
            except Exception as exc:
                log.error("account.failed", exc=exc, account=account)
            await happened(news, within=self._step)

    async def _under(self, lease: Lease, news: asyncio.Event) -> None:
        """Works until the lease is lost or the account is changed."""
        account = lease.name
        try:
            if document := self._documents.get(account):
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
        """Returns when the account is no longer ours, or another one."""
        until = lease.until
        while not news.is_set():
            begun = self._clock.now()
            try:
                if not await self._leases.renew(lease):
                    log.warning("lease.lost", account=lease.name)
                    return
                until = begun + self._ttl
            except TransientError as exc:
                log.warning("lease.unconfirmed", account=lease.name, error=str(exc))
                if begun >= until:
                    return
            await happened(news, within=self._step)


def _revision(document: Document | None) -> int | None:
    return document["_v"] if document else None
