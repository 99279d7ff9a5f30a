"""The hub is killed at every seam of the telephony service: every call once, every originate once or unknown."""

import contextlib
import signal
from typing import Any

import httpx
import pytest

from hub.testing.callers import Callers
from hub.testing.processes import Api
from hub.testing.waiting import until
from tests.journeys.test_calls import by_day

pytestmark = pytest.mark.slow

RECEIVING = ("telephony.before_calls", "telephony.after_calls")
SENDING = {
    "telephony.after_intent": ({"unknown"}, 0),
    # What the exchange said of it before the kill tells that it happened, where it said anything.
    "telephony.after_data": ({"unknown", "sent"}, 1),
    "telephony.after_outcome": ({"sent"}, 1),
}


def calls_of(client: Api, number: str) -> list[dict[str, Any]]:
    found = [one for one in client.all("/interactions", channel="call") if one["call"]]
    return [one for one in found if f"phone:{number}" in {person["address"] for person in one["participants"]}]


@pytest.mark.parametrize("seam", RECEIVING)
def test_a_hub_killed_while_a_call_comes_in_knows_it_once_afterwards(world: Any, callers: Callers, seam: str) -> None:
    number = f"+7916555{RECEIVING.index(seam):04}"
    client = world.start(seam=seam)
    client.close()
    callers.calls(number, answered=False)
    assert world.hub.wait() == -signal.SIGKILL
    client = world.start()
    (call,) = until(lambda: [one for one in calls_of(client, number) if one["call"]["complete"]])
    assert call["call"]["result"] == "missed"
    assert len(calls_of(client, number)) == 1
    assert client.get("/dead-letters")["items"] == []
    client.close()
    world.hub.stop()


@pytest.mark.parametrize("seam", SENDING)
def test_a_hub_killed_while_calling_rings_once_or_says_unknown(world: Any, callers: Callers, seam: str) -> None:
    number = f"+7916556{list(SENDING).index(seam):04}"
    client = world.start()
    callers.calls(number, answered=False)
    (missed,) = until(lambda: [one for one in calls_of(client, number) if one["call"]["complete"]])
    path = f"/clients/{missed['client_id']}/calls"
    client.patch(f"/clients/{missed['client_id']}", json={"time_zone": by_day()})
    client.close()
    world.hub.stop()
    before = callers.asked()
    client = world.start(seam=seam)
    until(
        lambda: all(one["state"] == "green" for one in client.get("/channels")["items"] if one["channel"] == "call")
    )
    press: dict[str, Any] = {"json": {}, "headers": {"Idempotency-Key": seam}}
    with contextlib.suppress(httpx.TransportError):
        client.request("POST", path, **press)
    assert world.hub.wait() == -signal.SIGKILL
    client.close()
    client = world.start()
    planned = client.post(path, **press)
    states, asked = SENDING[seam]
    until(lambda: client.get(f"/interactions/{planned['id']}")["delivery"]["state"] in states)
    assert callers.asked() - before == asked
    client.close()
    world.hub.stop()
