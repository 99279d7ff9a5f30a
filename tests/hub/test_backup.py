"""A backup is one instant of a running hub, whole or not there; a restore trusts nothing that it has not checked."""

import os
import sqlite3
import tarfile
import threading
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from pathlib import Path

import orjson
import pytest

from hub.backup import MANIFEST, backup, restore, snapshots
from hub.cli import main
from hub.kit.errors import ConfigurationError
from hub.kit.restraint import is_held

BLOB = "raw/2026/a@b=c.eml"


def a_hub(folder: Path) -> Path:
    """A data folder as a hub leaves it."""
    (folder / "blobs" / ".staging").mkdir(parents=True)
    (folder / "version").write_text("1\n")
    (folder / "secret.key").write_bytes(b"k" * 32)
    (folder / "omnihub.json").write_text("{}")
    (folder / "blobs" / ".staging" / "half").write_bytes(b"half")
    blob = folder / "blobs" / BLOB
    blob.parent.mkdir(parents=True)
    blob.write_bytes("Здравствуйте".encode() * 1000)
    for name in ("bus", "email", "interactions"):
        with closing(sqlite3.connect(folder / f"{name}.sqlite")) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE things (n INTEGER PRIMARY KEY)")
            connection.execute("INSERT INTO things VALUES (1)")
            connection.commit()
    return folder


def things(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        found: int = connection.execute("SELECT count(*) FROM things").fetchone()[0]
        return found


def test_what_was_backed_up_is_restored_and_held(tmp_path: Path) -> None:
    data, file, restored = a_hub(tmp_path / "data"), tmp_path / "hub.tar", tmp_path / "restored"
    summary = backup(data, str(file))
    assert summary.files == 6
    assert file.stat().st_mode & 0o077 == 0
    assert restore(str(file), restored) == summary
    kept = sorted(str(p.relative_to(restored)) for p in restored.rglob("*") if p.is_file())
    assert kept == [
        f"blobs/{BLOB}", "bus.sqlite", "email.sqlite", "held", "interactions.sqlite", "secret.key", "version",
    ]  # fmt: skip
    assert (restored / "blobs" / BLOB).read_bytes() == (data / "blobs" / BLOB).read_bytes()
    assert things(restored / "email.sqlite") == 1
    assert is_held(restored)


def test_the_cut_is_one_instant_over_all_databases(tmp_path: Path) -> None:
    """What is written first into one and then into the other is never there in the other alone."""
    data = a_hub(tmp_path / "data")
    first, second = data / "bus.sqlite", data / "interactions.sqlite"
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(first, timeout=30)) as one, closing(sqlite3.connect(second, timeout=30)) as two:
            number = 1
            while not stop.is_set():
                number += 1
                for connection in (one, two):
                    connection.execute("INSERT INTO things VALUES (?)", (number,))
                    connection.commit()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(50):
            with snapshots([first, second]) as readers:
                counts = [
                    readers[path].execute("SELECT count(*) FROM things").fetchone()[0] for path in (first, second)
                ]
                assert counts[0] - counts[1] in (0, 1)
    finally:
        stop.set()
        writer.join()
    assert things(first) > 1


def test_a_folder_that_holds_something_is_not_overwritten(tmp_path: Path) -> None:
    data, file = a_hub(tmp_path / "data"), tmp_path / "hub.tar"
    backup(data, str(file))
    with pytest.raises(ConfigurationError, match="is not empty"):
        restore(str(file), data)
    (tmp_path / "empty").mkdir()
    restore(str(file), tmp_path / "empty")
    assert is_held(tmp_path / "empty")


