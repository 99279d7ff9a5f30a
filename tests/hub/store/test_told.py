"""What a document owes is told, whatever comes in between; nothing is stored that could not be told."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import hub
from hub.contracts.base import Envelope, Event
from hub.contracts.client import Client, ClientChanged, ClientOpened
from hub.contracts.interaction import SendMessage
from hub.contracts.park import MessageParked
from hub.kit.errors import BusUnavailable, TooLarge
from hub.store.base import Collection, CollectionSpec, Document
from hub.store.outbox import Sweeper
from hub.store.sqlite import SqliteStore
from hub.store.told import OWES, Fact, Owing, Told, tell
from hub.testing.fakes import FakeBus, FakeClock
from hub.testing.waiting import eventually

CLIENTS = CollectionSpec("clients", (OWES,))
INTERVAL = timedelta(seconds=10)
clock = FakeClock()
CAUSE = Envelope(
    event=ClientOpened(client=Client(id="cl_0", name="?", opened_at=clock.now(), opened_by="in_0")),
    source="omnihub/email",
    time=clock.now(),
    correlation_id="ev_first",
)


def facts(before: Document | None, after: Document) -> Sequence[Fact]:
    if before is None:
        return (ClientOpened,)
    return (ClientChanged,) if before["name"] != after["name"] else ()


def state(kind: type[Event], document: Document) -> Event:
    return kind.model_validate({"client": {**document, "id": document["_id"]}, "revision": document["_v"]})


def told_on(store: SqliteStore, bus: FakeBus) -> Told:
    told = Told(store.collection(CLIENTS), facts=facts, state=state, source="omnihub/interactions")
    told.on(bus, clock)
    return told


def a_client(doc_id: str = "cl_1", **over: Any) -> Document:
    return {"_id": doc_id, "name": "Анна", "opened_at": "2026-03-02T09:00:00Z", "opened_by": "in_1", **over}


def a_request(text: str = "Да") -> SendMessage:
    return SendMessage(id="in_1", channel="email", account="mb_1", to=(), text=text)


def named(name: str) -> Any:
    return lambda document: {**document, "name": name}


class Bench:
    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.raw: Collection = store.collection(CLIENTS)
        self.bus = FakeBus()
        self.told = told_on(store, self.bus)
        self.later = FakeClock(clock.now() + INTERVAL)
        """By which everything owed is ripe."""

    @property
    def types(self) -> list[str]:
        return [event.TYPE.removesuffix(".v1") for event in self.bus.events()]

    def sweeper(self, at: FakeClock | None = None) -> Sweeper:
        return Sweeper([self.told], self.bus, at or self.later, INTERVAL)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    store = SqliteStore(tmp_path / "clients.sqlite")
    bench = Bench(store)
    await store.start()
    yield bench
    await store.stop()


async def test_what_is_inserted_and_amended_is_told_with_its_revision_and_then_owes_nothing(bench: Bench) -> None:
    document, new = await bench.told.insert(a_client())
    assert new
    assert await bench.told.tell(document)
    changed = await bench.told.amend("cl_1", named("Анна С."))
    assert changed
    await bench.told.tell(changed)
    opened, renamed = bench.bus.events()
    assert isinstance(opened, ClientOpened)
    assert isinstance(renamed, ClientChanged)
    assert (opened.revision, renamed.revision, renamed.client.name) == (1, 3, "Анна С.")
    assert await bench.raw.get("cl_1") == {**a_client(name="Анна С."), "_v": 4}


async def test_a_change_that_concerns_nobody_tells_nothing(bench: Bench) -> None:
    await bench.told.insert(a_client())
    await bench.sweeper().sweep()
    after = await bench.told.amend("cl_1", lambda document: {**document, "noted": True})
    assert after
    assert not after.get("owes")
    assert bench.types == ["client.opened"]


async def test_of_two_who_insert_the_first_is_right_and_the_second_is_told_so(bench: Bench) -> None:
    first, second = await asyncio.gather(*(bench.told.insert(a_client(name=name)) for name in ("Аня", "Ася")))
    assert first[0]["name"] == second[0]["name"]
    assert [first[1], second[1]].count(True) == 1


async def test_a_change_seen_again_tells_what_is_still_owed(bench: Bench) -> None:
    document, _ = await bench.told.insert(a_client())
    bench.bus.failures = 1
    assert not await bench.told.tell(document)
    again, new = await bench.told.insert(a_client())
    assert not new
    await bench.told.tell(again)
    assert bench.types == ["client.opened"]
    unchanged = await bench.told.amend("cl_1", named("Анна"))
    assert unchanged
    await bench.told.tell(unchanged)
    assert bench.types == ["client.opened"]


async def test_what_is_owed_twice_of_the_whole_document_is_told_once_with_the_newest(bench: Bench) -> None:
    await bench.told.insert(a_client())
    for name in ("Б", "В", "Г"):
        await bench.told.amend("cl_1", named(name))
    await bench.sweeper().sweep()
    opened, changed = bench.bus.events()
    assert isinstance(opened, ClientOpened)
    assert isinstance(changed, ClientChanged)
    assert (changed.client.name, changed.revision) == ("Г", 4)


async def test_a_request_is_owed_with_what_it_follows_from(bench: Bench) -> None:
    document, _ = await bench.told.insert(a_client(), also=[a_request()])
    await bench.told.tell(document)
    opened, request = bench.bus.published
    assert request.event == a_request()
    assert (request.correlation_id, request.causation_id) == (opened.id, opened.id)


async def test_the_cause_goes_with_what_it_caused(bench: Bench) -> None:
    document, _ = await bench.told.insert(a_client(), cause=CAUSE)
    await bench.told.tell(document)
    (opened,) = bench.bus.published
    assert (opened.correlation_id, opened.causation_id) == ("ev_first", CAUSE.id)


async def test_what_goes_on_with_something_is_told_so_without_a_cause_too(bench: Bench) -> None:
    document, _ = await bench.told.insert(a_client(correlation_id="ev_mail"), also=[a_request()])
    await bench.told.tell(document)
    opened, request = bench.bus.published
    assert (opened.correlation_id, opened.causation_id) == ("ev_mail", "")
    assert (request.correlation_id, request.causation_id) == ("ev_mail", opened.id)


async def test_what_could_not_be_told_is_not_stored(bench: Bench) -> None:
    with pytest.raises(TooLarge):
        await bench.told.insert(a_client(name="Ы" * 600_000))
    with pytest.raises(TooLarge):
        await bench.told.insert_many([a_client("cl_2"), Owing(a_client("cl_3"), (a_request("x" * 1_100_000),))])
    assert await bench.raw.get_many(["cl_1", "cl_2", "cl_3"]) == {}
    document, _ = await bench.told.insert(a_client())
    with pytest.raises(TooLarge):
        await bench.told.amend("cl_1", named("Ы" * 600_000))
    assert (await bench.raw.get("cl_1") or {})["_v"] == document["_v"]


async def test_forty_who_amend_at_once_lose_nothing(bench: Bench) -> None:
    await bench.told.insert(a_client(count=0))
    counted = lambda document: {**document, "count": document["count"] + 1}  # noqa: E731
    await asyncio.gather(*(bench.told.amend_many({"cl_1": counted}) for _ in range(25)))
    assert (await bench.raw.get("cl_1") or {})["count"] == 25


async def test_a_document_changed_while_it_is_told_goes_on_owing(bench: Bench) -> None:
    document, _ = await bench.told.insert(a_client())
    await bench.told.amend("cl_1", named("Ася"))
    await bench.told.tell(document)
    assert (await bench.raw.get("cl_1") or {})["owes"]
    await bench.sweeper().sweep()
    assert (bench.bus.events()[-1].client.name, (await bench.raw.get("cl_1") or {}).get("owes")) == ("Ася", None)  # type: ignore[attr-defined]


async def test_several_collections_are_told_in_one_step_of_the_bus(bench: Bench) -> None:
    one, _ = await bench.told.insert(a_client("cl_1"))
    two, _ = await bench.told.insert(a_client("cl_2"))
    bench.bus.failures = 1
    with pytest.raises(BusUnavailable):
        await tell((bench.told, [one]), (bench.told, [two]))
    await tell((bench.told, [one]), (bench.told, [two]))
    assert bench.types == ["client.opened"] * 2


# The sweeper


async def test_the_sweeper_finishes_all_that_was_left(bench: Bench) -> None:
    await bench.told.insert_many([a_client(f"{n:03}") for n in range(450)])
    assert await bench.sweeper().sweep() == 450
    assert [event.client.id for event in bench.bus.events()] == [f"{n:03}" for n in range(450)]  # type: ignore[attr-defined]
    assert await bench.raw.count({"owes": True}, at_most=1) == 0


async def test_the_sweeper_leaves_alone_what_is_being_published(bench: Bench) -> None:
    await bench.told.insert(a_client())
    assert await bench.sweeper(clock).sweep() == 0
    assert bench.bus.published == []


async def test_what_can_never_be_published_is_parked_and_the_others_go_on(bench: Bench) -> None:
    poison = {
        **a_client("cl_0"),
        "owes": True,
        "outbox": [{"type": ClientOpened.TYPE, "time": "2026-03-02T09:00:00.000000Z"}],
    }
    await bench.raw.insert_many([{**poison, "name": "Ы" * 600_000}])
    await bench.told.insert_many([a_client(f"cl_{n}") for n in range(1, 6)])
    await bench.sweeper().sweep()
    assert bench.types.count("client.opened") == 5
    (letter,) = bench.bus.events("dead-letters")
    assert isinstance(letter, MessageParked)
    assert "over the limit" in letter.reason
    assert await bench.raw.count({"owes": True}, at_most=1) == 0


async def test_an_event_of_a_newer_copy_is_left_to_it_for_a_day_and_then_parked(bench: Bench) -> None:
    entry = {"type": "client.opened.v9", "time": "2026-03-02T09:00:00.000000Z"}
    await bench.raw.insert({**a_client("cl_0"), "owes": True, "outbox": [entry]})
    await bench.told.insert(a_client())
    await bench.sweeper().sweep()
    assert bench.types == ["client.opened"]
    bench.later.advance(timedelta(days=2))
    await bench.sweeper().sweep()
    assert bench.types == ["client.opened", "message.parked"]


async def test_a_running_sweeper_outlasts_a_bus_that_is_down(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    await bench.told.insert(a_client())
    bench.bus.failures = 2
    sweeper = Sweeper([bench.told], bench.bus, bench.later, timedelta(milliseconds=5))
    await sweeper.start()
    await eventually(lambda: bench.bus.published)
    await sweeper.stop()
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == ["loop.waiting"] * 2


_CRASHING = """
import asyncio, sys
from pathlib import Path
from hub.store.sqlite import SqliteStore
from hub.testing.fakes import FakeBus
from test_told import a_client, told_on

