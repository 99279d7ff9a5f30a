"""A hub that is killed, beside mail servers that are not."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.testing.callers import Callers
from hub.testing.customer import Customer
from hub.testing.processes import Api, HubProcess, add_mailbox, api, embedded, simulators


@dataclass
class World:
    hub: HubProcess
    mail: dict[str, Any]

    @property
    def support(self) -> str:
        return str(self.mail["mailboxes"][0]["address"])

    def customer(self, number: int) -> Customer:
        return Customer(self.mail, self.mail["cast"][number])

    def start(self, *, seam: str = "") -> Api:
        """The hub again, to die at a seam; and its API."""
        self.hub.environ["OMNIHUB_SEAM"] = seam
        self.hub.start()
        return Api(self.hub.facts()["api"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One data folder for all tests of a module: each leaves the hub stopped, with one mailbox."""
    folder: Path = tmp_path_factory.mktemp("faults")
    with simulators(folder / "outside") as outside:
        world = World(embedded(folder / "hub"), outside.facts())
        world.hub.start()
        with api(world.hub.facts()["api"]) as client:
            add_mailbox(client, world.mail)
        world.hub.stop()
        yield world
        world.hub.kill()


@pytest.fixture(scope="module")
def callers(world: World) -> Callers:
    """People who call, and are called, at an exchange that the hub knows."""
    made = Callers(world.mail)
    client = world.start()
    made.connect(client)
    client.close()
    world.hub.stop()
    return made