def test_what_is_no_hub_is_not_backed_up(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds no hub's data"):
        backup(tmp_path, str(tmp_path / "hub.tar"))
    with pytest.raises(ConfigurationError, match="cannot be written"):
        backup(a_hub(tmp_path / "data"), "/proc/nowhere/hub.tar")
    assert list(tmp_path.glob("*.tar*")) == []


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _flipped(content: bytes) -> bytes:
    place = content.index("Здрав".encode())
    return content[:place] + b"X" + content[place + 1 :]


def _other(_content: bytes) -> bytes:
    return b"no tar at all"


def _nothing(_content: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("damage", [_cut, _flipped, _other, _nothing])
def test_a_damaged_backup_makes_no_folder(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    file = tmp_path / "hub.tar"
    backup(a_hub(tmp_path / "data"), str(file))
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ConfigurationError, match=r"damaged|no whole backup|format"):
        restore(str(file), tmp_path / "restored")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "hub.tar"]


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/omnihub", "blobs/../../outside", "omnihub.json", "a.sqlite/../b"]
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "evil.tar"
    with tarfile.open(file, "w") as tar:
        for entry, content in ((name, b"x"), (MANIFEST, orjson.dumps({"format": 1, "files": []}))):
            info = tarfile.TarInfo(entry)
            info.size = len(content)
            tar.addfile(info, BytesIO(content))
    with pytest.raises(ConfigurationError, match="no name that a backup has"):
        restore(str(file), tmp_path / "in" / "restored")
    assert not (tmp_path / "outside").exists()


def test_a_link_in_a_backup_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "evil.tar"
    with tarfile.open(file, "w") as tar:
        info = tarfile.TarInfo("secret.key")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)
    with pytest.raises(ConfigurationError, match=r"is no file|damaged|no whole"):
        restore(str(file), tmp_path / "restored")


@pytest.mark.parametrize(
    "name", ["blobs/raw/with space", "blobs/raw/письмо.eml", "blobs/raw/broken-\udcff", "emails (copy).sqlite"]
)
def test_what_a_restore_would_refuse_is_left_out_and_named(tmp_path: Path, name: str) -> None:
    data, file, said = a_hub(tmp_path / "data"), tmp_path / "hub.tar", list[str]()
    (data / name).write_bytes(b"not of the hub")
    summary = backup(data, str(file), progress=said.append)
    assert f"{name!r} is left out: no hub gives such names" in said
    assert restore(str(file), tmp_path / "restored") == summary
    assert summary.files == 6


def test_a_blob_that_goes_after_it_was_listed_does_not_end_the_backup(tmp_path: Path) -> None:
    data, file, said = a_hub(tmp_path / "data"), tmp_path / "hub.tar", list[str]()
    folder = data / "blobs" / "reread"
    folder.mkdir()
    for number in range(1000):
        (folder / f"{number:04}").write_bytes(b"x")

    def watch(words: str) -> None:
        said.append(words)
        if words == "1,000 files":
            (folder / "0999").unlink()

    assert backup(data, str(file), progress=watch).files == 6 + 999
    assert "blobs/reread/0999 was removed meanwhile" in said
    with tarfile.open(file) as tar:
        assert "blobs/reread/0998" in tar.getnames()


def test_whatever_is_restored_is_on_the_disk_before_the_folder_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, restored = tmp_path / "hub.tar", tmp_path / "new" / "place" / "restored"
    backup(a_hub(tmp_path / "data"), str(file))
    synced: list[tuple[str, bool]] = []

    def fsync(descriptor: int) -> None:
        synced.append((str(Path(f"/proc/self/fd/{descriptor}").readlink()), restored.exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    restore(str(file), restored)
    before = {path.rpartition("/data/")[2] if "/data/" in path else path for path, there in synced if not there}
    inside = {str(path.relative_to(restored)) for path in restored.rglob("*")}
    assert inside - before - {"held"} <= {
        f"{name}.sqlite-{kind}" for name in ("bus", "email", "interactions") for kind in ("wal", "shm")
    }
    assert any(path.endswith("/data") for path in before)
    after = {path for path, there in synced if there}
    assert {str(folder) for folder in (restored.parent, tmp_path / "new", tmp_path)} <= after


def test_the_commands_say_what_they_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, file, restored = a_hub(tmp_path / "data"), tmp_path / "hub.tar", tmp_path / "restored"
    for arguments in (["backup", str(file), "--data", str(data)], ["restore", str(file), "--data", str(restored)]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0
    assert "It is held" in capsys.readouterr().out
    for words in ("is released", "was not held"):
        with pytest.raises(SystemExit):
            main(["release", "--data", str(restored)])
        assert words in capsys.readouterr().out
    assert not is_held(restored)
