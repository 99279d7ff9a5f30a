"""Timers fire once, whoever looks and whatever comes in between."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.contracts.base import Event
from hub.contracts.client import ClientChanged
from hub.contracts.interaction import SendMessage
from hub.contracts.park import MessageParked
from hub.store.base import CollectionSpec, Document
from hub.store.due import DUE, Due, Fail, with_timer, without_timer
from hub.store.sqlite import SqliteStore
from hub.store.told import OWES, Fact, Owing, Told
from hub.testing.builders import NOON
from hub.testing.fakes import FakeBus, FakeClock

SPEC = CollectionSpec("clients", (OWES, DUE))
MINUTE = timedelta(minutes=1)


def facts(before: Document | None, after: Document) -> Sequence[Fact]:
    return (ClientChanged,) if before and before["name"] != after["name"] else ()


def state(kind: type[Event], document: Document) -> Event:
    return kind.model_validate({"client": {**document, "id": document["_id"]}, "revision": document["_v"]})


def rings(document: Document, now: datetime) -> Owing:
    request = SendMessage(id="in_1", channel="email", account="mb_1", to=(), text=f"{now:%H:%M}")
    return Owing({**document, "name": f"{document['name']}!"}, (request,))


def breaks(document: Document, now: datetime) -> Document:
    raise ValueError(f"nobody knows how to do it for {document['_id']} at {now}")


class Bench:
    def __init__(self, store: SqliteStore) -> None:
        self.bus, self.clock, self.held = FakeBus(), FakeClock(NOON), False
        self.told = Told(store.collection(SPEC), facts=facts, state=state, source="omnihub/interactions")
        self.told.on(self.bus, self.clock)

    def due(self, fails: Mapping[str, Fail] | None = None) -> Due:
        fires = {"ring": rings, "break": breaks}
        return Due(self.told, fires, self.clock, held=lambda: self.held, fails=fails)

    async def planned(self, doc_id: str, *, timer: str = "ring", after: timedelta = MINUTE, **over: Any) -> None:
        document = {"_id": doc_id, "name": "Аня", "opened_at": "2026-03-02T09:00:00Z", "opened_by": "in", **over}
        await self.told.insert(with_timer(document, timer, NOON + after))

    async def names(self) -> dict[str, str]:
        return {document["_id"]: document["name"] for document in (await self.told.find({})).items}


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    store = SqliteStore(tmp_path / "due.sqlite")
    bench = Bench(store)
    await store.start()
    yield bench
    await store.stop()


async def test_a_timer_fires_when_its_time_has_come_and_not_before(bench: Bench) -> None:
    await bench.planned("1")
    assert await bench.due().look() == 0
    bench.clock.advance(MINUTE * 2)
    assert await bench.due().look() == 1
    assert await bench.due().look() == 0
    assert [event.TYPE for event in bench.bus.events()] == ["client.changed.v1", "message.send.v1"]
    stored = await bench.told.get("1") or {}
    assert (stored["name"], stored.get("timers"), stored.get("due_at")) == ("Аня!", None, None)


async def test_of_twenty_copies_that_look_at_once_one_fires_each(bench: Bench) -> None:
    for n in range(5):
        await bench.planned(str(n))
    bench.clock.advance(MINUTE * 2)
    fired = await asyncio.gather(*(bench.due().look() for _ in range(20)))
    assert sum(fired) == 5
    assert await bench.names() == dict.fromkeys("01234", "Аня!")
    requests = [e for e in bench.bus.published if isinstance(e.event, SendMessage)]
    assert len(requests) == 5


async def test_a_timer_that_is_moved_or_taken_out_does_not_fire_at_its_first_time(bench: Bench) -> None:
    await bench.planned("1")
    await bench.planned("2")
    await bench.told.amend("1", lambda document: with_timer(document, "ring", NOON + MINUTE * 10))
    await bench.told.amend("2", lambda document: without_timer(document, "ring"))
    bench.clock.advance(MINUTE * 5)
    assert await bench.due().look() == 0
    bench.clock.advance(MINUTE * 6)
    assert await bench.due().look() == 1
    assert await bench.names() == {"1": "Аня!", "2": "Аня"}


async def test_a_document_has_several_timers_and_the_earliest_counts(bench: Bench) -> None:
    await bench.planned("1")
    await bench.told.amend("1", lambda document: with_timer(document, "break", NOON + MINUTE * 30))
    bench.clock.advance(MINUTE * 2)
    assert await bench.due().look() == 1
    assert list((await bench.told.get("1") or {})["timers"]) == ["break"]


async def test_a_timer_that_fails_for_good_is_taken_out_and_leaves_the_others_alone(bench: Bench) -> None:
    await bench.planned("1", timer="break", after=timedelta(seconds=1))
    await bench.planned("2", timer="nobody knows it", after=timedelta(seconds=2))
    await bench.planned("3")
    bench.clock.advance(MINUTE * 2)
    assert await bench.due().look() == 1
    assert await bench.names() == {"1": "Аня", "2": "Аня", "3": "Аня!"}
    # A timer that nobody here knows is a newer copy's.
    assert [document["_id"] for document in (await bench.due().waiting()).items] == ["2"]


def letters(bench: Bench) -> list[MessageParked]:
    return [event for event in bench.bus.events("dead-letters") if isinstance(event, MessageParked)]


async def test_a_timer_that_fails_for_good_is_a_dead_letter_and_shows_in_its_document(bench: Bench) -> None:
    await bench.planned("1", timer="break", after=timedelta(seconds=1))
    bench.clock.advance(MINUTE * 2)
    due = bench.due(fails={"break": lambda document, error: {**document, "name": f"{type(error).__name__}"}})
    assert await due.look() == 0
    assert await bench.names() == {"1": "ValueError"}
    (letter,) = letters(bench)
    assert (letter.group, letter.error) == ("timers", "ValueError")
    parked = orjson.loads(letter.record().value)
    assert (parked["timer"], parked["document"]["name"]) == ("break", "Аня")
    assert [type(event) for event in bench.bus.events("clients")] == [ClientChanged]


async def test_a_timer_that_cannot_be_parked_now_stays_and_keeps_no_other_waiting(bench: Bench) -> None:
    await bench.planned("1", timer="break", after=timedelta(seconds=1))
    await bench.planned("2")
    bench.clock.advance(MINUTE * 2)
    bench.bus.failures = 1
    assert await bench.due().look() == 1
    assert ((await bench.told.get("1") or {})["timers"].keys(), letters(bench)) == ({"break"}, [])
    assert await bench.due().look() == 0
    assert ("timers" in (await bench.told.get("1") or {}), len(letters(bench))) == (False, 1)


async def test_a_timer_whose_failure_cannot_be_shown_is_taken_out_all_the_same(bench: Bench) -> None:
    await bench.planned("1", timer="break", after=timedelta(seconds=1))
    bench.clock.advance(MINUTE * 2)

    def fails(document: Document, error: Exception) -> Document:
        raise RuntimeError(f"not even {document['_id']}: {error}")

    await bench.due(fails={"break": fails}).look()
    assert ("timers" in (await bench.told.get("1") or {}), len(letters(bench))) == (False, 1)


async def test_while_held_nothing_fires_and_what_would_is_listed(bench: Bench) -> None:
    await bench.planned("1")
    bench.held = True
    bench.clock.advance(MINUTE * 2)
    assert await bench.due().look() == 0
    assert [document["_id"] for document in (await bench.due().waiting(until=bench.clock.now())).items] == ["1"]
    bench.held = False
    assert await bench.due().look() == 1


async def test_what_a_crash_left_unpublished_after_a_timer_fired_is_still_owed(bench: Bench) -> None:
    await bench.planned("1")
    bench.clock.advance(MINUTE * 2)
    bench.bus.failures = 1
    assert await bench.due().look() == 1
    assert (await bench.told.get("1") or {})["owes"]
