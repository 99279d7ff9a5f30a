"""Mailboxes through the API: tried before they are saved, never shown with a password."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from hub.channels.simulators.mail import MailSimulator
from hub.contracts.interaction import DeliveryState
from hub.testing.waiting import PATIENCE, eventually
from tests.services.email.conftest import OURS, SALES, EmailHarness


async def added(harness: EmailHarness, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = await harness.api.post("/mailboxes", json=given)
    return answer.status_code, answer.json()


def refused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_mailbox_is_shown_without_its_passwords(harness: EmailHarness) -> None:
    status, shown = await added(harness, harness.mailbox(SALES))
    assert status == 201
    assert shown["imap"] == {
        "host": "127.0.0.1",
        "port": harness.simulator.imap_port,
        "security": "plain",
        "user": "sales",
        "oauth": None,
    }
    listed = (await harness.api.get("/mailboxes")).text + (await harness.api.get(f"/mailboxes/{shown['id']}")).text
    assert "password" not in listed


async def test_passwords_are_sealed_in_the_store(harness: EmailHarness) -> None:
    await harness.until_healthy("green")
    await harness.stop()
    stored = b"".join(path.read_bytes() for path in harness.data.glob("email.sqlite*"))
    assert b"support@romashka.example" in stored
    assert b"support-password" not in stored
    await harness.start()


async def test_the_id_comes_from_the_address_and_the_address_counts_once(harness: EmailHarness) -> None:
    status, problem = await added(harness, harness.mailbox(OURS.upper()))
    assert status == 409
    assert harness.mailbox_id in problem["detail"]


async def test_a_wrong_password_names_the_login_that_failed(harness: EmailHarness) -> None:
    wrong = harness.server(harness.simulator.imap_port, "sales", password="wrong")
    status, problem = await added(harness, harness.mailbox(SALES, imap=wrong))
    assert status == 422
    assert list(problem["errors"]) == ["imap"]
    assert problem["errors"]["imap"].startswith("login refused: ")
    assert problem["errors"]["imap"].endswith("check user and password")


async def test_both_logins_are_tried_and_both_failures_told(harness: EmailHarness) -> None:
    imap = harness.server(refused_port(), "sales")
    smtp = harness.server(harness.simulator.smtp_port, "sales", password="wrong")
    status, problem = await added(harness, harness.mailbox(SALES, imap=imap, smtp=smtp))
    assert status == 422
    assert problem["errors"]["imap"].startswith("the connection was refused")
    assert problem["errors"]["smtp"].startswith("login refused: 535")
    assert (await harness.api.get("/mailboxes")).json()["items"][1:] == []


async def test_a_host_that_does_not_exist_is_told_as_such(harness: EmailHarness) -> None:
    imap = harness.server(143, "sales", host="no-such-host.invalid")
    _, problem = await added(harness, harness.mailbox(SALES, imap=imap))
    assert problem["errors"]["imap"].startswith("no such host")


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_server_without_tls_is_told_as_such(harness: EmailHarness, security: str) -> None:
    imap = harness.server(harness.simulator.imap_port, "sales", security=security)
    smtp = harness.server(harness.simulator.smtp_port, "sales", security=security)
    _, problem = await added(harness, harness.mailbox(SALES, imap=imap, smtp=smtp))
    assert sorted(problem["errors"]) == ["imap", "smtp"]
    assert problem["errors"]["imap"].startswith("no secure connection")


@pytest.mark.slow
async def test_a_server_that_hangs_is_told_within_the_time_out(harness: EmailHarness) -> None:
    await harness.restart(OMNIHUB_EMAIL__TRIAL_TIMEOUT="0.5")
    harness.simulator.faults.hang()
    async with asyncio.timeout(PATIENCE):
        _, problem = await added(harness, harness.mailbox(SALES))
    assert {words.split(";")[0] for words in problem["errors"].values()} == {"no answer in time"}
    harness.simulator.faults.resume()


async def test_a_port_of_another_protocol_is_told_as_such(harness: EmailHarness) -> None:
    imap = harness.server(harness.simulator.smtp_port, "sales")
    smtp = harness.server(harness.simulator.imap_port, "sales")
    _, problem = await added(harness, harness.mailbox(SALES, imap=imap, smtp=smtp))
    assert sorted(problem["errors"]) == ["imap", "smtp"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("address", "not an address"),
        ("address", "Anna <anna@x.example>"),
        ("name", "two\r\nlines"),
        ("imap.port", 0),
        ("imap.security", "ssl"),
        ("imap.user", "a\r\nb"),
        ("smtp.password", "a\nb"),
        ("smtp.host", "a host"),
        ("colour", "red"),
    ],
)
async def test_bad_input_names_the_field(harness: EmailHarness, field: str, value: object) -> None:
    given = harness.mailbox(SALES)
    target: Any = given
    *way, last = field.split(".")
    for step in way:
        target = target[step]
    target[last] = value
    status, problem = await added(harness, given)
    assert status == 422
    assert list(problem["errors"]) == [field]


async def test_a_change_of_password_is_tried_and_used(harness: EmailHarness) -> None:
    await harness.until_healthy("green")
    path = f"/mailboxes/{harness.mailbox_id}"
    refused = await harness.api.patch(path, json={"imap": {"password": "wrong"}})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["imap"])
    changed = await harness.api.patch(path, json={"imap": {"password": "support-password"}, "name": "Новое имя"})
    assert (changed.status_code, changed.json()["name"]) == (200, "Новое имя")
    harness.customer_writes("still here")
    await harness.arrivals(1)
    numbers = count()

    async def newest_sender() -> str:
        message = harness.message(f"number {next(numbers)}")
        await harness.give(message)
        await harness.delivery(message, DeliveryState.SENT)
        return str(harness.simulator.sent[-1].message["From"])

    # What is given while the worker changes may leave under the old name.
    await eventually(newest_sender, lambda sender: "Новое имя" in sender)


async def test_a_mailbox_is_tried_as_it_is_kept_and_says_what_does_not_work(harness: EmailHarness) -> None:
    path = f"/mailboxes/{harness.mailbox_id}/try"
    assert (await harness.api.post(path)).json() == {"works": True, "failures": {}}
    await harness.simulator.stop()
    told = (await harness.api.post(path)).json()
    assert (told["works"], sorted(told["failures"])) == (False, ["imap", "smtp"])
    assert told["failures"]["imap"].startswith("the connection was refused")
    assert (await harness.api.post("/mailboxes/mb_none/try")).status_code == 404


async def test_a_removed_mailbox_stops_and_what_waits_for_it_has_failed(harness: EmailHarness) -> None:
    await harness.until_healthy("green")
    await harness.simulator.stop()
    message = harness.message("too late")
    await harness.give(message)
    await harness.delivery(message, DeliveryState.QUEUED)
    assert (await harness.api.delete(f"/mailboxes/{harness.mailbox_id}")).status_code == 204
    failed = await harness.delivery(message, DeliveryState.FAILED)
    assert "removed" in (failed.reason or "")
    await harness.simulator.start()
    harness.customer_writes("to nobody")
    await asyncio.sleep(0.5)
    assert await harness.channels() == []
    assert (await harness.api.get(f"/mailboxes/{harness.mailbox_id}")).status_code == 404


async def test_a_removed_mailbox_can_be_added_again_and_goes_on(harness: EmailHarness) -> None:
    harness.customer_writes("before")
    await harness.arrivals(1)
    await harness.api.delete(f"/mailboxes/{harness.mailbox_id}")
    harness.customer_writes("meanwhile")
    status, shown = await added(harness, harness.mailbox())
    assert (status, shown["id"]) == (201, harness.mailbox_id)
    assert [event.text.strip() for event in await harness.arrivals(2)] == ["before", "meanwhile"]


@pytest.fixture
async def unlooking(
    tmp_path: Path, simulator: MailSimulator, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[EmailHarness]:
    """Looks at the set of mailboxes only when it is told to."""
    monkeypatch.setattr("hub.channels.workers.LOOK", timedelta(seconds=10 * PATIENCE))
    made = EmailHarness(tmp_path, simulator)
    await made.open()
    yield made
    await made.close()


async def test_a_mailbox_added_late_is_followed_at_once(unlooking: EmailHarness) -> None:
    await added(unlooking, unlooking.mailbox(SALES))
    unlooking.customer_writes("to sales", to=SALES)
    await unlooking.arrivals(1)


async def test_how_a_mailbox_is_survives_a_restart(harness: EmailHarness) -> None:
    harness.customer_writes("hello")
    await harness.arrivals(1)
    await harness.until_healthy("green")
    await harness.stop()
    await harness.start()
    assert (await harness.until_healthy("green")).last_in is not None


async def test_metrics_count_what_came(harness: EmailHarness) -> None:
    harness.customer_writes("counted")
    await harness.arrivals(1)
    metrics = (await harness.api.get("/metrics")).text
    assert f'omnihub_email_received_total{{mailbox="{harness.mailbox_id}"}}' in metrics
