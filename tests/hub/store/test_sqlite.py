"""The store on SQLite keeps the contract, uses its indexes, and what it returned survives."""

import asyncio
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import hub
from hub.kit.errors import ConfigurationError, InvalidInput, StoreDamaged, StoreFull, StoreUnavailable
from hub.store.base import CollectionSpec, In, Index, Range, Where
from hub.store.query import Schema
from hub.store.sqlite import SqliteStore, writes_in
from hub.store.sqlite_statements import Statements, stretches
from hub.testing.store_contract import Reopen, StoreContract
from hub.testing.store_find_contract import THINGS, a_thing


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "things.sqlite"


@pytest.fixture
async def store(file: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(file)
    yield store
    await store.stop()


@pytest.fixture
def reopen(file: Path) -> Reopen:
    return lambda: SqliteStore(file)


class TestSqlite(StoreContract):
    pass


# Indexes

SPEC = CollectionSpec("things", (*THINGS.indexes, Index("due", "at", sparse=True)))
QUERIES: list[tuple[Where, str]] = [
    ({}, "_id"),
    ({"_id": In(["1", "2"])}, "_id"),
    ({}, "at"),
    ({"at": Range("a", "b")}, "at"),
    ({"owner": "anna"}, "at"),
    ({"owner": None}, "at"),
    ({"owner": "anna", "at": Range("a", "b"), "owes": True}, "at"),
    ({"owner": "anna", "state": "open"}, "at"),
    ({"owner": In(["anna", None]), "state": In(["open", "closed"])}, "at"),
    ({"owner": "anna", "state": "open", "at": "a"}, "_id"),
    ({"owes": True}, "_id"),
    ({"due": 1}, "at"),
    ({"due": In([1, 2])}, "at"),
]


@pytest.fixture
async def connection(store: SqliteStore, file: Path) -> AsyncIterator[sqlite3.Connection]:
    store.collection(SPEC)
    await store.start()
    connection = sqlite3.connect(file)
    yield connection
    connection.close()


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(("where", "order"), QUERIES)
async def test_every_find_searches_an_index_and_sorts_one_page_at_most(
    connection: sqlite3.Connection, where: Where, order: str, descending: bool
) -> None:
    schema = Schema(SPEC)
    cursors = (None, "WyIyIiwiMiJd", "W251bGwsIjIiXQ")
    for after in cursors if order != "_id" else cursors[:2]:
        plan = schema.plan(where, order=order, descending=descending, limit=10, after=after)
        for stretch in stretches(plan):
            sql, given = Statements(schema).select(plan, stretch, 10)
            steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", given)]
            several = any(len(values) > 1 for values in plan.fixed.values())
            sorts = [step for step in steps if "TEMP B-TREE" in step]
            # Of one id there is one document, which SQLite sorts all the same.
            assert len(sorts) <= several + ("_id" in where), steps
            reads = [step for step in steps if " things " in step]
            assert all("USING INDEX" in step or "USING COVERING INDEX" in step for step in reads), steps
            if plan.fixed or after:
                assert all(step.startswith("SEARCH") for step in reads), steps


# What was returned survives

_WRITING = """
import asyncio, sys
from pathlib import Path
from hub.store.sqlite import SqliteStore, writes_in
from hub.testing.store_find_contract import THINGS, a_thing

async def write(things, name):
    for n in range(1_000_000):
        assert await things.insert(a_thing(f"{name}-{n}", text="x" * 500))
        assert await things.swap(a_thing(f"{name}-{n}", _v=1, text="y" * 500))
        print(f"{name}-{n}", flush=True)

async def main():
    store = SqliteStore(Path(sys.argv[1]))
    things = store.collection(THINGS)
    await store.start()
    await asyncio.gather(*(write(things, name) for name in "abcd"))

asyncio.run(main())
"""


@pytest.mark.slow
async def test_what_was_returned_survives_a_kill(store: SqliteStore, file: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(Path(hub.__file__).parent.parent)}
    writing = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", _WRITING, str(file)], env=environ, stdout=subprocess.PIPE, text=True
    )
    assert writing.stdout
    told = [writing.stdout.readline().strip() for _ in range(400)]
    writing.kill()
    told += writing.stdout.read().split("\n")[:-1]
    writing.stdout.close()
    writing.wait()
    things = store.collection(THINGS)
    await store.start()
    found = await things.get_many(told)
    assert found == {doc_id: {**a_thing(doc_id, text="y" * 500), "_v": 2} for doc_id in told}


