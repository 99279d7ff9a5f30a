"""The embedded log: durability, retention, recovery, growth."""

import asyncio
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.bus import log_reads
from hub.bus.journal import Chunk, Slot, Transaction
from hub.bus.log import Log
from hub.contracts.base import Record
from hub.contracts.topics import Topic
from hub.kit.errors import BusUnavailable, NotFound
from hub.testing.fakes import FakeClock

TOPIC = Topic("letters", "sender", partitions=2)


def a_record(number: int, *, key: str = "anna", size: int = 0) -> Record:
    return Record(
        topic="letters", key=key.encode(), value=b"%d" % number + b"." * size, headers=[("n", b"%d" % number)]
    )


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def log(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Log]:
    log = Log(tmp_path / "bus.sqlite", clock)
    await log.open()
    await log.create_topics([TOPIC])
    yield log
    await log.close()


async def values(log: Log, *, at: int = 0, limit: int = 1000) -> list[bytes]:
    slot = log.slot_for("letters", b"anna")
    return [record.value for record in (await log.fetch({slot: at}, limit)).get(slot, [])]


async def test_services_that_start_at_once_make_the_topics_once(tmp_path: Path) -> None:
    log = Log(tmp_path / "at-once.sqlite")
    await log.open()
    await asyncio.gather(*(log.create_topics([TOPIC]) for _ in range(5)))
    assert len(log.slots("letters")) == 2
    await log.close()


async def test_records_and_offsets_outlive_a_restart(log: Log, tmp_path: Path) -> None:
    await log.append([a_record(n) for n in range(3)])
    slot = log.slot_for("letters", b"anna")
    await log.commit("readers", {slot: 2})
    await log.close()
    again = Log(tmp_path / "bus.sqlite")
    await again.open()
    try:
        slot = again.slot_for("letters", b"anna")
        assert (slot.first, slot.next, again.committed("readers", slot)) == (0, 3, 2)
        assert await values(again) == [b"0", b"1", b"2"]
    finally:
        await again.close()


async def test_a_fetch_begins_in_the_middle_of_a_row_and_ends_at_the_limit(log: Log) -> None:
    await log.append([a_record(n) for n in range(1200)])
    assert await values(log, at=497, limit=6) == [b"%d" % n for n in range(497, 503)]
    assert await values(log, at=1200) == []


async def test_a_fetch_of_two_partitions_ends_at_the_limit_of_both(log: Log) -> None:
    keys = {log.slot_for("letters", key.encode()): key for key in ("anna", "boris", "vera", "gleb")}
    first, second = keys
    for slot in (first, second):
        await log.append([a_record(number, key=keys[slot]) for number in range(4)])
    got = await log.fetch({first: 2, second: 0}, 5)
    assert {slot: [(one.topic, one.partition, one.offset) for one in records] for slot, records in got.items()} == {
        first: [("letters", first.partition, offset) for offset in (2, 3)],
        second: [("letters", second.partition, offset) for offset in (0, 1, 2)],
    }


async def test_a_fetch_takes_no_more_rows_once_they_are_as_large_as_it_may_be(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_reads, "FETCH_BYTES", 5_000)
    for number in range(4):
        await log.append([a_record(number, size=3_000)])
    assert [value[:1] for value in await values(log)] == [b"0", b"1"]
    assert [value[:1] for value in await values(log, at=2)] == [b"2", b"3"]


async def test_every_record_is_told_its_offset(log: Log) -> None:
    places = await log.append([a_record(n, key=key) for n, key in enumerate(["anna", "boris", "anna", "boris"])])
    for (slot, offset), n in zip(places, range(4), strict=True):
        (record, *_) = (await log.fetch({slot: offset}, 1))[slot]
        assert record.value == b"%d" % n


async def test_a_record_without_key_value_or_headers_comes_back_so(log: Log) -> None:
    slot = log.slots("letters")[0]
    await log.append_to([(slot, None, b"v", ()), (slot, b"k", None, [("имя", "значение".encode())])])
    got = (await log.fetch({slot: 0}, 10))[slot]
    assert [(r.key, r.value, r.headers) for r in got] == [
        (None, b"v", []),
        (b"k", None, [("имя", "значение".encode())]),
    ]


async def test_a_time_is_found_by_its_records(log: Log, clock: FakeClock) -> None:
    start = clock.now()
    for n in range(20):
        await log.append([a_record(n)])
        clock.advance(timedelta(seconds=10))
    slot = log.slot_for("letters", b"anna")
    found = [await log.offset_for_time(slot, start + timedelta(seconds=s)) for s in (-5, 0, 5, 10, 95, 190, 191)]
    assert found == [0, 0, 1, 1, 10, 19, 20]


