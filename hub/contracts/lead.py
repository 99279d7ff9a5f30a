"""Where leads come from and what they are worth: sources, touches, costs, payments and rates, as they are told."""

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal

from hub.contracts.base import Body, Event
from hub.contracts.outcome import Money
from hub.kit.ids import derive

SourceLevel = Literal["channel", "source", "campaign", "creative"]
TouchKind = Literal["page", "call", "start", "promo", "answer", "mailing", "form", "lead", "hand"]
"""How it is known: a page was opened, a line dialled, a bot started by a link, a code named, somebody asked how he
had heard of us, a mailing answered or followed, a form or a lead posted, an employee wrote it down."""


class SourceChanged(Event):
    """A source is there, has another name or reference, or was merged into another."""

    TYPE: ClassVar[str] = "source.changed.v1"
    TOPIC: ClassVar[str] = "leads"

    id: str
    level: SourceLevel
    parent: str | None = None
    """The one above; none of a channel."""
    name: str
    reference: str = ""
    """What it is called elsewhere: an id in an advertising account, a document."""
    into: str | None = None
    """The one that it is read as."""
    revision: int = 1

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.id, str(self.revision))

    def key(self) -> str:
        return self.id


class ClickId(Body):
    """What an advertiser's click left in the address."""

    name: str
    value: str


class Evidence(Body):
    """How a touch is known."""

    kind: TouchKind
    value: str = ""
    """The number, the payload, the code, the answer, the id of the mailing."""
    interaction: str | None = None
    url: str = ""
    referrer: str = ""
    medium: str = ""
    term: str = ""
    click_ids: tuple[ClickId, ...] = ()
    by: str = ""
    """Login of whoever wrote it down."""


class TouchRecorded(Event):
    """Somebody met a source."""

    TYPE: ClassVar[str] = "touch.recorded.v1"
    TOPIC: ClassVar[str] = "leads"

    id: str
    """The same for the same meeting, however often it is told."""
    whose: str
    """A client's id, a normalised address, or `visitor:…`."""
    source: str
    """Of the directory."""
    at: datetime
    evidence: Evidence
    lead: bool = False
    """He asked for something: a form, a call, a message."""

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.id)

    def key(self) -> str:
        return self.whose


class VisitorKnown(Event):
    """A visitor of pages turned out to have this address."""

    TYPE: ClassVar[str] = "visitor.known.v1"
    TOPIC: ClassVar[str] = "leads"

    visitor: str
    """`visitor:…`."""
    address: str
    at: datetime

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.visitor, self.address)

    def key(self) -> str:
        return self.visitor


class CostChanged(Event):
    """What a source costs, or shall cost, over some days; of two, the higher revision counts."""

    TYPE: ClassVar[str] = "cost.changed.v1"
    TOPIC: ClassVar[str] = "leads"

    id: str
    source: str
    kind: Literal["plan", "fact"]
    since: date
    until: date
    """The last day of it."""
    amount: Money
    removed: bool = False
    revision: int = 1

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.id, str(self.revision))

    def key(self) -> str:
        return self.source


class PlanPart(Body):
    """What belongs to a campaign that is planned."""

    kind: Literal["mailing", "call_list", "event", "source"]
    id: str


class PlanGoals(Body):
    """What shall come of a campaign; what is none is no goal."""

    leads: int | None = None
    deals: int | None = None
    revenue: Money | None = None
    responses: int | None = None
    romi: Decimal | None = None
    """Percent."""


class PlanChanged(Event):
    """A campaign is planned, or planned anew; of two, the higher revision counts."""

    TYPE: ClassVar[str] = "plan.changed.v1"
    TOPIC: ClassVar[str] = "leads"

    id: str
    name: str
    source: str
    """Of the directory: the campaign."""
    since: date
    until: date
    """The last day of it."""
    note: str = ""
    responsible: str
    """Login."""
    people: tuple[str, ...] = ()
    """Logins."""
    team: str | None = None
    budget: Money | None = None
    goals: PlanGoals = PlanGoals()
    parts: tuple[PlanPart, ...] = ()
    by: str
    """Login of whoever made it so."""
    removed: bool = False
    revision: int = 1

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.id, str(self.revision))

    def key(self) -> str:
        return self.source


class PaymentChanged(Event):
    """What somebody paid, or ordered elsewhere; of two, the higher revision counts."""

    TYPE: ClassVar[str] = "payment.changed.v1"
    TOPIC: ClassVar[str] = "leads"

    id: str
    whose: str
    """A client's id or a normalised address."""
    at: datetime
    amount: Money
    deal: str | None = None
    """The deal that it pays: from then on the deal is worth what was paid."""
    reference: str = ""
    removed: bool = False
    revision: int = 1

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.id, str(self.revision))

    def key(self) -> str:
        return self.whose


class RateChanged(Event):
    """What one unit of a currency is worth from a day on, in the currency of reports."""

    TYPE: ClassVar[str] = "rate.changed.v1"
    TOPIC: ClassVar[str] = "leads"

    currency: str
    day: date
    rate: Decimal
    revision: int = 1

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.currency, self.day.isoformat(), str(self.revision))

    def key(self) -> str:
        return self.currency
