"""The hub is killed at every seam of the messaging service: every message once, every answer once or unknown."""

import contextlib
import signal
from typing import Any

import httpx
import pytest

from hub.testing.messengers import Outside
from hub.testing.waiting import until

pytestmark = pytest.mark.slow

RECEIVING = (
    ("telegram", "messaging.after_fetch"),
    ("telegram", "messaging.after_blob"),
    ("telegram", "messaging.after_publish"),
    ("telegram", "messaging.before_cursor"),
    # SMS are posted: there is no fetch and no cursor.
    ("sms", "messaging.after_blob"),
    ("sms", "messaging.after_publish"),
)
TELEGRAM = {
    "messaging.after_intent": ("unknown", 0),
    "messaging.after_data": ("unknown", 1),
    "messaging.after_outcome": ("sent", 1),
}
SMS = {
    "messaging.after_intent": ("unknown", 0),
    "messaging.after_data": ("sent", 1),
    "messaging.after_outcome": ("sent", 1),
}
"""What the answer is shown as afterwards, and how many copies of it the customer has. Twilio can be asked."""


@pytest.fixture(scope="module")
def outside(world: Any) -> Outside:
    made = Outside(world.mail)
    client = world.start()
    made.connect(client, client.url)
    client.close()
    world.hub.stop()
    return made


@pytest.mark.parametrize(("channel", "seam"), RECEIVING)
def test_a_hub_killed_while_receiving_loses_nothing_and_invents_nothing(
    world: Any, outside: Outside, channel: str, seam: str
) -> None:
    # The first poll of a bot fetches nothing, and is no seam of a message.
    client = world.start(seam=f"{seam}:2" if seam == "messaging.after_fetch" else seam)
    client.close()
    wanted = [f"{channel} {seam} {number}" for number in range(3)]
    for text in wanted:
        (outside.writes if channel == "telegram" else outside.texts)(text)
    assert world.hub.wait() == -signal.SIGKILL
    client = world.start()
    until(lambda: {i["text"] for i in client.all("/interactions")} >= set(wanted))
    found = [i for i in client.all("/interactions") if i["text"] in wanted]
    assert sorted(i["text"] for i in found) == wanted
    assert len({i["chain_id"] for i in found}) == 1
    assert client.get("/dead-letters")["items"] == []
    client.close()
    world.hub.stop()


@pytest.mark.parametrize(
    ("channel", "seam"), [("telegram", seam) for seam in TELEGRAM] + [("sms", seam) for seam in SMS]
)
def test_a_hub_killed_while_sending_sends_once_or_says_unknown(
    world: Any, outside: Outside, channel: str, seam: str
) -> None:
    client = world.start(seam=seam)
    question = f"{channel} {seam}?"
    (outside.writes if channel == "telegram" else outside.texts)(question)
    (asked,) = until(lambda: [i for i in client.all("/interactions") if i["text"] == question])
    answer, path = f"Завтра ({channel} {seam}).", f"/clients/{asked['client_id']}/messages"
    press: dict[str, Any] = {
        "json": {"text": answer, "channel": channel},
        "headers": {"Idempotency-Key": f"{channel} {seam}"},
    }
    with contextlib.suppress(httpx.TransportError):
        client.request("POST", path, **press)
    assert world.hub.wait() == -signal.SIGKILL
    client.close()
    client = world.start()
    planned = client.post(path, **press)
    state, copies = (TELEGRAM if channel == "telegram" else SMS)[seam]
    wanted = {state, "delivered"} if channel == "sms" and state == "sent" else {state}
    until(lambda: client.get(f"/interactions/{planned['id']}")["delivery"]["state"] in wanted)
    got = outside.got_by_telegram() if channel == "telegram" else outside.got_by_sms()
    assert got.count(answer) == copies
    client.close()
    world.hub.stop()
