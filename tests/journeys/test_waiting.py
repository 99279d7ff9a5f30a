"""A message that waits says why, where it is looked at; and goes by itself when the reason is gone."""

from pathlib import Path
from typing import Any

import pytest

from hub.testing.customer import Customer
from hub.testing.processes import Api, add_mailbox, api, embedded, simulators
from hub.testing.waiting import until

pytestmark = pytest.mark.slow


def delivery(client: Api, message: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/interactions/{message['id']}")["delivery"]
    return found


def until_waits(client: Api, message: dict[str, Any], words: str) -> None:
    until(lambda: delivery(client, message), lambda now: now["state"] == "queued" and words in (now["reason"] or ""))


def test_a_message_says_why_it_waits_and_goes_when_it_need_not_any_more(tmp_path: Path) -> None:
    with (
        simulators(tmp_path / "outside") as outside,
        embedded(tmp_path / "hub") as hub,
        api(hub.facts()["api"]) as client,
    ):
        mailbox = add_mailbox(client, outside.facts())
        anna = Customer(outside.facts(), outside.facts()["cast"][0])
        anna.writes(mailbox["address"], "Где заказ?", "Когда?")
        (asked,) = until(lambda: client.all("/interactions"))
        path = f"/chains/{asked['chain_id']}/messages"
        (hub.data / "held").touch()
        until(lambda: client.outside("/healthz").json()["held"])
        message = client.post(path, json={"text": "Завтра."})
        until_waits(client, message, "the hub is held")
        client.post("/held/release")
        until(lambda: delivery(client, message)["state"] == "sent")
        assert "held" not in (delivery(client, message)["reason"] or "")
        outside.kill()
        message = client.post(path, json={"text": "Послезавтра."})
        until_waits(client, message, "refused")
        (channel,) = until(lambda: [c for c in client.get("/channels")["items"] if c["state"] == "red"])
        assert channel["queued"] == 1
