"""What a person does from the command line."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.testing.customer import Customer
from hub.testing.processes import PASSWORD, ROOT, HubProcess, api, embedded, simulators
from hub.testing.waiting import PATIENCE, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with simulators(tmp_path_factory.mktemp("outside")) as outside:
        yield outside.facts()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    with embedded(tmp_path_factory.mktemp("hub"), OMNIHUB_EMAIL__MAX_MAIL_SIZE="20000") as running:
        yield running


def omnihub(hub: HubProcess, *arguments: str, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    """Runs the command against the hub and returns what it said."""
    url = hub.facts()["api"]
    action, *rest = arguments
    return subprocess.run(
        [sys.executable, "-m", "hub", action, rest[0], "--api", url, *rest[1:]],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMNIHUB_ADMIN_PASSWORD": password},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def add_arguments(mail: dict[str, Any], number: int, password: str = "") -> list[str]:
    account = mail["mailboxes"][number]
    plain = ["--imap-security", "plain", "--smtp-security", "plain"]
    servers = ["--imap", mail["imap"], "--smtp", mail["smtp"]]
    return [
        account["address"],
        *servers,
        *plain,
        "--user",
        account["user"],
        "--password",
        password or account["password"],
    ]


def test_a_mailbox_is_added_once_both_logins_work(hub: HubProcess, mail: dict[str, Any]) -> None:
    refused = omnihub(hub, "mailboxes", "add", *add_arguments(mail, 1, "wrong"))
    assert refused.returncode == 1
    assert "imap: " in refused.stderr
    assert "smtp: " in refused.stderr
    added = omnihub(hub, "mailboxes", "add", *add_arguments(mail, 1))
    assert added.returncode == 0, added.stderr
    listed = omnihub(hub, "mailboxes", "list")
    assert added.stdout.strip() in listed.stdout
    assert mail["mailboxes"][1]["address"] in listed.stdout


def test_a_mail_above_the_limit_is_a_dead_letter_that_can_be_shown_replayed_and_discarded(
    hub: HubProcess, mail: dict[str, Any]
) -> None:
    assert omnihub(hub, "mailboxes", "add", *add_arguments(mail, 0)).returncode == 0
    anna, support = Customer(mail, mail["cast"][0]), mail["mailboxes"][0]["address"]
    anna.writes(support, "Очень длинное письмо", "много букв " * 5_000)
    anna.writes(support, "Короткое письмо", "мало букв")
    listed = until(lambda: omnihub(hub, "dead-letters", "list").stdout)
    letter, state, topic, _, reason = listed.strip().split("\t")
    assert (state, topic) == ("open", "raw.email")
    assert "refused" in reason
    assert "limit" in reason
    with api(hub.facts()["api"]) as client:
        until(lambda: [i for i in client.all("/interactions") if i["subject"] == "Короткое письмо"])
        shown = orjson.loads(omnihub(hub, "dead-letters", "show", letter).stdout)
        assert shown["sender"] == f"{anna.name} <{anna.address}>"
        assert omnihub(hub, "dead-letters", "replay", letter).returncode == 0
        until(lambda: [i for i in client.all("/interactions") if i["subject"] == "Очень длинное письмо"])
    discarded = omnihub(hub, "dead-letters", "discard", letter, "--reason", "прочитали")
    assert "прочитали" in discarded.stdout + discarded.stderr


def test_a_wrong_password_and_a_hub_that_is_not_there_are_told_in_one_line(hub: HubProcess, tmp_path: Path) -> None:
    wrong = omnihub(hub, "mailboxes", "list", password="wrong")
    assert wrong.returncode == 1
    assert wrong.stderr.count("\n") == 1
    nowhere = subprocess.run(
        [sys.executable, "-m", "hub", "mailboxes", "list", "--data", str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert nowhere.returncode == 2
    assert "no hub runs on" in nowhere.stderr


def test_a_mail_is_inspected_without_a_hub(tmp_path: Path) -> None:
    letter = tmp_path / "letter.eml"
    letter.write_bytes("From: Анна <anna@example.com>\r\nSubject: Привет\r\n\r\nКак дела?\r\n".encode())
    done = subprocess.run(
        [sys.executable, "-m", "hub", "inspect", "email", str(letter)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    (line,) = done.stdout.splitlines()
    told = orjson.loads(line)
    assert (done.returncode, told["error"]) == (0, None)
    assert (told["subject"], told["from"], told["text"].strip()) == (
        "Привет",
        {"name": "Анна", "address": "anna@example.com"},
        "Как дела?",
    )