async def test_time_in_a_partition_never_goes_backwards(log: Log, clock: FakeClock) -> None:
    await log.append([a_record(0)])
    clock.advance(timedelta(hours=-1))
    await log.append([a_record(1)])
    slot = log.slot_for("letters", b"anna")
    stamps = [record.timestamp for record in (await log.fetch({slot: 0}, 10))[slot]]
    assert stamps[0] == stamps[1]


async def test_retention_drops_what_is_old(log: Log, clock: FakeClock) -> None:
    await log.create_topics([Topic("letters", "sender", partitions=2, retention=timedelta(days=1))])
    await log.append([a_record(0)])
    clock.advance(timedelta(days=2))
    await log.append([a_record(1)])
    await log.retain()
    assert await values(log) == [b"1"]


async def test_retention_drops_what_is_too_much(log: Log) -> None:
    await log.create_topics([Topic("letters", "sender", partitions=2, retention=None, retention_bytes=5_000)])
    for n in range(20):
        await log.append([a_record(n, size=1000)])
    await log.retain()
    slot = log.slot_for("letters", b"anna")
    assert slot.size <= 5_000
    assert (slot.first, slot.next) == (16, 20)


async def test_retention_keeps_what_the_slowest_group_has_not_read(log: Log, clock: FakeClock) -> None:
    await log.create_topics(
        [Topic("letters", "sender", partitions=2, retention=timedelta(days=1), retention_bytes=1)]
    )
    await log.join("quick", ["letters"])
    await log.join("slow", ["letters"])
    for n in range(10):
        await log.append([a_record(n)])
    clock.advance(timedelta(days=9))
    slot = log.slot_for("letters", b"anna")
    await log.commit("quick", {slot: 10})
    await log.retain()
    assert slot.first == 0
    await log.commit("slow", {slot: 4})
    await log.retain()
    assert await values(log) == [b"%d" % n for n in range(4, 10)]
    await log.forget_group("slow")
    await log.retain()
    assert (slot.first, slot.next) == (10, 10)


async def test_retention_keeps_a_row_of_which_a_group_has_read_only_a_part(log: Log) -> None:
    await log.create_topics([Topic("letters", "sender", partitions=2, retention=None, retention_bytes=1)])
    await log.join("slow", ["letters"])
    await log.append([a_record(n) for n in range(10)])  # one row
    slot = log.slot_for("letters", b"anna")
    await log.commit("slow", {slot: 4})
    await log.retain()
    assert [record.value for record in (await log.fetch({slot: 4}, 100))[slot]] == [b"%d" % n for n in range(4, 10)]
    await log.commit("slow", {slot: 10})
    await log.retain()
    assert (slot.first, slot.next) == (10, 10)


async def test_partitions_added_later_are_used_and_offsets_kept(log: Log) -> None:
    await log.append([a_record(n, key=f"k{n}") for n in range(50)])
    before = [slot.next for slot in log.slots("letters")]
    await log.create_topics([Topic("letters", "sender", partitions=6)])
    await log.append([a_record(n, key=f"k{n}") for n in range(50)])
    assert [slot.next >= old for slot, old in zip(log.slots("letters"), before, strict=False)] == [True, True]
    assert len([slot for slot in log.slots("letters") if slot.next]) == 6
    await log.create_topics([Topic("letters", "sender", partitions=3)])
    assert len(log.slots("letters")) == 6


