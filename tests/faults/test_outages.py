"""What the hub leans on goes away for a while; it goes on by itself, and nothing is lost or doubled."""

import resource
import time
from pathlib import Path
from typing import Any

import pytest

from hub.testing.customer import Customer
from hub.testing.processes import Api, Distributed, add_mailbox, embedded, simulators
from hub.testing.servers import kafka, mongo
from hub.testing.waiting import PATIENCE, until

pytestmark = pytest.mark.slow
MINUTE = 60.0
"""Seconds of an outage that is more than a hiccup."""


def subjects(client: Api) -> list[str]:
    return sorted(i["subject"] for i in client.all("/interactions"))


def test_a_full_disk_acknowledges_nothing_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with simulators(tmp_path / "outside") as outside, embedded(tmp_path / "hub") as hub:
        client = Api(hub.facts()["api"])
        add_mailbox(client, outside.facts())
        anna = Customer(outside.facts(), outside.facts()["cast"][0])
        support = outside.facts()["mailboxes"][0]["address"]
        limits = resource.prlimit(hub.pid, resource.RLIMIT_FSIZE)
        # A file size limit of nothing: every write of the hub fails as on a full disk.
        resource.prlimit(hub.pid, resource.RLIMIT_FSIZE, (0, limits[1]))
        anna.writes(support, "Места нет", "Дойдёт ли?")
        until(lambda: not_ready(client))
        assert subjects(client) == []
        resource.prlimit(hub.pid, resource.RLIMIT_FSIZE, limits)
        until(lambda: subjects(client) == ["Места нет"])
        until(lambda: client.get("/channels")["items"][0]["state"] == "green")
        client.close()


def not_ready(client: Api) -> bool:
    import httpx

    return httpx.get(f"{client.url}/readyz", timeout=PATIENCE).status_code == 503


@pytest.mark.connected
def test_the_bus_or_the_store_down_for_a_while_loses_and_doubles_nothing(tmp_path: Path) -> None:
    for needed in (kafka, mongo):
        if reason := needed.missing():
            pytest.skip(reason)
    with (
        kafka.start_kafka(tmp_path / "kafka") as bus,
        mongo.start_mongo(tmp_path / "mongo") as store,
        simulators(tmp_path / "outside") as outside,
    ):
        hub = Distributed(tmp_path / "hub", kafka=bus.bootstrap, mongo=store.url, database="outage")
        hub.start()
        try:
            _live_through_outages(hub, bus, store, outside.facts())
        finally:
            hub.stop()


def _live_through_outages(hub: Distributed, bus: Any, store: Any, facts: dict[str, Any]) -> None:
    client = Api(hub.facts()["api"])
    add_mailbox(client, facts)
    anna = Customer(facts, facts["cast"][0])
    support = facts["mailboxes"][0]["address"]
    anna.writes(support, "0 до", "Здравствуйте!")
    until(lambda: subjects(client) == ["0 до"])
    for number, (name, server) in enumerate((("шина", bus), ("хранилище", store)), start=1):
        server.pause()
        for part in range(3):
            anna.writes(support, f"{number} {name} {part}", "Здравствуйте!")
        server.resume()
        wanted = number * 3 + 1
        until(lambda wanted=wanted: len(subjects(client)) >= wanted)  # type: ignore[misc]
    _live_through_a_minute(client, anna, support, (bus, store))
    told = subjects(client)
    assert len(told) == len(set(told)) == 10
    assert client.get("/dead-letters")["items"] == []
    client.close()


def _live_through_a_minute(client: Api, anna: Customer, support: str, servers: tuple[Any, ...]) -> None:
    """Longer than leases, sessions of Kafka's groups, and the patience of both clients last."""
    for server in servers:
        server.pause()
    begun = time.monotonic()
    for part in range(3):
        anna.writes(support, f"минута {part}", "Здравствуйте!")
    until(lambda: not_ready(client))
    time.sleep(max(0.0, MINUTE - (time.monotonic() - begun)))
    for server in servers:
        server.resume()
    until(lambda: not not_ready(client))
    until(lambda: len(subjects(client)) >= 10)


@pytest.mark.connected
def test_a_further_copy_takes_over_when_one_is_killed(tmp_path: Path, kafka_server: Any, mongo_server: Any) -> None:
    with simulators(tmp_path / "outside") as outside:
        facts = outside.facts()
        hub = Distributed(tmp_path / "hub", kafka=kafka_server.bootstrap, mongo=mongo_server.url, database="takeover")
        hub.start()
        spare = [hub.another("email"), hub.another("interactions")]
        try:
            for copy in spare:
                copy.start()
            client = Api(hub.facts()["api"])
            add_mailbox(client, facts)
            anna = Customer(facts, facts["cast"][0])
            support = facts["mailboxes"][0]["address"]
            for number in range(30):
                if number == 10:
                    hub.copies["email"].kill()
                    spare[1].kill()
                anna.writes(support, f"{number:02}", "Здравствуйте!")
            until(lambda: [s for s in subjects(client) if s.isdigit()] == [f"{n:02}" for n in range(30)])
            client.close()
        finally:
            for copy in spare:
                copy.stop()
            hub.stop()