async def main():
    store = SqliteStore(Path(sys.argv[1]))
    told = told_on(store, FakeBus())
    await store.start()
    document, _ = await told.insert(a_client())
    await told.tell(document)

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.parametrize("instant", ["outbox.before_publish", "outbox.after_publish"])
async def test_a_process_killed_beside_the_publish_leaves_it_to_the_sweeper(tmp_path: Path, instant: str) -> None:
    file = tmp_path / "clients.sqlite"
    path = os.pathsep.join((str(Path(hub.__file__).parent.parent), str(Path(__file__).parent)))
    environ = {**os.environ, "OMNIHUB_SEAM": instant, "PYTHONPATH": path}
    killed = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", _CRASHING, str(file)], env=environ, check=False
    )
    assert killed.returncode == -9
    store, bus = SqliteStore(file), FakeBus()
    told = told_on(store, bus)
    await store.start()
    later = FakeClock(clock.now() + timedelta(days=999))
    assert await Sweeper([told], bus, later, INTERVAL).sweep() == 1
    assert [event.TYPE for event in bus.events()] == [ClientOpened.TYPE]
    await store.stop()


async def test_a_neighbours_debt_that_cannot_be_read_keeps_nothing_else_from_being_told(bench: Bench) -> None:
    entry = {"type": "client.opened.v9", "time": "2026-03-02T09:00:00.000000Z"}
    await bench.raw.insert({**a_client("cl_0"), "owes": True, "outbox": [entry]})
    strange = await bench.raw.get("cl_0")
    document, _ = await bench.told.insert(a_client())
    assert strange
    await tell((bench.told, [strange, document]), also=[CAUSE])
    assert [event.client.id for event in bench.bus.events()] == ["cl_0", "cl_1"]  # type: ignore[attr-defined]
    assert (await bench.raw.get("cl_0") or {})["owes"]