async def test_a_full_disk_is_told_and_overcome(log: Log) -> None:
    await log.append([a_record(0)])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(BusUnavailable, match="did not confirm"):
            await log.append([a_record(n, size=1000) for n in range(1, 1000)])
        with pytest.raises(BusUnavailable):
            await log.append([a_record(n, size=1000) for n in range(1, 1000)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    await log.append([a_record(1)])
    await log.ping()
    assert await values(log) == [b"0", b"1"]


def broken_retention(log: Log, broken: Slot, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = log._floor

    def floor(slot: Slot) -> int:
        if slot is broken:
            raise LookupError("a fault")
        return whole(slot)

    monkeypatch.setattr(log, "_floor", floor)


async def test_retention_that_fails_for_one_partition_goes_on_with_the_others(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.create_topics([Topic("letters", "sender", partitions=2, retention=None, retention_bytes=1)])
    await log.append([a_record(n, key=f"k{n}") for n in range(20)])
    broken, whole = log.slots("letters")
    broken_retention(log, broken, monkeypatch)
    await log.retain()
    assert (broken.first, whole.first) == (0, whole.next)


async def test_retention_outlives_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, faults = Log(tmp_path / "bus.sqlite", retention_interval=0.01), 2
    done = asyncio.Event()

    async def retain() -> None:
        nonlocal faults
        faults -= 1
        if faults >= 0:
            raise LookupError("a fault")
        done.set()

    monkeypatch.setattr(log, "retain", retain)
    await log.open()
    async with asyncio.timeout(10):
        await done.wait()
    await log.close()


async def test_a_step_that_fails_fails_alone(log: Log) -> None:
    def faulty(transaction: Transaction) -> None:
        slot = log.slot_for("letters", b"anna")
        transaction.append([Chunk(slot, 1, b"never")])
        transaction.commit_offsets("never", {slot: 1})
        raise LookupError("a fault")

    def unwritable(transaction: Transaction) -> None:
        transaction.connection.execute("INSERT INTO topics VALUES (?, 1, 1, 1)", (["no", "text"],))

    def at_an_end(_: Transaction) -> None:
        next(iter(()))

    slot = log.slot_for("letters", b"anna")
    steps = [log._submit(step) for step in (faulty, unwritable, at_an_end)]
    jobs = [log.append([a_record(n)]) for n in range(50)]
    results = await asyncio.gather(
        *jobs[:20],
        steps[0],
        *jobs[20:30],
        steps[1],
        steps[2],
        *jobs[30:],
        log.commit("readers", {slot: 7}),
        return_exceptions=True,
    )
    errors = [result for result in results if isinstance(result, BaseException)]
    assert [type(error) for error in errors] == [LookupError, sqlite3.ProgrammingError, RuntimeError]
    assert await values(log) == [b"%d" % n for n in range(50)]
    assert [result[0][1] for result in results if isinstance(result, list)] == list(range(50))
    assert (slot.next, log.committed("readers", slot), log.committed_groups()) == (50, 7, {"readers"})


async def test_a_disk_that_fails_is_unavailable_for_all(log: Log) -> None:
    def no_disk(_: Transaction) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    begun, go = threading.Event(), threading.Event()

    def wait(_: Transaction) -> None:
        begun.set()
        go.wait()

    busy = asyncio.ensure_future(log._submit(wait))
    await asyncio.to_thread(begun.wait)
    # Both wait for the same transaction.
    both = asyncio.gather(log.append([a_record(0)]), log._submit(no_disk), return_exceptions=True)
    await asyncio.sleep(0)
    go.set()
    results = await both
    await busy
    assert [type(result) for result in results] == [BusUnavailable, BusUnavailable]
    await log.append([a_record(1)])
    assert await values(log) == [b"1"]


async def test_what_is_durable_is_shown_though_showing_it_failed(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Transaction) -> None:
        raise LookupError("a fault")

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "settle", fail)
        await log.append([a_record(0)])
    await log.append([a_record(1)])
    assert await values(log) == [b"0", b"1"]


async def test_a_group_that_is_forgotten_is_gone_and_an_unknown_one_is_told(log: Log) -> None:
    await log.join("readers", ["letters"])
    await log.forget_group("readers")
    assert log.committed_groups() == set()
    with pytest.raises(NotFound, match="no group readers"):
        await log.forget_group("readers")


async def test_a_log_that_is_not_open_is_unavailable(tmp_path: Path) -> None:
    log = Log(tmp_path / "bus.sqlite")
    with pytest.raises(BusUnavailable, match="not open"):
        await log.append([a_record(0)])


async def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BusUnavailable, match="cannot be opened"):
        await Log(tmp_path / "file" / "bus.sqlite").open()


_WRITER = """
import asyncio, sys
from pathlib import Path
from hub.bus.log import Log
from hub.contracts.base import Record
from hub.contracts.topics import Topic

async def write():
    log = Log(Path(sys.argv[1]))
    await log.open()
    await log.create_topics([Topic("letters", "sender", partitions=2)])
    for n in range(1_000_000):
        await log.append([Record(topic="letters", key=b"anna", value=b"%d" % n) for _ in range(3)])
        print(n, flush=True)

asyncio.run(write())
"""


@pytest.mark.slow
async def test_what_was_confirmed_outlives_a_kill(tmp_path: Path) -> None:
    for _ in range(3):
        confirmed = await asyncio.to_thread(_write_until_killed, tmp_path / "bus.sqlite")
        log = Log(tmp_path / "bus.sqlite")
        await log.open()
        try:
            slot = log.slot_for("letters", b"anna")
            kept = await values(log, limit=slot.next)
            runs = _runs(kept)
            # The last one may have become durable without being told.
            assert runs[-1] in (confirmed + 1, confirmed + 2)
            assert kept == [b"%d" % n for run in runs for n in range(run) for _ in range(3)]
            assert len(kept) == slot.next
        finally:
            await log.close()


def _runs(kept: list[bytes]) -> list[int]:
    """How far each run of the writer came: it counts from 0 each time."""
    starts = [index for index in range(0, len(kept), 3) if kept[index] == b"0"]
    return [(end - start) // 3 for start, end in zip(starts, [*starts[1:], len(kept)], strict=True)]


def _write_until_killed(file: Path) -> int:
    """The last number that the writer said was durable."""
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(file)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(150)]
        writer.kill()
        said += writer.stdout.readlines()
    return int([line for line in said if line.endswith("\n")][-1])
