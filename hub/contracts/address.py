"""What channels learn about an address beside its messages: whether it can be reached, and whether it may be."""

from datetime import datetime
from typing import ClassVar, Literal

from hub.contracts.base import Event
from hub.kit.clock import iso
from hub.kit.ids import derive


class ReachabilityRecorded(Event):
    """An address cannot be reached any more, or again: a bot was blocked, a number does not exist."""

    TYPE: ClassVar[str] = "reachability.recorded.v1"
    TOPIC: ClassVar[str] = "inbound"

    address: str
    account: str
    """The bot or number of ours that learnt it."""
    reachable: bool
    reason: str = ""
    at: datetime

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.address, self.account, str(self.reachable), iso(self.at))

    def key(self) -> str:
        return self.address


class ConsentRecorded(Event):
    """Somebody withdrew his consent to be written to in a channel, or gave it."""

    TYPE: ClassVar[str] = "consent.recorded.v1"
    TOPIC: ClassVar[str] = "inbound"

    address: str
    channel: str
    account: str
    state: Literal["given", "withdrawn"]
    evidence: str
    """The interaction that says so."""
    words: str = ""
    """As he wrote it: `СТОП`."""
    at: datetime

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.address, self.evidence, self.state)

    def key(self) -> str:
        return self.address
