"""What a document owes is published, whatever comes in between."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import hub
from hub.contracts.base import Envelope
from hub.contracts.client import Client, ClientOpened
from hub.kit.errors import BusUnavailable, Undecodable
from hub.store.base import Collection, CollectionSpec
from hub.store.outbox import OWES, Sweeper, envelopes_of, owed, owing, publish_owed
from hub.store.sqlite import SqliteStore
from hub.testing.fakes import FakeBus, FakeClock
from hub.testing.waiting import eventually

CLIENTS = CollectionSpec("clients", (OWES,))
INTERVAL = timedelta(seconds=10)
clock = FakeClock()


def an_opening(client_id: str = "cl_1") -> Envelope:
    client = Client(id=client_id, name="Анна", opened_at=clock.now(), opened_by="in_1")
    return Envelope(
        event=ClientOpened(client=client),
        source="omnihub/interactions",
        time=clock.now(),
        correlation_id="ev_first",
        causation_id="ev_before",
    )


@pytest.fixture
async def clients(tmp_path: Path) -> AsyncIterator[Collection]:
    store = SqliteStore(tmp_path / "clients.sqlite")
    collection = store.collection(CLIENTS)
    await store.start()
    yield collection
    await store.stop()


@pytest.fixture
def bus() -> FakeBus:
    return FakeBus()


@pytest.fixture
def later() -> FakeClock:
    """A clock by which everything owed is ripe."""
    return FakeClock(clock.now() + INTERVAL)


async def test_an_event_owed_comes_back_whole() -> None:
    assert envelopes_of({"_id": "1", "outbox": owed([an_opening()])}) == [an_opening()]


async def test_what_is_owed_is_published_and_cleared(clients: Collection, bus: FakeBus) -> None:
    document = owing({"_id": "1", "name": "Анна"}, [an_opening("a"), an_opening("b")])
    await clients.insert(document)
    assert await publish_owed(clients, {**document, "_v": 1}, bus)
    assert bus.published == [an_opening("a"), an_opening("b")]
    assert await clients.get("1") == {"_id": "1", "name": "Анна", "outbox": [], "owes": None, "_v": 2}


async def test_what_is_owed_later_goes_after_what_was_owed_before(clients: Collection, bus: FakeBus) -> None:
    document = owing(owing({"_id": "1"}, [an_opening("a")]), [an_opening("b")])
    await clients.insert(document)
    await publish_owed(clients, {**document, "_v": 1}, bus)
    assert bus.published == [an_opening("a"), an_opening("b")]


async def test_a_document_that_owes_nothing_is_left_alone(clients: Collection, bus: FakeBus) -> None:
    await clients.insert({"_id": "1"})
    assert await publish_owed(clients, {"_id": "1", "_v": 1}, bus)
    assert await clients.get("1") == {"_id": "1", "_v": 1}


async def test_a_bus_that_is_down_leaves_it_owing(clients: Collection, bus: FakeBus, later: FakeClock) -> None:
    document = owing({"_id": "1"}, [an_opening()])
    await clients.insert(document)
    bus.failures = 1
    assert not await publish_owed(clients, {**document, "_v": 1}, bus)
    assert await clients.get("1") == {**document, "_v": 1}
    assert await Sweeper([clients], bus, later, INTERVAL).sweep() == 1
    assert bus.published == [an_opening()]


async def test_a_document_changed_in_between_goes_on_owing(
    clients: Collection, bus: FakeBus, later: FakeClock
) -> None:
    document = owing({"_id": "1"}, [an_opening()])
    await clients.insert(document)
    await clients.swap({**document, "_v": 1, "name": "Анна"})
    await publish_owed(clients, {**document, "_v": 1}, bus)
    assert await clients.get("1") == {**document, "name": "Анна", "_v": 2}
    await Sweeper([clients], bus, later, INTERVAL).sweep()
    assert await clients.get("1") == {"_id": "1", "name": "Анна", "outbox": [], "owes": None, "_v": 3}


async def test_the_sweeper_finishes_all_that_was_left(clients: Collection, bus: FakeBus, later: FakeClock) -> None:
    left = [owing({"_id": f"{n:03}"}, [an_opening(f"cl_{n}")]) for n in range(250)]
    await clients.insert_many([*left, {"_id": "free"}])
    assert await Sweeper([clients], bus, later, INTERVAL).sweep() == 250
    assert bus.published == [an_opening(f"cl_{n}") for n in range(250)]
    assert await clients.count_by("owes") == {None: 251}


async def test_the_sweeper_leaves_alone_what_is_being_published(clients: Collection, bus: FakeBus) -> None:
    await clients.insert(owing({"_id": "1"}, [an_opening()]))
    assert await Sweeper([clients], bus, clock, INTERVAL).sweep() == 0
    assert bus.published == []


async def test_an_event_nobody_knows_does_not_keep_the_others_waiting(
    clients: Collection, bus: FakeBus, later: FakeClock
) -> None:
    unknown = {**owed([an_opening()])[0], "type": "client.opened.v9"}
    await clients.insert_many([{"_id": "1", "outbox": [unknown], "owes": True}, owing({"_id": "2"}, [an_opening()])])
    assert await Sweeper([clients], bus, later, INTERVAL).sweep() == 1
    assert bus.published == [an_opening()]
    with pytest.raises(Undecodable, match=r"client\.opened\.v9"):
        envelopes_of(await clients.get("1") or {})


async def test_a_running_sweeper_outlasts_a_bus_that_is_down(
    clients: Collection, bus: FakeBus, later: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    await clients.insert(owing({"_id": "1"}, [replace(an_opening(), time=clock.now() - INTERVAL)]))
    bus.failures = 2
    sweeper = Sweeper([clients], bus, later, timedelta(milliseconds=5))
    await sweeper.start()
    await eventually(lambda: bus.published)
    await sweeper.stop()
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == ["outbox.waiting"] * 2
    assert (await clients.get("1") or {})["owes"] is None


async def test_a_sweep_tells_of_a_bus_that_is_down(clients: Collection, bus: FakeBus, later: FakeClock) -> None:
    await clients.insert(owing({"_id": "1"}, [an_opening()]))
    bus.failures = 1
    with pytest.raises(BusUnavailable):
        await Sweeper([clients], bus, later, INTERVAL).sweep()


_CRASHING = """
import asyncio, sys
from pathlib import Path
from hub.store.sqlite import SqliteStore
from hub.store.outbox import publish_owed
from hub.testing.fakes import FakeBus
from test_outbox import CLIENTS, an_opening, owing

async def main():
    store = SqliteStore(Path(sys.argv[1]))
    clients = store.collection(CLIENTS)
    await store.start()
    document = owing({"_id": "1"}, [an_opening()])
    await clients.insert(document)
    await publish_owed(clients, {**document, "_v": 1}, FakeBus())

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.parametrize("instant", ["outbox.before_publish", "outbox.after_publish"])
async def test_a_process_killed_beside_the_publish_leaves_it_to_the_sweeper(
    tmp_path: Path, bus: FakeBus, later: FakeClock, instant: str
) -> None:
    file = tmp_path / "clients.sqlite"
    path = os.pathsep.join((str(Path(hub.__file__).parent.parent), str(Path(__file__).parent)))
    environ = {**os.environ, "OMNIHUB_SEAM": instant, "PYTHONPATH": path}
    killed = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", _CRASHING, str(file)], env=environ, check=False
    )
    assert killed.returncode == -9
    store = SqliteStore(file)
    clients = store.collection(CLIENTS)
    await store.start()
    assert await Sweeper([clients], bus, later, INTERVAL).sweep() == 1
    assert bus.published == [an_opening()]
    await store.stop()
