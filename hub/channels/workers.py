"""Each account is looked after by exactly one copy of the hub: leases, and what runs under them.

What has to be looked up again and again is looked up once for all accounts: the set of them, their leases, what is
due, what is owed, how they are. So an idle account costs next to nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from hub.channels.accounts import AccountRepository
from hub.channels.alarm import Alarm
from hub.channels.bell import Bell
from hub.channels.health import HealthNotes
from hub.channels.ledger import Ledger
from hub.channels.states import Step
from hub.channels.tenure import Tenure
from hub.kit.beside import beside
from hub.kit.clock import Clock, iso
from hub.kit.errors import ConfigurationError, HubError, TransientError
from hub.kit.log import Log, mask
from hub.kit.loop import Loop
from hub.kit.troubles import Troubles
from hub.store.base import Document
from hub.store.leases import Lease

LOOK = timedelta(seconds=1)
"""Between two looks at the set of accounts, when nothing wakes us."""
DUE = timedelta(seconds=0.5)
"""Between two looks at what another copy of the hub queued, or what was deferred."""
NOTES = timedelta(seconds=0.5)
_ALL_NOTES = timedelta(seconds=5)
"""Between two looks at those accounts that nothing happened to: silence is no event."""
_TOLD_AND_STORED = 2
"""An alarm is stored before it is told, and once more when it was."""
log = Log(__name__)


class Worker(Protocol):
    """What runs for one account."""

    @property
    def alarm(self) -> Alarm: ...

    @property
    def measure(self) -> Callable[[], Awaitable[None]] | None:
        """Sets the gauges."""
        ...

    @property
    def bells(self) -> Mapping[Step, Bell]:
        """By the step of the ledger, whom to ring when it is due."""
        ...

    def start(self) -> None: ...

    def wake(self) -> None:
        """There is something to send."""
        ...

    def close(self) -> None:
        """Begins to send nothing more."""
        ...

    async def stop(self) -> None:
        """Finishes what is in hand, within a few seconds."""
        ...


Hire = Callable[[Document, Document | None], Worker]
"""Makes the worker of an account from its document and its health note."""
Alarmed = Callable[[Document, HealthNotes], Alarm]
"""Makes the alarm of an account for which no worker can be made."""


@dataclass(slots=True)
class _Post:
    """One account in our hands."""

    lease: Lease
    until: datetime
    """The lease is good until then."""
    document: Document
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """The account is no longer ours, or another one."""
    task: asyncio.Task[None] | None = None
    worker: Worker | None = None


class Workers:
    """Runs a worker for every account whose lease this process holds."""

    def __init__(
        self,
        *,
        repository: AccountRepository,
        leases: Tenure,
        hire: Hire,
        clock: Clock,
        lease_ttl: timedelta,
        ledger: Ledger,
        alarmed: Alarmed,
        opens: Callable[[Document], object] = lambda _: None,
        troubles: Troubles | None = None,
        noun: str = "account",
    ) -> None:
        """`opens` raises ConfigurationError for an account whose secrets the key does not open; `troubles` hears of
        those, each called a `noun`.
        """
        self._alarmed = alarmed
        self._opens = opens
        self._troubles = troubles or Troubles()
        self._noun = noun
        self._opened: dict[str, tuple[int, str]] = {}
        """Of each account the version that was tried, and why it could not be opened."""
        self._failed: dict[str, str] = {}
        """Why nothing runs for an account."""
        self._repository = repository
        self._leases = leases
        self._hire = hire
        self._clock = clock
        self._ttl = lease_ttl
        self._ledger = ledger
        self._step = lease_ttl / 3
        self._posts: dict[str, _Post] = {}
        self._again: dict[str, datetime] = {}
        """When a lease that another copy holds, or an account that failed, is tried again."""
        self._changed: set[str] = set()
        """Accounts that were changed since the set of them was last read."""
        self._stopping = False
        self._accounts = Loop("accounts", self._look, every=LOOK)
        self._all_noted = clock.now()
        self._loops = (
            Loop("leases", self._renew, every=self._step),
            Loop("due", self._ring, every=DUE),
            Loop("notes", self._note, every=NOTES),
        )

    async def start(self) -> None:
        for loop in (self._accounts, *self._loops):
            await loop.start()

    async def stop(self) -> None:
        """Ends the workers, each after what it has in hand, and gives the leases back."""
        self._stopping = True
        await self._accounts.stop()
        posts = list(self._posts.values())
        for post in posts:
            post.ended.set()
        await asyncio.gather(*(post.task for post in posts if post.task))
        for loop in self._loops:
            await loop.stop()
        await self._ledger.told()
        with suppress(HubError):
            await self._leases.release([post.lease for post in posts])

    def wake(self, account: str) -> None:
        """There is something to send; nothing happens if another copy of the hub has it."""
        if (post := self._posts.get(account)) and post.worker:
            post.worker.wake()

    def changed(self, account: str) -> None:
        """It is stored otherwise now, or new, or removed: nothing begins to leave any more with what it had before.

        Another copy of the hub that has it sees it within `LOOK`, and lets what it has in hand leave as it was.
        """
        self._changed.add(account)
        if post := self._posts.get(account):
            post.ended.set()
            if post.worker:
                post.worker.close()
        self._look_soon()

    def _look_soon(self) -> None:
        self._accounts.wake()

    def _running(self) -> list[tuple[str, Worker]]:
        return [(account, post.worker) for account, post in self._posts.items() if post.worker]

    async def _look(self) -> None:
        self._changed.clear()
        documents = {document["_id"]: document for document in await self._repository.active()}
        for account, post in self._posts.items():
            if account not in documents or documents[account]["_v"] != post.document["_v"]:
                post.ended.set()
        self._again = {account: at for account, at in self._again.items() if account in documents}
        self._failed = {account: why for account, why in self._failed.items() if account in documents}
        with beside("secrets"):
            self._try_to_open(documents)
        await self._take_on(documents)

    def _try_to_open(self, documents: Mapping[str, Document]) -> None:
        """Those that the key does not open are told in one line, whichever copy of the hub looks after them."""
        for account in self._opened.keys() - documents.keys():
            del self._opened[account]
        for account, document in documents.items():
            if self._opened.get(account, (None, ""))[0] != document["_v"]:
                self._opened[account] = document["_v"], self._unopened(document)
        closed = {account: why for account, (_, why) in self._opened.items() if why}
        names = ", ".join(str(documents[account].get("address", account)) for account in closed)
        words = f"{names}: {next(iter(closed.values()))}, or enter the secrets again" if closed else ""
        if self._troubles.tell(f"{self._noun} secrets", words) and words:
            accounts = ", ".join(mask(str(documents[account].get("address", account))) for account in closed)
            log.error("accounts.unopened", accounts=accounts, fix=next(iter(closed.values())))

    def _unopened(self, document: Document) -> str:
        try:
            self._opens(document)
        except ConfigurationError as exc:
            return str(exc)
        return ""

    async def _take_on(self, documents: Mapping[str, Document]) -> None:
        now = self._clock.now()
        wanted = [one for one in documents if one not in self._posts and self._again.get(one, now) <= now]
        if not wanted:
            return
        self._again |= dict.fromkeys(wanted, now + self._step)
        leases = await self._leases.take(wanted)
        notes = await self._repository.health(leases)
        for account in self._changed & leases.keys():
            # Its document was read before; the lease is ours, and the next look takes it on.
            self._again.pop(account, None)
            del leases[account]
        for account, lease in leases.items():
            post = self._posts[account] = _Post(lease, now + self._ttl, documents[account])
            post.task = asyncio.create_task(self._keep(account, post, notes.get(account)))

    async def _keep(self, account: str, post: _Post, note: Document | None) -> None:
        """Works until the lease is lost or the account is changed."""
        try:
            await self._work(post, note)
            self._again.pop(account, None)
        except Exception as exc:
            if self._failed.get(account) != _words(exc):
                self._failed[account] = _words(exc)
                unforeseen = None if isinstance(exc, HubError | ConfigurationError) else exc
                log.error("account.failed", exc=unforeseen, account=account, reason=_words(exc))
            await self._noted_failure(post.document, note, exc)
        finally:
            # Whatever happened, the account is free to be taken on again.
            if not self._stopping:
                with suppress(HubError):
                    await self._leases.release([post.lease])
            del self._posts[account]
            self._look_soon()

    async def _work(self, post: _Post, note: Document | None) -> None:
        if post.ended.is_set():
            return
        worker = self._hire(post.document, note)
        for bell in worker.bells.values():
            bell.attended = True
        worker.start()
        post.worker = worker
        self._failed.pop(post.document["_id"], None)
        try:
            await post.ended.wait()
        finally:
            post.worker = None
            await worker.stop()

    async def _noted_failure(self, document: Document, note: Document | None, exc: Exception) -> None:
        """Whoever looks at the account's health sees why nothing runs for it, and who waits for alarms is told."""
        with beside("health", account=document["_id"]):
            notes = HealthNotes(document["_id"], self._clock, note)
            notes.not_sent(f"nothing runs for this account: {_words(exc)}")
            alarm = self._alarmed(document, notes)
            for _ in range(_TOLD_AND_STORED):
                if seen := alarm.looked():
                    await self._repository.save_healths([seen])
                    alarm.stored(seen)
                await alarm.tell()

    async def _renew(self) -> None:
        posts = {account: post for account, post in self._posts.items() if not post.ended.is_set()}
        begun = self._clock.now()
        try:
            held = await self._leases.renew([post.lease for post in posts.values()])
        except TransientError as exc:
            log.warning("leases.unconfirmed", error=str(exc))
            held = {account for account, post in posts.items() if begun < post.until}
        else:
            for account in held:
                posts[account].until = begun + self._ttl
        for account in posts.keys() - held:
            log.warning("lease.lost", account=account)
            posts[account].ended.set()

    async def _ring(self) -> None:
        """One look for each step of the ledger at the accounts that wait for something to do."""
        idle: dict[Step, dict[str, Bell]] = {}
        for account, worker in self._running():
            for step, bell in worker.bells.items():
                if bell.idle:
                    idle.setdefault(step, {})[account] = bell
        now = iso(self._clock.now())
        for step, bells in idle.items():
            for account in await self._ledger.sends.accounts_due(list(bells), step, now):
                bells[account].ring()

    async def _note(self) -> None:
        """Stores what is new of how the accounts are, in one write, then tells what turned."""
        now = self._clock.now()
        everyone = now - self._all_noted >= _ALL_NOTES
        if everyone:
            self._all_noted = now
        workers = [worker for _, worker in self._running() if worker.alarm.changed or everyone]
        news = [(worker.alarm, note) for worker in workers if (note := _looked(worker.alarm))]
        if news:
            await self._repository.save_healths([note for _, note in news])
        for alarm, note in news:
            alarm.stored(note)
        for worker in workers:
            await _told(worker)


def _looked(alarm: Alarm) -> Document | None:
    """A fault in one account's notes leaves the others alone."""
    with beside("health"):
        return alarm.looked()
    return None


async def _told(worker: Worker) -> None:
    """What turned, and the gauges; a fault in one account's leaves the others alone."""
    with beside("alarm"):
        await worker.alarm.tell()
    with beside("gauges"):
        if worker.measure:
            await worker.measure()


def _words(exc: Exception) -> str:
    return str(exc) if isinstance(exc, HubError | ConfigurationError) else f"{type(exc).__name__}: {exc}"
