"""The hub is killed (SIGKILL) at every seam; after a restart every mail is there once and every answer went once."""

import contextlib
import signal
from typing import Any

import httpx
import pytest

from hub.testing.processes import Api
from hub.testing.waiting import until

pytestmark = pytest.mark.slow

RECEIVING = (
    "email.after_fetch",
    "email.after_blob",
    "email.after_publish",
    "email.before_cursor",
    "interactions.after_claims",
    "interactions.after_state",
    "interactions.after_publish",
    "outbox.before_publish",
    "outbox.after_publish",
    "bus.after_handle.inbound",
)
SENDING = {
    "outbox.before_publish.outbound.email": ("sent", 1),
    "outbox.after_publish.outbound.email": ("sent", 1),
    "email.after_intent": ("unknown", 0),
    "email.after_data": ("unknown", 1),
    "email.after_outcome": ("sent", 1),
}
"""What the answer is shown as afterwards, and how many copies of it the client has."""


def of_subject(client: Api, subject: str) -> list[dict[str, Any]]:
    return [i for i in client.all("/interactions") if i["subject"] == subject]


@pytest.mark.parametrize("seam", RECEIVING)
def test_a_hub_killed_while_receiving_loses_nothing_and_invents_nothing(world: Any, seam: str) -> None:
    client = world.start(seam=seam)
    client.close()
    for number in range(5):
        world.customer(0).writes(world.support, f"{seam} {number}", "Здравствуйте!")
    assert world.hub.wait() == -signal.SIGKILL
    client = world.start()
    wanted = {f"{seam} {number}" for number in range(5)}
    until(lambda: {i["subject"] for i in client.all("/interactions")} >= wanted)
    found = [i for i in client.all("/interactions") if i["subject"] in wanted]
    assert sorted(i["subject"] for i in found) == sorted(wanted)
    assert len({i["client_id"] for i in found}) == 1
    assert client.get("/dead-letters")["items"] == []
    assert {chain["id"] for chain in client.all("/chains")} >= {i["chain_id"] for i in found}
    client.close()
    world.hub.stop()


@pytest.mark.parametrize("seam", SENDING)
def test_a_hub_killed_while_sending_sends_once_or_says_unknown(world: Any, seam: str) -> None:
    anna = world.customer(1)
    client = world.start(seam=seam)
    anna.writes(world.support, f"Вопрос {seam}", "Когда?")
    (question,) = until(lambda: of_subject(client, f"Вопрос {seam}"))
    path = f"/chains/{question['chain_id']}/messages"
    press = {"json": {"text": f"Завтра ({seam})."}, "headers": {"Idempotency-Key": seam}}
    with contextlib.suppress(httpx.TransportError):
        client.request("POST", path, **press)
    assert world.hub.wait() == -signal.SIGKILL
    client.close()
    client = world.start()
    answer = client.post(path, **press)
    state, copies = SENDING[seam]
    until(lambda: client.get(f"/interactions/{answer['id']}")["delivery"]["state"] == state)
    got = [m for m in anna.mails() if answer["id"] in str(m["Message-ID"])]
    assert len(got) == copies
    assert len(of_subject(client, f"Re: Вопрос {seam}")) == 1
    client.close()
    world.hub.stop()
