"""The command that shows who reads an embedded hub's log, and forgets who is gone."""

import asyncio
import logging
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.bus.log import Log
from hub.cli import main
from hub.contracts.base import Record
from hub.contracts.topics import Topic
from hub.groups import lines
from hub.kit.settings import Source
from hub.process import Embedded, data_folder
from hub.testing.fakes import FakeClock

RECORD = Record(topic="letters", key=b"anna", value=b"1")


async def fill(data: Path, clock: FakeClock) -> None:
    log = Log(data / "bus.sqlite", clock)
    await log.open()
    await log.create_topics([Topic("letters", "sender", partitions=2)])
    await log.join("email.letters", ["letters"])
    await log.join("gone.letters", ["letters"])
    await log.append([RECORD] * 5)
    clock.advance(timedelta(minutes=5))
    await log.commit("email.letters", {log.slot_for("letters", b"anna"): 3})
    await log.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    asyncio.run(fill(tmp_path, FakeClock()))
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[Any, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capsys.readouterr()
    return ended.value.code, out, err


def listed(data: Path) -> list[str]:
    return list(lines(data, FakeClock().now() + timedelta(hours=1)))


def test_groups_are_listed_with_what_is_kept_for_them_and_their_last_commit(data: Path) -> None:
    assert listed(data) == [
        "email.letters\t2 records behind\tlast commit 0:55:00 ago",
        "gone.letters\t5 records behind\tlast commit 1:00:00 ago",
    ]


def test_a_log_of_an_older_version_is_listed_too(data: Path) -> None:
    with sqlite3.connect(data / "bus.sqlite") as connection:
        connection.execute("DROP TABLE commits")
    connection.close()
    assert listed(data)[0] == "email.letters\t2 records behind\tlast commit not known"


def test_groups_are_listed_beside_a_running_hub_but_not_forgotten(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with data_folder(data):
        code, out, _ = run(capsys, "groups", "list", "--data", str(data))
        assert (code, len(out.splitlines())) == (0, 2)
        code, out, err = run(capsys, "groups", "forget", "gone.letters", "--data", str(data))
    assert (code, out) == (2, "")
    assert err == f"omnihub: another hub runs on the data folder {data}; stop it, or choose another\n"
    assert len(listed(data)) == 2


def test_a_group_is_forgotten_once(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ("groups", "forget", "gone.letters", "--data", str(data))
    assert run(capsys, *command) == (0, "gone.letters is forgotten\n", "")
    assert [line.split("\t")[0] for line in listed(data)] == ["email.letters"]
    code, _, err = run(capsys, *command)
    assert (code, err.splitlines()) == (
        1,
        ["omnihub: the log has no group gone.letters; `omnihub groups list` shows those it has"],
    )


def test_a_folder_without_a_log_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for action in (["list"], ["forget", "x"]):
        code, _, err = run(capsys, "groups", *action, "--data", str(tmp_path / "none"))
        assert (code, err.count("\n")) == (2, 1)
    assert list(tmp_path.iterdir()) == []


async def test_a_hub_warns_at_start_of_groups_that_no_service_reads(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await fill(tmp_path, FakeClock())
    for gone in (True, False):
        if not gone:
            log = Log(tmp_path / "bus.sqlite")
            await log.open()
            for group in ("email.letters", "gone.letters"):
                await log.forget_group(group)
            await log.close()
        hub = Embedded(tmp_path, Source(environ={"OMNIHUB_GATEWAY__PASSWORD_MEMORY": "64"}))
        with caplog.at_level(logging.WARNING):
            await hub.start()
            await hub.stop()
        warned = [record for record in caplog.records if record.message == "bus.groups_unread"]
        assert [record.__dict__["hub_fields"]["groups"] for record in warned] == ["email.letters, gone.letters"]
