"""300 mailboxes to which nothing happens, on a real store: what senders, leases and health notes cost together."""

import argparse
import asyncio
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from hub.channels.accounts import AccountRepository
from hub.channels.alarm import AccountName, Alarm
from hub.channels.base import Outcome, Sent
from hub.channels.health import HealthNotes
from hub.channels.ledger import Ledger, Patience
from hub.channels.sender import Sender
from hub.channels.sends import SendRepository
from hub.channels.tenure import Tenure
from hub.channels.worker import AccountWorker
from hub.channels.workers import Workers
from hub.kit.clock import Clock, SystemClock
from hub.kit.memory import settle
from hub.store.base import CollectionSpec, Document, Index
from hub.store.leases import LEASES
from hub.store.sqlite import SqliteStore
from hub.testing.counting import CountingStore
from hub.testing.fakes import FakeBus

NAME = "idle"
GOAL = "300 idle accounts: under 10 durable writes/s and under 5 % of a core"

ACCOUNTS = 300
SECONDS = 20
WARM_UP = 6
POLL = 10.0
"""Seconds between two looks of a receiver, as at a server without IDLE."""
TTL = timedelta(seconds=15)
SPEC = CollectionSpec("boxes", (Index("state"),))


class Silent:
    """A channel that does nothing."""

    async def send(self, *_: object, **__: object) -> Outcome:
        return Sent("taken")


class Receiver:
    """Notes that it looked, as one to which nothing is sent does."""

    def __init__(self, notes: HealthNotes) -> None:
        self._notes = notes
        self.in_hand = asyncio.Lock()

    async def run(self) -> None:
        while True:
            self._notes.looked()
            await asyncio.sleep(POLL)


class Hub:
    """Accounts, their workers, and the store that counts."""

    def __init__(self, store: CountingStore, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.bus = FakeBus()
        self.accounts = AccountRepository(store, SPEC, noun="box")
        self.sends = SendRepository(store, service="t")
        self.ledger = Ledger(
            service="bench",
            sends=self.sends,
            accounts=self.accounts,
            bus=self.bus,
            clock=clock,
            patience=Patience(
                retry_delays=(timedelta(seconds=30),), give_up=timedelta(days=1), reconnect_cap=timedelta(seconds=60)
            ),
        )
        self.workers = Workers(
            repository=self.accounts,
            leases=Tenure(store.collection(LEASES), clock, "bench/0", TTL),
            hire=self.hire,
            clock=clock,
            lease_ttl=TTL,
            ledger=self.ledger,
            alarmed=self.alarm,
        )

    def hire(self, document: Document, note: Document | None) -> AccountWorker:
        account = document["_id"]
        notes = HealthNotes(account, self.clock, note)

        async def nothing() -> None: ...

        sender = Sender(
            Silent(),
            account,
            service="bench",
            ledger=self.ledger,
            health=notes,
            probe=nothing,
            cap=timedelta(seconds=60),
        )
        alarm = self.alarm(document, notes)
        return AccountWorker(loops=(Receiver(notes),), sender=sender, notes=notes, alarm=alarm, close=nothing)

    def alarm(self, document: Document, notes: HealthNotes) -> Alarm:
        account = document["_id"]
        return Alarm(
            AccountName(channel="bench", id=account, address=account, service="bench"),
            notes=notes,
            repository=self.accounts,
            bus=self.bus,
            clock=self.clock,
            silence=timedelta(minutes=5),
        )


async def run(accounts: int = ACCOUNTS, seconds: float = SECONDS) -> dict[str, float | str]:
    with tempfile.TemporaryDirectory(prefix="omnihub-bench-") as name:
        store = CountingStore(SqliteStore(Path(name) / "idle.sqlite"))
        hub = Hub(store, SystemClock())
        await store.start()
        for number in range(accounts):
            await hub.accounts.add({"_id": f"box_{number}", "state": "active", "address": f"{number}@x.example"})
        await hub.workers.start()
        await asyncio.sleep(WARM_UP)
        settle()
        store.calls.clear()
        begun, used = time.perf_counter(), time.process_time()
        await asyncio.sleep(seconds)
        took, used = time.perf_counter() - begun, time.process_time() - used
        figures: dict[str, float | str] = {
            "accounts": accounts,
            "durable writes/s": round(store.writes / took, 2),
            "look-ups/s": round(store.looks / took, 1),
            "% of a core": round(used / took * 100, 1),
        }
        await hub.workers.stop()
        await store.stop()
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    print(asyncio.run(run(parser.parse_args().accounts)))
