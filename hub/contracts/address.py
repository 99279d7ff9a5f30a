"""Addresses: what channels learn about one beside its messages, and all that is known of it."""

from datetime import datetime
from typing import ClassVar, Literal

from hub.contracts.base import Body, Event
from hub.kit.clock import iso
from hub.kit.ids import derive

CONSENT = "consent"
"""Mark of `ConsentRecorded`, for who reads nothing else of its topic."""


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
    """Somebody withdrew his consent to be written to in a channel, or gave it: for all of it, or for one topic."""

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
    topic: str = ""
    """What it is about, of those that mailings have; empty: all that is sent in the channel."""
    source: str = ""
    """How he said it: `message`, `page`, `one_click`, `form`, `employee`, `import`; empty: a message."""
    text_version: str = ""
    """Of the words that he agreed to."""

    def event_id(self) -> str:
        about = (self.channel, *([self.topic] if self.topic else ()))
        return derive("ev", self.TYPE, self.address, *about, self.evidence, self.state, iso(self.at))

    def marks(self) -> tuple[str, ...]:
        return (CONSENT,)

    def key(self) -> str:
        return self.address


class Verdict(Body):
    """Since when an address is worth nothing, and why."""

    since: datetime
    why: str = ""


class Consent(Body):
    """The newest word about being written to in one channel, or about one topic in it."""

    channel: str
    topic: str = ""
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
