"""A missed call becomes a task, is called back by click, and what was said can be heard."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.testing.callers import Callers
from hub.testing.processes import Api
from hub.testing.waiting import until

pytestmark = pytest.mark.slow
PETR, VERA = "+79161180118", "+79161180119"


def call_of(client: Api, number: str, result: str) -> dict[str, Any]:
    """The call of a number, once it is over with this result."""

    def over() -> list[dict[str, Any]]:
        found = [one for one in client.all("/interactions", channel="call") if one["call"]]
        people = [(one, {person["address"] for person in one["participants"]}) for one in found]
        mine = [one for one, addresses in people if f"phone:{number}" in addresses]
        return [one for one in mine if one["call"]["complete"] and one["call"]["result"] == result]

    found: list[dict[str, Any]] = until(over)
    assert len(found) == 1
    return found[0]


def open_tasks(client: Api, client_id: str) -> list[dict[str, Any]]:
    return [one for one in client.all("/tasks", client_id=client_id) if one["state"] == "open"]


def by_day() -> str:
    """A time zone in which people may be called now."""
    zones = ("Europe/Moscow", "Asia/Vladivostok", "America/New_York", "Pacific/Honolulu")
    return next(zone for zone in zones if 9 <= datetime.now(ZoneInfo(zone)).hour < 20)


def test_a_call_that_is_answered_is_one_interaction_with_its_recording(client: Api, callers: Callers) -> None:
    callers.calls(VERA, answered=True)
    call = call_of(client, VERA, "answered")
    about = call["call"]
    assert (call["direction"], about["line"]["name"], about["answered_login"]) == ("in", "Продажи", "admin")
    recording = call["call"]["recordings"][0]["id"]
    until(lambda: client.get(f"/recordings/{recording}")["state"] == "ready")
    assert client.request("GET", f"/recordings/{recording}/audio").content[:4] == b"RIFF"


def test_a_missed_call_is_a_task_that_closes_itself_when_he_is_called_back_by_click(
    client: Api, callers: Callers
) -> None:
    callers.calls(PETR, answered=False)
    missed = call_of(client, PETR, "missed")
    (task,) = until(lambda: open_tasks(client, missed["client_id"]))
    client.patch(f"/clients/{missed['client_id']}", json={"time_zone": by_day()})
    press = {"json": {}, "headers": {"Idempotency-Key": "call him back"}}
    planned = client.post(f"/clients/{missed['client_id']}/calls", **press)
    again = client.post(f"/clients/{missed['client_id']}/calls", **press)
    assert (planned["id"], planned["chain_id"]) == (again["id"], missed["chain_id"])
    until(lambda: (client.get(f"/interactions/{planned['id']}")["call"] or {}).get("complete"))
    made = client.get(f"/interactions/{planned['id']}")
    assert (made["direction"], made["call"]["result"], made["delivery"]["state"]) == ("out", "answered", "sent")
    assert (callers.rung().count(PETR), callers.asked()) == (1, 1)
    until(lambda: client.get(f"/tasks/{task['id']}")["state"] == "done")
