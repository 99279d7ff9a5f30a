"""The demo beside a hub of services: what `make run` shows in one process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.kit.ids import fresh
from hub.testing.processes import Api, Distributed, api
from hub.testing.servers.kafka import KafkaServer
from hub.testing.servers.mongo import MongoServer
from hub.testing.waiting import until

pytestmark = [pytest.mark.connected, pytest.mark.slow]


@pytest.fixture(scope="module")
def client(
    kafka_server: KafkaServer, mongo_server: MongoServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    folder: Path = tmp_path_factory.mktemp("demo")
    hub = Distributed(folder, kafka=kafka_server.bootstrap, mongo=mongo_server.url, database=fresh("demo"))
    demo = hub.demo()
    # Before the services are there: it waits for them.
    demo.start()
    try:
        hub.start()
        with api(hub.facts()["api"]) as logged_in:
            yield logged_in
    finally:
        demo.stop()
        hub.stop()


def test_every_channel_of_the_demo_is_connected_and_healthy(client: Api) -> None:
    def states() -> set[tuple[str, str]]:
        return {(one["channel"], one["state"]) for one in client.get("/channels")["items"]}

    wanted = {(channel, "green") for channel in ("email", "telegram", "sms", "call", "exchange")}
    assert until(states, lambda seen: seen == wanted) == wanted


def test_the_cast_writes_by_every_channel_and_calls(client: Api) -> None:
    def seen() -> set[str]:
        return {one["channel"] for one in client.all("/interactions", direction="in")}

    assert until(seen, lambda found: {"email", "telegram", "call"} <= found)