@contextmanager
def a_full_disk(room: int) -> Iterator[None]:
    """No file of this process may grow beyond `room` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_refuses_writes_until_it_has_room_again(store: SqliteStore, reopen: Reopen) -> None:
    things = store.collection(THINGS)
    await store.start()
    await things.insert(a_thing("before"))
    confirmed = []
    with a_full_disk(room=300_000):
        with pytest.raises(StoreUnavailable):  # noqa: PT012
            for n in range(100):
                await things.insert(a_thing(str(n), text="x" * 10_000))
                confirmed.append(str(n))
        with pytest.raises(StoreUnavailable):
            await asyncio.gather(*(things.insert(a_thing(f"more-{n}", text="x" * 300_000)) for n in range(3)))
        assert await things.get("before") == {**a_thing("before"), "_v": 1}
    assert await things.insert(a_thing("after", text="x" * 100_000))
    await store.ping()
    await store.stop()
    other = reopen()
    found = await _all_ids(other)
    await other.stop()
    assert set(found) == {"before", "after", *confirmed}
    assert confirmed


async def _all_ids(store: SqliteStore) -> list[str]:
    things = store.collection(THINGS)
    await store.start()
    return [document["_id"] for document in (await things.find({}, limit=1000)).items]


async def test_a_ping_tells_of_a_full_disk(store: SqliteStore) -> None:
    await store.start()
    await store.ping()
    with a_full_disk(room=1000), pytest.raises(StoreUnavailable):
        await store.ping()
    await store.ping()


# One transaction for all who wait


async def test_what_fails_does_not_spoil_what_waits_beside_it(store: SqliteStore) -> None:
    things = store.collection(THINGS)
    await store.start()

    def fails(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM things")
        raise InvalidInput("no")

    outcomes = await asyncio.gather(
        *(things.insert(a_thing(f"a{n}")) for n in range(10)),
        store._writer.run(fails),
        *(things.insert(a_thing(f"b{n}")) for n in range(10)),
        return_exceptions=True,
    )
    assert [outcome for outcome in outcomes if outcome is not True] == [outcomes[10]]
    assert isinstance(outcomes[10], InvalidInput)
    assert await things.count_by("owner") == {"anna": 20}


async def test_a_reader_sees_at_once_what_was_confirmed(store: SqliteStore) -> None:
    things = store.collection(THINGS)
    await store.start()

    async def write_and_read(name: str) -> None:
        for n in range(20):
            await things.insert(a_thing(f"{name}{n}"))
            assert await things.get(f"{name}{n}")

    await asyncio.gather(*map(write_and_read, "abcde"))


async def test_who_stops_waiting_stops_nobody_else(store: SqliteStore) -> None:
    things = store.collection(THINGS)
    await store.start()
    waiting = [asyncio.create_task(things.insert(a_thing(str(n)))) for n in range(20)]
    await asyncio.sleep(0)
    for task in waiting[::2]:
        task.cancel()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert done[1::2] == [True] * 10


async def test_a_store_that_is_not_started_is_unavailable(store: SqliteStore) -> None:
    things = store.collection(THINGS)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="not started"):
            await things.insert(a_thing("1"))
        with pytest.raises(StoreUnavailable, match="not started"):
            await things.get("1")
        await store.start()
        await store.stop()


# Files that cannot be used


async def test_data_of_a_newer_version_is_refused_untouched(store: SqliteStore, file: Path) -> None:
    await store.start()
    await store.stop()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE meta SET value = 99")
    connection.close()
    before = await asyncio.to_thread(file.read_bytes)
    with pytest.raises(ConfigurationError, match="newer version") as refused:
        await store.start()
    assert "\n" not in str(refused.value)
    assert await asyncio.to_thread(file.read_bytes) == before


async def test_a_file_of_another_kind_is_refused_untouched(store: SqliteStore, file: Path) -> None:
    file.parent.mkdir()
    await asyncio.to_thread(file.write_text, "not a database at all")
    with pytest.raises(ConfigurationError, match="not a SQLite file"):
        await store.start()
    assert await asyncio.to_thread(file.read_text) == "not a database at all"


async def test_a_field_that_was_no_field_before_is_filled_in(store: SqliteStore, reopen: Reopen) -> None:
    bare = store.collection(CollectionSpec("things"))
    await store.start()
    await bare.insert_many([a_thing("1"), a_thing("2", owner=None), a_thing("3", owner=True), {"_id": "4"}])
    await store.stop()
    other = reopen()
    things = other.collection(THINGS)
    await other.start()
    assert await things.count_by("owner") == {"anna": 1, None: 2, True: 1}
    await other.stop()


async def test_a_store_without_room_says_so_and_goes_on_by_itself(store: SqliteStore) -> None:
    things = store.collection(THINGS)
    await store.start()
    await things.insert(a_thing("t0"))
    await store._writer.run(lambda connection: connection.execute("PRAGMA max_page_count = 1").fetchall())
    large = {**a_thing("t1"), "text": "слово " * 5_000}
    with pytest.raises(StoreFull, match=r"the disk is full: free some room") as refused:
        await things.insert(large)
    assert (refused.value.status_code, refused.value.title) == (507, "No room on the disk")
    assert await things.get("t0")
    await store._writer.run(lambda connection: connection.execute("PRAGMA max_page_count = 1000000").fetchall())
    assert await things.insert(large)


def spoil(file: Path) -> None:
    with file.open("r+b") as spoilt:
        spoilt.seek(4096)
        spoilt.write(b"\xaa" * (file.stat().st_size - 4096))


async def test_a_file_damaged_while_it_is_open_is_not_called_temporarily_away(store: SqliteStore, file: Path) -> None:
    things = store.collection(THINGS)
    await store.start()
    await things.insert_many([{**a_thing(f"t{number}"), "text": "слово " * 500} for number in range(300)])
    await store.stop()
    await store.start()
    spoil(file)
    with pytest.raises(StoreDamaged, match=r"is damaged .*restore its data from a backup") as refused:
        await things.find({}, limit=300)
    assert refused.value.title == "Damaged"


async def test_the_writes_of_a_store_are_counted_for_good(store: SqliteStore, file: Path) -> None:
    things = store.collection(THINGS)
    await store.start()
    before = store.writes
    for number in range(3):
        await things.insert(a_thing(f"t{number}"))
    assert store.writes == before + 3
    await store.stop()
    assert writes_in(file) == before + 3
    assert writes_in(file.with_name("none.sqlite")) is None


async def test_a_store_that_somebody_holds_is_not_called_older_than_it_is(store: SqliteStore, file: Path) -> None:
    await store.start()
    await store.stop()
    with closing(sqlite3.connect(file, isolation_level=None)) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        holder.execute("UPDATE meta SET value = value")
        with pytest.raises(ConfigurationError, match="cannot be read now"):
            writes_in(file)
