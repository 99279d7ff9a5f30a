"""One service of a distributed hub is killed (SIGKILL) at a seam and started again: the same promises as embedded.

The seams are those at which the footings differ: Kafka's confirmation, MongoDB's, and offsets that are not committed.
"""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.kit.ids import fresh
from hub.testing.customer import Customer
from hub.testing.processes import Api, Distributed, HubProcess, add_mailbox, api, simulators
from hub.testing.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.connected]

RECEIVING = (
    ("email", "email.before_cursor"),
    ("interactions", "interactions.after_state"),
    ("interactions", "bus.after_handle.inbound"),
)
SENDING = {
    ("interactions", "outbox.before_publish.outbound.email"): ("sent", 1),
    ("email", "email.after_intent"): ("unknown", 0),
}
"""What the answer is shown as afterwards, and how many copies of it the client has."""


@dataclass
class Parted:
    """A distributed hub with one mailbox, of which one service is killed at a time."""

    hub: Distributed
    mail: dict[str, Any]
    client: Api

    @property
    def support(self) -> str:
        return str(self.mail["mailboxes"][0]["address"])

    @property
    def anna(self) -> Customer:
        return Customer(self.mail, self.mail["cast"][0])

    def dies_at(self, service: str, seam: str) -> HubProcess:
        """The service, started again to die at a seam."""
        copy = self.hub.copies[service]
        copy.stop()
        copy.environ["OMNIHUB_SEAM"] = seam
        copy.start()
        return copy

    def of_subject(self, subject: str) -> list[dict[str, Any]]:
        """Nothing while the service that knows is away."""
        answer = self.client.request("GET", "/interactions", params={"limit": 500})
        return [i for i in answer.json()["items"] if i["subject"] == subject] if answer.is_success else []


@pytest.fixture(scope="module")
def parted(tmp_path_factory: pytest.TempPathFactory, kafka_server: Any, mongo_server: Any) -> Iterator[Parted]:
    folder: Path = tmp_path_factory.mktemp("parted")
    with simulators(folder / "outside") as outside:
        servers = {"kafka": kafka_server.bootstrap, "mongo": mongo_server.url, "database": fresh("kills")}
        hub = Distributed(folder / "hub", **servers)
        hub.start()
        try:
            with api(hub.facts()["api"]) as client:
                add_mailbox(client, outside.facts())
                yield Parted(hub, outside.facts(), client)
        finally:
            hub.stop()


def revive(copy: HubProcess) -> None:
    assert copy.wait() == -signal.SIGKILL
    copy.environ["OMNIHUB_SEAM"] = ""
    copy.start()


@pytest.mark.parametrize(("service", "seam"), RECEIVING)
def test_a_service_killed_while_receiving_loses_nothing_and_invents_nothing(
    parted: Parted, service: str, seam: str
) -> None:
    copy = parted.dies_at(service, seam)
    subjects = [f"{seam} {number}" for number in range(3)]
    for subject in subjects:
        parted.anna.writes(parted.support, subject, "Здравствуйте!")
    revive(copy)
    for subject in subjects:
        found = until(lambda subject=subject: parted.of_subject(subject))  # type: ignore[misc]
        assert len(found) == 1
    assert parted.client.get("/dead-letters")["items"] == []


@pytest.mark.parametrize(("service", "seam"), SENDING)
def test_a_service_killed_while_sending_sends_once_or_says_unknown(parted: Parted, service: str, seam: str) -> None:
    parted.anna.writes(parted.support, f"Вопрос {seam}", "Когда?")
    (question,) = until(lambda: parted.of_subject(f"Вопрос {seam}"))
    copy = parted.dies_at(service, seam)
    path = f"/chains/{question['chain_id']}/messages"
    press: dict[str, Any] = {"json": {"text": f"Завтра ({seam})."}, "headers": {"Idempotency-Key": seam}}
    until(lambda: parted.client.request("POST", path, **press).status_code < 500 or not copy.running)
    revive(copy)
    answer = until(lambda: parted.client.request("POST", path, **press), lambda found: found.is_success).json()
    state, copies = SENDING[service, seam]
    shown = f"/interactions/{answer['id']}"
    until(lambda: parted.client.get(shown)["delivery"], lambda delivery: delivery["state"] == state)
    got = [mail for mail in parted.anna.mails() if answer["id"] in str(mail["Message-ID"])]
    assert len(got) == copies
