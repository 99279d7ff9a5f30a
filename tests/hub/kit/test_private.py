"""Folders that nobody else looks into."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.cli import main
from hub.kit.private import make_private


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    return {path.name: oct(path.stat().st_mode & 0o777) for path in (folder, *folder.rglob("*"))}


def test_a_new_folder_is_private(tmp_path: Path) -> None:
    make_private(tmp_path / "data")
    assert modes(tmp_path / "data") == {"data": "0o700"}


def test_what_others_could_look_into_is_narrowed_with_all_that_is_in_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "blobs").mkdir(parents=True)
    (data / "blobs" / "letter").touch()
    (data / "link").symlink_to("/etc/passwd")
    make_private(data)
    (data / "link").unlink()
    assert modes(data) == {"data": "0o700", "blobs": "0o700", "letter": "0o600"}


def test_in_a_private_folder_what_lies_on_top_is_looked_at(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "gateway.sqlite").touch()
    make_private(tmp_path)
    assert modes(tmp_path)["gateway.sqlite"] == "0o600"


def test_what_a_command_writes_is_private(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["hold", "--data", str(tmp_path)])
    assert (ended.value.code, modes(tmp_path)["held"]) == (0, "0o600")
