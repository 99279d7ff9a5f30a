"""What looks after accounts: leases, hiring, and what idle accounts cost."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from bench.idle import Hub
from hub.channels.base import Intent, Outcome, Sent
from hub.channels.deliveries import SWEEP
from hub.channels.health import judge
from hub.channels.keeping import Keeping
from hub.channels.states import Step
from hub.channels.tenure import Tenure
from hub.channels.worker import AccountWorker
from hub.channels.workers import Workers
from hub.contracts.channel import ChannelTurned
from hub.contracts.interaction import Participant, Role, SendMessage
from hub.kit.clock import SystemClock
from hub.kit.errors import ConfigurationError
from hub.kit.troubles import Troubles
from hub.store.base import Document
from hub.store.leases import LEASES, Lease, Leases
from hub.store.outbox import Sweeper
from hub.store.sqlite import SqliteStore
from hub.testing.counting import CountingStore
from hub.testing.fakes import FakeClock
from hub.testing.waiting import eventually

TTL = timedelta(seconds=15)
PATIENCE = 20.0


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[CountingStore]:
    made = CountingStore(SqliteStore(tmp_path / "workers.sqlite"))
    hub = Hub(made, FakeClock())
    assert hub.workers
    await made.start()
    yield made
    await made.stop()


async def add(hub: Hub, count: int) -> None:
    for number in range(count):
        await hub.accounts.add({"_id": f"box_{number}", "state": "active", "address": f"{number}@x.example"})


async def until_running(workers: Workers, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while len(workers._running()) < count:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_what_idle_accounts_cost_does_not_grow_with_their_number(store: CountingStore) -> None:
    """Ten seconds of every loop, at their own rates, without waiting for them."""
    clock = FakeClock()
    hub = Hub(store, clock)
    await add(hub, 100)
    await hub.workers._look()
    await until_running(hub.workers, 100)
    await asyncio.sleep(1)
    await hub.workers._note()
    sweeper = Sweeper([hub.sends.entries], hub.bus, clock, SWEEP)
    store.calls.clear()
    for tick in range(20):
        clock.advance(timedelta(seconds=0.5))
        await hub.workers._ring()
        await hub.workers._note()
        if tick % 2 == 0:
            await hub.workers._look()
        if tick % 10 == 0:
            await hub.workers._renew()
            await sweeper.sweep()
    assert store.writes <= 2 + 1, store.calls  # two renewals, and at most one of health notes
    assert store.looks <= 20 + 10 + 4, store.calls
    await hub.workers.stop()


async def test_a_message_that_another_copy_queued_wakes_the_sender_it_is_for(store: CountingStore) -> None:
    hub = Hub(store, SystemClock())
    await add(hub, 3)
    await hub.workers.start()
    await until_running(hub.workers, 3)
    to = (Participant(role=Role.TO, address="email:anna@x.example"),)
    await hub.ledger.accept([SendMessage(id="in_1", channel="email", account="box_1", to=to, text="x")])
    deadline = time.monotonic() + PATIENCE
    while (entry := await hub.sends.get("in_1")) is None or entry["state"] != "sent":
        assert time.monotonic() < deadline, entry
        await asyncio.sleep(0.05)
    await hub.workers.stop()


async def test_an_account_that_cannot_be_started_is_red_with_the_reason_and_the_others_run(
    store: CountingStore,
) -> None:
    hub = Hub(store, SystemClock())

    def hire(document: Document, note: Document | None) -> AccountWorker:
        if document["_id"] == "box_1":
            raise RuntimeError("its secret cannot be opened")
        return hub.hire(document, note)

    hub.workers._hire = hire
    await add(hub, 3)
    await hub.workers.start()
    await until_running(hub.workers, 2)
    deadline = time.monotonic() + PATIENCE
    while not (note := (await hub.accounts.health(["box_1"])).get("box_1")):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    health = judge(note, now=hub.clock.now(), silence=timedelta(minutes=5))
    assert (health.state, "its secret cannot be opened" in (health.reason or "")) == ("red", True)
    await hub.workers.stop()


def turned(hub: Hub) -> list[tuple[str, str]]:
    return [(e.account, e.state) for e in hub.bus.events("channels") if isinstance(e, ChannelTurned)]


async def test_an_account_that_cannot_be_started_raises_its_alarm_once_and_ends_it_when_it_can(
    store: CountingStore,
) -> None:
    hub = Hub(store, SystemClock())
    await add(hub, 1)
    opened, hire = False, hub.workers._hire

    def not_yet(document: Document, note: Document | None) -> AccountWorker:
        if not opened:
            raise ConfigurationError("sealed with another key")
        worker = hire(document, note)
        worker._notes.looked()  # type: ignore[attr-defined]
        return worker  # type: ignore[return-value]

    hub.workers._hire = not_yet
    await hub.workers.start()
    await eventually(lambda: turned(hub) == [("box_0", "red")])
    for _ in range(3):
        hub.workers._again.clear()
        hub.workers.changed("box_0")
        await asyncio.sleep(0.1)
    assert turned(hub) == [("box_0", "red")]
    opened = True
    hub.workers._again.clear()
    hub.workers.changed("box_0")
    await eventually(lambda: turned(hub) == [("box_0", "red"), ("box_0", "green")])
    await hub.workers.stop()


async def test_a_stored_health_note_that_cannot_be_read_keeps_no_account_from_running(store: CountingStore) -> None:
    hub = Hub(store, SystemClock())
    await add(hub, 3)
    broken = {"receiving": "no answer in time", "looked_at": None, "checked_at": None, "begun_at": "?"}
    await hub.accounts.save_healths([{"_id": "box_1", **broken}, {"_id": "box_2", "alarm": 5}])
    await hub.workers.start()
    await until_running(hub.workers, 3)
    await hub.workers.stop()


async def test_a_fault_in_what_is_told_of_one_account_stops_neither_its_work_nor_the_others_notes(
    store: CountingStore,
) -> None:
    hub = Hub(store, SystemClock())
    await add(hub, 2)
    await hub.workers._look()
    await until_running(hub.workers, 2)
    workers = dict(hub.workers._running())

    def fault(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    workers["box_0"].alarm.looked = fault  # type: ignore[method-assign]
    workers["box_0"].measure = fault  # type: ignore[method-assign,assignment,misc]
    workers["box_0"]._sender._hears = fault  # type: ignore[attr-defined]
    for worker in workers.values():
        worker._notes.not_received("no answer in time")  # type: ignore[attr-defined]
    await hub.workers._note()
    assert (await hub.accounts.health(["box_1"]))["box_1"]["receiving"] == "no answer in time"
    to = (Participant(role=Role.TO, address="email:anna@x.example"),)
    for number in range(2):
        await hub.ledger.accept([SendMessage(id=f"in_{number}", channel="email", account="box_0", to=to, text="x")])
        hub.workers.wake("box_0")

        async def state(number: int = number) -> str:
            return str(((await hub.sends.get(f"in_{number}")) or {}).get("state"))

        await eventually(state, lambda found: found == "sent")
    await hub.workers.stop()


async def test_accounts_that_the_key_does_not_open_are_told_together_and_the_others_run(
    store: CountingStore, caplog: pytest.LogCaptureFixture
) -> None:
    hub = Hub(store, SystemClock())
    troubles = Troubles()

    def opens(document: Document) -> None:
        if document["_id"] != "box_1":
            raise ConfigurationError("sealed with another key file; restore it")

    hub.workers._opens, hub.workers._troubles = opens, troubles
    await add(hub, 3)
    await hub.workers._look()
    await hub.workers._look()
    assert troubles.all() == {
        "account secrets": "0@x.example, 2@x.example: sealed with another key file; restore it, or enter the secrets"
        " again"
    }
    assert [record.message for record in caplog.records].count("accounts.unopened") == 1
    await hub.accounts.save({**(await hub.accounts.get("box_0")), "name": "entered again"})
    await hub.accounts.save({**(await hub.accounts.get("box_2")), "state": "removed"})
    hub.workers._opens = lambda _: None
    await hub.workers._look()
    assert troubles.all() == {}
    await hub.workers.stop()


class Saying:
    """A channel that says with which settings each message left."""

    def __init__(self, name: str, said: dict[str, str]) -> None:
        self._name = name
        self._said = said

    async def send(self, message: SendMessage, *, intent: Intent, at: object = None, keys: object = ()) -> Outcome:
        del at, keys
        await intent()
        self._said[message.id] = self._name
        return Sent("taken")


class Changing:
    """One account whose settings are changed, and what left with which of them."""

    def __init__(self, store: CountingStore) -> None:
        self.hub = Hub(store, SystemClock())
        self.hub.workers._hire = self.hire
        self.said: dict[str, str] = {}
        self.keeping = Keeping(
            channel="email",
            noun="box",
            repository=self.hub.accounts,
            sends=self.hub.sends,
            ledger=self.hub.ledger,
            clock=self.hub.clock,
            silence=timedelta(minutes=5),
            changed=self.hub.workers.changed,
        )

    def hire(self, document: Document, note: Document | None) -> AccountWorker:
        worker = self.hub.hire(document, note)
        worker._sender._channel = Saying(document["name"], self.said)
        worker._loops = (Slow(), *worker._loops)
        return worker

    async def rename(self, name: str) -> None:
        """The settings are changed; then a message of this id is given."""
        await self.keeping.change({**(await self.hub.accounts.get("box_0")), "name": name})
        to = (Participant(role=Role.TO, address="email:anna@x.example"),)
        await self.hub.ledger.accept([SendMessage(id=name, channel="email", account="box_0", to=to, text="x")])
        self.hub.workers.wake("box_0")

    async def until_said(self, count: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while len(self.said) < count:
            assert time.monotonic() < deadline, self.said
            await asyncio.sleep(0.01)


class Slow:
    """A loop with something in hand whenever it shall end."""

    def __init__(self) -> None:
        self.in_hand = self

    async def acquire(self) -> bool:
        await asyncio.sleep(0.2)
        return True

    async def run(self) -> None:
        await asyncio.Event().wait()


async def test_what_is_given_after_a_change_of_the_settings_leaves_with_the_new_ones(store: CountingStore) -> None:
    changing = Changing(store)
    await add(changing.hub, 1)
    await changing.hub.accounts.save({**(await changing.hub.accounts.get("box_0")), "name": "old"})
    await changing.hub.workers.start()
    await until_running(changing.hub.workers, 1)
    for number in range(3):
        await changing.rename(f"new {number}")
        await changing.until_said(number + 1)
    assert changing.said == {f"new {number}": f"new {number}" for number in range(3)}
    await changing.hub.workers.stop()


async def test_settings_that_change_while_a_worker_is_being_hired_are_the_ones_it_has(store: CountingStore) -> None:
    changing = Changing(store)
    hub = changing.hub
    await add(hub, 1)
    await hub.accounts.save({**(await hub.accounts.get("box_0")), "name": "old"})
    take, hired = hub.workers._leases.take, list[str]()

    async def take_late(names: Iterable[str]) -> dict[str, Lease]:
        """Its document was read; now it is changed."""
        if not hired:
            hired.append("late")
            await changing.rename("new")
        return await take(names)

    hub.workers._leases.take = take_late  # type: ignore[method-assign]
    await hub.workers.start()
    await changing.until_said(1)
    assert changing.said == {"new": "new"}
    await hub.workers.stop()


async def test_settings_that_change_before_a_new_worker_has_begun_are_the_ones_it_has(store: CountingStore) -> None:
    changing = Changing(store)
    hub = changing.hub
    await add(hub, 1)
    await hub.accounts.save({**(await hub.accounts.get("box_0")), "name": "old"})
    await hub.workers._look()
    await changing.rename("new")
    await hub.workers.start()
    await changing.until_said(1)
    assert changing.said == {"new": "new"}
    await hub.workers.stop()


class Faulty:
    """A loop that fails the first time."""

    def __init__(self) -> None:
        self.in_hand = asyncio.Lock()
        self.runs = 0

    async def run(self) -> None:
        self.runs += 1
        if self.runs == 1:
            raise RuntimeError("a fault of ours")
        await asyncio.Event().wait()


async def test_a_loop_that_fails_begins_again_and_its_account_says_so(store: CountingStore) -> None:
    hub = Hub(store, SystemClock())
    worker = hub.hire({"_id": "box_1"}, None)
    faulty = Faulty()
    worker._loops = (faulty, *worker._loops[1:])
    worker.start()
    deadline = time.monotonic() + PATIENCE
    while faulty.runs < 2:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    assert worker._notes.document()["receiving"] == "Faulty failed: RuntimeError: a fault of ours"
    await worker.stop()


async def test_health_is_stored_when_it_is_another_and_now_and_then_for_the_time(store: CountingStore) -> None:
    clock = FakeClock()
    hub = Hub(store, clock)
    worker = hub.hire({"_id": "box_1"}, None)
    alarm, notes = worker.alarm, worker._notes
    notes.looked()
    first = alarm.looked()
    assert first
    alarm.stored(first)
    clock.advance(timedelta(seconds=10))
    notes.looked()
    assert alarm.looked() is None
    notes.not_received("no answer in time")
    assert (alarm.looked() or {})["receiving"] == "no answer in time"
    notes.looked()
    clock.advance(timedelta(seconds=60))
    notes.looked()
    assert (alarm.looked() or {})["looked_at"] == notes.document()["looked_at"]


async def test_many_leases_are_taken_renewed_and_given_back_as_single_ones_are(store: CountingStore) -> None:
    clock = FakeClock()
    collection = store.collection(LEASES)
    ours, theirs = Tenure(collection, clock, "a", TTL), Leases(collection, clock, "b", TTL)
    assert (await theirs.take("box_0")) is not None
    names = [f"box_{number}" for number in range(3)]
    taken = await ours.take(names)
    assert sorted(taken) == ["box_1", "box_2"]
    clock.advance(timedelta(seconds=10))
    assert await ours.renew(list(taken.values())) == {"box_1", "box_2"}
    clock.advance(timedelta(seconds=10))
    assert await theirs.take("box_1") is None
    assert (await ours.take(names))["box_0"].epoch == 2
    await ours.release([taken["box_1"]])
    assert (await theirs.take("box_1")) is not None
    assert await ours.renew(list(taken.values())) == {"box_2"}


async def test_an_account_with_much_that_is_due_hides_no_other(store: CountingStore) -> None:
    hub = Hub(store, SystemClock())
    for number in range(120):
        entry = {"account": "box_0", "step": "send", "next_at": f"2026-03-02T09:00:{number % 60:02}.{number:06}Z"}
        await hub.sends.add([{"_id": f"in_{number}", **entry}])
    await hub.sends.add([{"_id": "in_late", **entry, "account": "box_2", "next_at": "2026-03-02T10:00:00.000000Z"}])
    boxes = [f"box_{number}" for number in range(3)]
    assert await hub.sends.accounts_due(boxes, Step.SEND, "2026-03-03") == {"box_0", "box_2"}
    assert await hub.sends.accounts_due(boxes, Step.SEND, "2026-03-01") == set()
