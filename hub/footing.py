"""What a service stands on: bus, store, blobs, clock, secrets, settings and the way to the other services."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import httpx
from fastapi import FastAPI

from hub.api.actor import Seal
from hub.api.asking import AsService
from hub.bus.base import Bus
from hub.kit.apart import Apart
from hub.kit.blobs import Blobs
from hub.kit.clock import Clock
from hub.kit.outside import Outside
from hub.kit.restraint import Restraint
from hub.kit.secrets import SecretBox
from hub.kit.settings import Source
from hub.kit.troubles import Troubles
from hub.settings import HubSettings
from hub.store.base import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Footing:
    """Handed to the `build` of each service; the same code runs on the embedded and on the distributed one."""

    data: Path
    """A folder for the key file; on the embedded footing everything else too."""
    bus: Callable[[str], Bus]
    """A door to the bus for the named service."""
    store: Callable[[str], Store]
    """The store of the named service."""
    blobs: Blobs
    secrets: SecretBox
    clock: Clock
    source: Source
    peer: Callable[[str], httpx.AsyncClient]
    """A client whose base URL is the named service's."""
    others: tuple[str, ...] = ()
    """The services beside the gateway, in the order in which their operations are documented."""
    peer_key: bytes = b""
    """What the services of this hub sign actors with; empty: derived from `secrets`."""
    restraint: Restraint = field(default_factory=Restraint)
    """What keeps this hub from sending."""
    troubles: Troubles = field(default_factory=Troubles)
    """What `/readyz` tells beside whether the hub is ready."""
    apart: Apart = field(default_factory=Apart)
    """Processes in which the words of strangers are read; whoever made the footing stops them, after the services."""

    @property
    def seal(self) -> Seal:
        """Signs who asks, and knows who does."""
        return Seal(self.peer_key or self.secrets.derived("actor"), self.clock)

    @property
    def outside(self) -> Outside:
        """Where accounts may lead the hub to."""
        return Outside(HubSettings.load(self.source).allowed_networks, self.restraint)

    def asking(self, service: str) -> Callable[[str], httpx.AsyncClient]:
        """As `peer`, for questions that a service asks by itself."""

        def client(name: str) -> httpx.AsyncClient:
            made = self.peer(name)
            made.auth = AsService(self.seal, service)
            return made

        return client


class Service(Protocol):
    """One of the hub's services, built and ready to start."""

    name: str
    http: FastAPI

    async def start(self) -> None:
        """Returns when it takes work; waits for its store and bus as long as it takes."""
        ...

    async def stop(self) -> None:
        """Finishes what is in flight."""
        ...
