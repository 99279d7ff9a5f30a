"""A process has an identity that its successor inherits, and no other one has."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.channels.owner import Owner
from hub.channels.tenure import Tenure
from hub.store.leases import LEASES
from hub.store.sqlite import SqliteStore
from hub.testing.fakes import FakeClock

TTL = timedelta(seconds=15)
Start = Callable[[Path], Owner]


@pytest.fixture
def start() -> Iterator[Start]:
    """A process of the service on a folder."""
    started: list[Owner] = []

    def one(folder: Path) -> Owner:
        started.append(Owner(folder, "email"))
        return started[-1]

    yield one
    for owner in started:
        owner.release()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    made = SqliteStore(tmp_path / "leases.sqlite")
    made.collection(LEASES)
    await made.start()
    yield made
    await made.stop()


def a_copy(store: SqliteStore, owner: Owner, clock: FakeClock) -> Tenure:
    return Tenure(store.collection(LEASES), clock, owner.name, TTL)


async def test_of_two_hosts_of_one_name_one_holds_a_lease_and_the_other_takes_over_when_it_ends(
    store: SqliteStore, tmp_path: Path, start: Start
) -> None:
    clock = FakeClock()
    here, there = start(tmp_path / "here"), start(tmp_path / "there")
    ours, theirs = a_copy(store, here, clock), a_copy(store, there, clock)
    assert (await ours.take(["box_1"])).keys() == {"box_1"}
    assert await theirs.take(["box_1"]) == {}
    clock.advance(TTL)
    assert (await theirs.take(["box_1"]))["box_1"].epoch == 2


async def test_a_process_started_again_need_not_wait_for_its_leases(
    store: SqliteStore, tmp_path: Path, start: Start
) -> None:
    clock = FakeClock()
    before = start(tmp_path)
    await a_copy(store, before, clock).take(["box_1"])
    before.release()
    after = start(tmp_path)
    assert after.name == before.name
    assert (await a_copy(store, after, clock).take(["box_1"]))["box_1"].epoch == 1


def test_two_processes_on_one_folder_have_two_identities(tmp_path: Path, start: Start) -> None:
    assert start(tmp_path).name != start(tmp_path).name


def test_a_copied_folder_brings_no_identity(tmp_path: Path, start: Start) -> None:
    first = start(tmp_path / "first")
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    assert start(tmp_path / "second").name != first.name


def test_a_file_that_was_half_written_is_written_anew(tmp_path: Path, start: Start) -> None:
    owner = start(tmp_path)
    owner.release()
    (file,) = tmp_path.glob("*.lock")
    file.write_text(file.read_text()[:20])
    assert len(start(tmp_path).name.rpartition("/")[2]) == 32
