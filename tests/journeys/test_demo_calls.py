"""The demo dials a list by itself: what comes of it is in chains, tasks and a deal."""

from pathlib import Path

import pytest

from hub.demo_calls import NUMBERS
from hub.testing.processes import api, embedded
from hub.testing.waiting import until

pytestmark = pytest.mark.slow


def test_the_demos_list_ends_in_calls_in_chains_a_task_and_a_deal(tmp_path: Path) -> None:
    hub = embedded(tmp_path / "hub", demo=True)
    hub.start()
    try:
        with api(hub.facts()["api"]) as client:
            (deal,) = until(lambda: client.get("/deals")["items"])
            assert deal["title"] == "Букет по подписке"
            until(lambda: [one for one in client.all("/tasks") if one["title"] == "Прислать каталог"])
            until(lambda: client.get("/call-lists")["items"][0]["state"] == "paused")
            calls = [one for one in client.all("/interactions", channel="call") if one["direction"] == "out"]
            people = {person["address"] for one in calls for person in one["participants"]}
            assert people >= {f"phone:{number}" for number in NUMBERS}
            assert "answered" in {(one["call"] or {}).get("result") for one in calls}
    finally:
        hub.stop()
