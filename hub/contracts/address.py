"""Addresses: what channels learn about one beside its messages, and all that is known of it."""

from datetime import datetime
from typing import ClassVar, Literal

from hub.contracts.base import Body, Event
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
        return derive("ev", self.TYPE, self.address, self.channel, self.evidence, self.state, iso(self.at))

    def key(self) -> str:
        return self.address


class Verdict(Body):
    """Since when an address is worth nothing, and why."""

    since: datetime
    why: str = ""


class Consent(Body):
    """The newest word about being written to in one channel."""

    channel: str
    state: Literal["given", "withdrawn"]
    at: datetime
    evidence: str = ""
    """The interaction that says so."""
    words: str = ""


class AddressState(Body):
    """One reachable point and what it is worth; it is kept for ever, whether it is a client's or nobody's."""

    address: str
    raw: str = ""
    name: str = ""
    client_id: str | None = None
    """Whose it is; merged clients keep the addresses they were born with."""
    verified: bool = False
    invalid: Verdict | None = None
    """Mail to it comes back."""
    complained: Verdict | None = None
    unreachable: Verdict | None = None
    """A bot was blocked, a number does not exist."""
    consent: tuple[Consent, ...] = ()
    """One for each channel that anything was said about."""


class AddressChanged(Event):
    """Whose an address is, its consent, validity or reachability is another one."""

    TYPE: ClassVar[str] = "address.changed.v1"
    TOPIC: ClassVar[str] = "addresses"

    address: AddressState
    revision: int
    """Of two, the higher one is newer."""

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.address.address, str(self.revision))

    def key(self) -> str:
        return self.address.address
