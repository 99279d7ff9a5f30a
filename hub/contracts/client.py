"""Clients and chains on the bus."""

from datetime import date, datetime
from typing import ClassVar, Literal

from hub.contracts.base import Body, Event
from hub.contracts.history import Change
from hub.contracts.interaction import SourceEvidence
from hub.contracts.offer import Offer
from hub.contracts.scope import Shown
from hub.contracts.subject import Subject
from hub.kit.ids import derive


class Address(Body):
    """One reachable point: normalised, with the form it first came in."""

    address: str
    raw: str = ""
    name: str = ""


class Candidate(Body):
    """An address that may be the client's: a message gave it, and it is another's, or nobody vouches for it."""

    address: str
    raw: str = ""
    name: str = ""
    verified: bool = False
    interaction_id: str = ""
    """Where it was given."""
    client_id: str | None = None
    """Whose it is, or whose message gave it."""


ClientKind = Literal["person", "organisation"]
Status = Literal["lead", "customer", "supplier", "partner", "agent", "competitor"]


class PostalAddress(Body):
    kind: str = "postal"
    """`postal`, `delivery`, `legal`."""
    street: str = ""
    house: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    """ISO 3166, two letters."""
    contact: str = ""
    """Whom to ask for."""
    hours: str = ""


class Employment(Body):
    """A person works, or worked, for an organisation."""

    organisation_id: str
    role: str = ""
    since: date | None = None
    until: date | None = None


class StatusSince(Body):
    status: str
    since: datetime
    by: str


class CustomField(Body):
    """A field of the company's own."""

    name: str
    value: str | int | float | bool


class Client(Body):
    """A person or an organisation that we deal with, or may deal with."""

    id: str
    name: str
    """How he is called in lists."""
    kind: str | None = None
    """`person`, `organisation`."""
    given_name: str | None = None
    patronymic: str | None = None
    surname: str | None = None
    birth_date: date | None = None
    inn: str | None = None
    kpp: str | None = None
    ogrn: str | None = None
    legal_form: str | None = None
    status: str | None = None
    """`lead`, `customer`, `supplier`, `partner`, `agent`, `competitor`."""
    statuses: tuple[StatusSince, ...] = ()
    """What he was, the newest last."""
    language: str | None = None
    """ISO 639, two letters."""
    postal: tuple[PostalAddress, ...] = ()
    works_for: tuple[Employment, ...] = ()
    custom: tuple[CustomField, ...] = ()
    comment: str | None = None
    history: tuple[Change, ...] = ()
    addresses: tuple[Address, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    time_zone: str | None = None
    """IANA name."""
    opened_at: datetime
    opened_by: str
    """Id of the interaction that opened it."""
    source: SourceEvidence | None = None
    """What whoever opened him by hand said of where he comes from."""
    into: str | None = None
    """The client that this one was merged into: read that one instead."""
    owner: str | None = None
    """Login of the employee who looks after him."""
    team: str | None = None
    seen_by: tuple[str, ...] = ()
    """Tokens of `hub.contracts.scope`: his own owner and team, and those of his chains."""


class _AboutClient(Event):
    """What is told about one client, with all of him."""

    TOPIC: ClassVar[str] = "clients"

    client: Client
    revision: int = 1
    """Of the client: of two, the higher one is newer."""

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.client.id, str(self.revision))

    def key(self) -> str:
        return self.client.id


class ClientOpened(_AboutClient):
    """Somebody unknown wrote: a client stands for him from now on."""

    TYPE: ClassVar[str] = "client.opened.v1"

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.client.id)


class ClientChanged(_AboutClient):
    """His name, addresses, candidates or time zone are others, or he was merged or parted."""

    TYPE: ClassVar[str] = "client.changed.v1"


ChainState = Literal["open", "closed"]
Awaits = Literal["answer", "client", "nobody"]
"""Who has the next word: we owe an answer, the client does, or somebody looked and nothing is to be said."""


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
    team: str | None = None
    """The team that the next step is of."""
    seen_by: tuple[str, ...] = ()
    """Tokens of `hub.contracts.scope`: its owner, its team, and the teams by whose accounts its messages came."""
    private: bool = False
    """Its owner alone sees what it says."""
    others: Shown = "full"
    """What those see of it who are in none of its teams."""
    into: str | None = None
    """The chain that this one was merged into: read that one instead."""
    awaits: Awaits | None = None
    """None: it was told by an older version."""
    answered_at: datetime | None = None
    """When we answered first."""
    asked_at: datetime | None = None
    """Since when we owe an answer: the first message that is not answered, of one that is open."""
    snoozed_until: datetime | None = None
    """It is put aside until then, or until the client writes."""
    returned_at: datetime | None = None
    """When it came back last by its time."""
    closed_at: datetime | None = None
    closed_by: str | None = None
    """Login."""
    first_closed_at: datetime | None = None
    """Also when it was opened again since."""
    reopened: int = 0
    """How many times the client went on after it was closed."""
    tags: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    """Logins of those who see it because they were named in it."""
    subjects: tuple[Subject, ...] = ()
    """What it is about: a deal, a claim, a campaign, an order."""
    offered: Offer | None = None
    """To whom it is offered; it is his once he accepts."""
    history: tuple[Change, ...] = ()


class _AboutChain(Event):
    """What is told about one chain, with all of it."""

    TOPIC: ClassVar[str] = "chains"

    chain: Chain
    revision: int = 1
    """Of the chain: of two, the higher one is newer."""

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.chain.id, str(self.revision))

    def key(self) -> str:
        return self.chain.client_id


class ChainOpened(_AboutChain):
    """A client began a new matter."""

    TYPE: ClassVar[str] = "chain.opened.v1"

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.chain.id)


class ChainChanged(_AboutChain):
    """Its owner, team, state or subject is another one, or it was merged or parted; not that a message came."""

    TYPE: ClassVar[str] = "chain.changed.v1"
