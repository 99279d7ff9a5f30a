"""A start that cannot be: one clear line, exit code 2, nothing touched."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hub.testing.processes import ROOT, embedded
from hub.testing.waiting import PATIENCE, until

pytestmark = pytest.mark.slow


def refused(*arguments: str, **environ: str) -> str:
    """The one line that a refused command says."""
    done = subprocess.run(
        [sys.executable, "-m", "hub", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_a_busy_port_is_refused_and_no_data_folder_is_made(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = str(busy.getsockname()[1])
        said = refused("up", "--data", str(tmp_path / "hub"), "--port", port)
    assert f"cannot listen on 127.0.0.1:{port}" in said
    assert "--port" in said
    assert not (tmp_path / "hub").exists()


def test_a_second_hub_on_the_same_data_folder_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with embedded(tmp_path / "hub", forked=False) as hub:
        facts = hub.facts()
        said = refused("up", "--data", str(tmp_path / "hub"), "--port", "0")
        assert "another hub runs on the data folder" in said
        assert hub.facts() == facts
        assert hub.running


def test_a_data_folder_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "version").write_text("999\n")
    said = refused("up", "--data", str(tmp_path), "--port", "0")
    assert "version 999" in said
    assert [path.name for path in tmp_path.iterdir()] == ["version"]


def test_a_setting_that_is_mistyped_is_refused_by_its_name(tmp_path: Path) -> None:
    said = refused("up", "--data", str(tmp_path / "hub"), OMNIHUB_HUB__PROT="1")
    assert "[hub] prot" in said


def test_an_unknown_service_and_a_missing_token_are_refused(tmp_path: Path) -> None:
    assert "there is no service 'mail'" in refused("serve", "mail", "--data", str(tmp_path), OMNIHUB_PEERS__TOKEN="x")
    assert "OMNIHUB_PEERS__TOKEN" in refused("serve", "email", "--data", str(tmp_path))


def test_a_hub_stopped_by_a_signal_ends_well_and_leaves_no_description(tmp_path: Path) -> None:
    hub = embedded(tmp_path / "hub", forked=False)
    hub.start()
    process = hub._process
    hub.stop()
    assert process is not None
    assert process.returncode == 0
    assert not (tmp_path / "hub" / "omnihub.json").exists()
    assert "Traceback" not in hub.output()


def test_a_hub_signalled_while_it_starts_ends_as_well_as_any(tmp_path: Path) -> None:
    for reached in ("version", "bus.sqlite", "gateway.sqlite"):
        folder = tmp_path / reached
        folder.mkdir()
        process = embedded(folder, forked=False)._launched(folder.with_suffix(".log"))
        until(lambda file=folder / reached: file.exists())
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert not (folder / "omnihub.json").exists()
        assert "Traceback" not in folder.with_suffix(".log").read_text()


def test_nobody_else_reads_the_data_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        (tmp_path / "hub" / "blobs").mkdir(parents=True)
        (tmp_path / "hub" / "blobs" / "older").write_text("of an older version")
        with embedded(tmp_path / "hub", forked=False) as hub:
            names = {path.name for path in hub.data.rglob("*") if path.name != "output.log"}
            open_to_others = [path for path in (hub.data, *hub.data.rglob("*")) if path.stat().st_mode & 0o077]
    finally:
        os.umask(before)
    assert {"gateway.sqlite", "gateway.sqlite-wal", "gateway.sqlite-shm", "secret.key", "omnihub.json"} <= names
    assert [path.name for path in open_to_others] in ([], ["output.log"])
