"""The hub as real processes beside the simulated mail servers, on either footing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.kit.ids import fresh
from hub.testing.callers import Callers
from hub.testing.customer import Customer
from hub.testing.processes import Api, Distributed, HubProcess, api, embedded, simulators
from hub.testing.waiting import until


class World:
    """The simulators and a hub."""

    def __init__(self, outside: HubProcess, inside: HubProcess | Distributed) -> None:
        self.outside = outside
        self.hub = inside
        self.mail: dict[str, Any] = outside.facts()

    @property
    def support(self) -> str:
        return str(self.mail["mailboxes"][0]["address"])

    def customer(self, number: int) -> Customer:
        return Customer(self.mail, self.mail["cast"][number])

    def ours(self, number: int = 0) -> Customer:
        """Our own mailbox, looked at with a mail program."""
        return Customer(self.mail, self.mail["mailboxes"][number])


@pytest.fixture(scope="module", params=["embedded", pytest.param("distributed", marks=pytest.mark.connected)])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("journey")
    with simulators(folder / "outside") as outside:
        inside: HubProcess | Distributed
        if request.param == "embedded":
            inside = embedded(folder / "hub")
        else:
            kafka = request.getfixturevalue("kafka_server")
            mongo = request.getfixturevalue("mongo_server")
            inside = Distributed(folder / "hub", kafka=kafka.bootstrap, mongo=mongo.url, database=fresh("journey"))
        inside.start()
        try:
            yield World(outside, inside)
        finally:
            inside.stop()


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[Api]:
    with api(world.hub.facts()["api"]) as logged_in:
        yield logged_in


@pytest.fixture(scope="module")
def callers(world: World, client: Api) -> Callers:
    """People who call, and are called, at an exchange that the hub knows."""
    made = Callers(world.mail)
    made.connect(client)
    until(lambda: all(one["state"] == "green" for one in client.get("/channels")["items"]))
    return made
