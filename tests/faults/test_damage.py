"""A data folder of which something was lost or spoilt: one clear line that says what to do, exit code 2."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from hub.testing.customer import Customer
from hub.testing.processes import Api, HubProcess, add_mailbox, api, embedded, simulators
from hub.testing.waiting import PATIENCE, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> HubProcess:
    """A hub that took three mails and was killed: its write-ahead logs are there."""
    folder: Path = tmp_path_factory.mktemp("damage")
    hub = embedded(folder / "hub")
    with simulators(folder / "outside") as outside:
        hub.start()
        with api(hub.facts()["api"]) as client:
            add_mailbox(client, outside.facts())
            anna = Customer(outside.facts(), outside.facts()["cast"][0])
            for number in range(3):
                anna.writes(outside.facts()["mailboxes"][0]["address"], f"Вопрос {number}", "Когда?")
            until(lambda: len(client.all("/interactions")) == 3)
        hub.kill()
    return hub


def lose(*names: str) -> Callable[[Path], None]:
    def mangle(folder: Path) -> None:
        for name in names:
            (folder / name).unlink(missing_ok=True)

    return mangle


def overwrite(name: str, start: int, size: int) -> Callable[[Path], None]:
    """Of what is in the file itself: what is in its write-ahead log mends it."""

    def mangle(folder: Path) -> None:
        checkpoint(folder / name)
        with (folder / name).open("r+b") as file:
            file.seek(start)
            file.write(b"\xaa" * size)

    return mangle


def checkpoint(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def tear(folder: Path) -> None:
    """A page in the middle is not what was written."""
    file = folder / "interactions.sqlite"
    checkpoint(file)
    overwrite(file.name, file.stat().st_size // 2, 8192)(folder)


def everything_of(name: str) -> tuple[str, str, str]:
    return (name, f"{name}-wal", f"{name}-shm")


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a torn page": (tear, "interactions.sqlite is damaged"),
    "no head": (overwrite("email.sqlite", 0, 100), "email.sqlite is damaged"),
    "a spoilt bus": (overwrite("bus.sqlite", 0, 100), "bus.sqlite is damaged"),
    "a lost write-ahead log": (lose("interactions.sqlite-wal", "interactions.sqlite-shm"), "interactions.sqlite is"),
    "a lost store": (lose(*everything_of("interactions.sqlite")), "interactions.sqlite is missing"),
    "a lost bus": (lose(*everything_of("bus.sqlite")), "bus.sqlite is missing"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_folder_is_refused_with_one_line_that_says_what_to_do(
    killed: HubProcess, tmp_path: Path, damage: str
) -> None:
    shutil.copytree(killed.data, tmp_path / "hub")
    mangle, words = DAMAGES[damage]
    mangle(tmp_path / "hub")
    hub = embedded(tmp_path / "hub")
    process = hub._launched(tmp_path / "output.log")
    assert process.wait(PATIENCE) == 2
    said = (tmp_path / "output.log").read_text()
    told = [line for line in said.splitlines() if line.startswith("omnihub: ")]
    assert len(told) == 1, said
    assert words in told[0]
    assert "restore" in told[0]
    assert "Traceback" not in said


def test_a_folder_that_is_whole_after_a_kill_starts_and_has_everything(killed: HubProcess, tmp_path: Path) -> None:
    shutil.copytree(killed.data, tmp_path / "hub")
    with embedded(tmp_path / "hub") as hub:
        client = Api(hub.facts()["api"])
        assert len(client.all("/interactions")) == 3
        client.close()


def test_who_accepts_the_loss_goes_on_without_what_is_lost(killed: HubProcess, tmp_path: Path) -> None:
    shutil.copytree(killed.data, tmp_path / "hub")
    lose(*everything_of("interactions.sqlite"))(tmp_path / "hub")
    with embedded(tmp_path / "hub", OMNIHUB_HUB__ACCEPT_LOSS="interactions") as hub:
        client = Api(hub.facts()["api"])
        # What the bus had not been told was read comes again.
        assert len(client.all("/interactions")) < 3
        client.close()
    with embedded(tmp_path / "hub"):
        """The next start asks for nothing."""


def test_a_lost_key_is_said_by_the_names_of_what_it_opened_and_the_hub_goes_on(
    killed: HubProcess, tmp_path: Path
) -> None:
    shutil.copytree(killed.data, tmp_path / "hub")
    (tmp_path / "hub" / "secret.key").unlink()
    with embedded(tmp_path / "hub") as hub:
        client = Api(hub.facts()["api"])
        (channel,) = until(lambda: [c for c in client.get("/channels")["items"] if c["state"] == "red"])
        assert "restore that file from the backup" in channel["reason"]
        ready = client.outside("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        assert channel["address"] in ready.json()["degraded"]["mailbox secrets"]
        assert len(client.all("/interactions")) == 3
        client.close()
