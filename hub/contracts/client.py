"""Clients and chains on the bus."""

from datetime import datetime
from typing import ClassVar, Literal

from hub.contracts.base import Body, Event
from hub.kit.ids import derive


class Address(Body):
    """One reachable point: normalised, with the form it first came in."""

    address: str
    raw: str = ""
    name: str = ""


class Client(Body):
    id: str
    name: str
    addresses: tuple[Address, ...] = ()
    opened_at: datetime
    opened_by: str
    """Id of the interaction that opened it."""


class ClientOpened(Event):
    """Somebody unknown wrote: a client stands for him from now on."""

    TYPE: ClassVar[str] = "client.opened.v1"
    TOPIC: ClassVar[str] = "clients"

    client: Client

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.client.id)

    def key(self) -> str:
        return self.client.id


ChainState = Literal["open", "closed"]


class Chain(Body):
    """The ordered interactions of one client about one matter."""

    id: str
    client_id: str
    subject: str = ""
    state: ChainState = "open"
    opened_at: datetime
    opened_by: str
    """Id of the interaction that opened it: the first cause."""
    last_at: datetime
    last_id: str
    """Id of the newest interaction."""
    owner: str | None = None
    """Login of the employee who owns the next step."""
    parent: str | None = None
    """The chain that this one is beside: with a third party, about the same matter."""
    continues: str | None = None
    """The chain that this one goes on from, about another matter."""
    auto: bool = False
    """A machine opened it: a bounce or an automatic reply that answers nothing we know."""


class ChainOpened(Event):
    """A client began a new matter."""

    TYPE: ClassVar[str] = "chain.opened.v1"
    TOPIC: ClassVar[str] = "chains"

    chain: Chain

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.chain.id)

    def key(self) -> str:
        return self.chain.client_id
