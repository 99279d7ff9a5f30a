"""A sender on a real store, its provider a list: for tests of the way out."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from hub.channels.accounts import AccountRepository
from hub.channels.base import Deferred, Intent, Outcome, Sent
from hub.channels.gate import Gate
from hub.channels.health import HealthNotes
from hub.channels.ledger import Ledger, Patience
from hub.channels.ports import ConsentRepository, GroupRepository
from hub.channels.sender import Pace, Sender
from hub.channels.sends import SendRepository
from hub.channels.slots import Slots
from hub.contracts.interaction import DeliveryRecorded, Participant, Role, SendMessage
from hub.kit.clock import SystemClock
from hub.kit.errors import StoreUnavailable
from hub.kit.restraint import Restraint
from hub.store.base import CollectionSpec, Document, Index
from hub.store.sqlite import SqliteStore
from hub.testing.counting import CountingStore
from hub.testing.fakes import FakeBus

SPEC = CollectionSpec("boxes", (Index("state"),))
PATIENCE = 20.0
SOON = timedelta(seconds=0.3)


def a_message(number: int | str, to: str = "email:anna@x.example", **over: Any) -> SendMessage:
    return SendMessage(
        id=f"in_{number}",
        channel="email",
        account="acc",
        to=(Participant(role=Role.TO, address=to),),
        text="x",
        **over,
    )


class Provider:
    """Takes what it is given; `deferred` once, `broken` never."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.deferred: dict[str, timedelta] = {}
        self.broken: set[str] = set()
        self.slow: set[str] = set()
        self.before_intent: Callable[[SendMessage], Any] = lambda _: None
        self.release = asyncio.Event()

    async def send(self, message: SendMessage, *, intent: Intent, at: object = None, keys: object = ()) -> Outcome:
        del at, keys
        if message.id in self.broken:
            raise RuntimeError("a fault of ours")
        await asyncio.sleep(0)
        if (done := self.before_intent(message)) is not None:
            await done
        await intent()
        if message.id in self.slow:
            await self.release.wait()
        if after := self.deferred.pop(message.id, None):
            return Deferred("451 come back later", after=after)
        self.got.append(message.id.removeprefix("in_"))
        return Sent("ok")


class Rig:
    """One account, its ledger and its sender."""

    def __init__(
        self, store: CountingStore, pace: Pace | None, lanes: int, restraint: Restraint, **gate: Any
    ) -> None:
        self.store = store
        self.clock = SystemClock()
        self.bus = FakeBus()
        self.restraint = restraint
        self.sends = SendRepository(store, service="t")
        self.accounts = AccountRepository(store, SPEC, noun="box")
        self.consents, self.groups = ConsentRepository(store), GroupRepository(store)
        self.provider = Provider()
        self.health = HealthNotes("acc", self.clock)
        patience = Patience(retry_delays=(SOON,), give_up=timedelta(days=1), reconnect_cap=SOON)
        self.ledger = Ledger(
            service="t", sends=self.sends, accounts=self.accounts, bus=self.bus, clock=self.clock, patience=patience
        )
        ports: dict[str, Any] = {"consents": self.consents, "groups": self.groups, "slots": Slots(store, self.sends)}
        self.gate = Gate(restraint=restraint, **{**ports, **gate})
        self.pace = pace
        self.lanes = lanes
        self.sender = self.another()

    def another(self, account: str = "acc") -> Sender:
        """The sender of the next holder, or of another account."""

        async def probe() -> None: ...

        return Sender(
            self.provider,
            account,
            service="t",
            ledger=self.ledger,
            health=self.health,
            probe=probe,
            cap=SOON,
            pace=self.pace,
            lanes=self.lanes,
            gate=self.gate,
            endpoints=("127.0.0.1:2525",),
        )

    async def give(self, *messages: SendMessage) -> None:
        await self.ledger.accept(messages)
        self.sender.wake()

    async def got(self, count: int) -> list[str]:
        """Waits until the provider has so many; their numbers in order."""
        await self.until(lambda: len(self.provider.got) >= count)
        return self.provider.got

    async def state(self, number: int | str, state: str) -> Document:
        """Waits until an entry is in this state."""
        deadline = time.monotonic() + PATIENCE
        while (entry := await self.sends.get(f"in_{number}")) is None or entry["state"] != state:
            assert time.monotonic() < deadline, entry
            await asyncio.sleep(0.02)
        return entry

    async def until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < deadline, self.provider.got
            await asyncio.sleep(0.01)

    def told(self, number: int | str) -> list[tuple[str, str | None]]:
        """States and reasons that others heard of."""
        events = [event for event in self.bus.events("delivery") if isinstance(event, DeliveryRecorded)]
        return [(event.state.value, event.reason) for event in events if event.interaction_id == f"in_{number}"]

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Rig"]:
        task = asyncio.create_task(self.sender.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def lose_confirmation(self, step: str, *, written: bool) -> None:
        """Of the next write of this step the store says nothing; it may have been written all the same."""
        collection = self.sends.entries._collection
        real = collection.swap_many

        async def swap_many(documents: Sequence[Document]) -> set[str]:
            if all(document["step"] != step for document in documents):
                return await real(documents)
            collection.swap_many = real  # type: ignore[method-assign]
            if written:
                await real(documents)
            raise StoreUnavailable("no confirmation came")

        collection.swap_many = swap_many  # type: ignore[method-assign]


@asynccontextmanager
async def a_rig(
    folder: Path, *, pace: Pace | None = None, lanes: int = 1, sandbox: bool = False, **gate: Any
) -> AsyncIterator[Rig]:
    store = CountingStore(SqliteStore(folder / "sends.sqlite"))
    rig = Rig(store, pace, lanes, Restraint(folder, sandbox=sandbox), **gate)
    await store.start()
    await rig.accounts.add({"_id": "acc", "state": "active"})
    yield rig
    await store.stop()
