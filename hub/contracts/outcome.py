"""What a chain comes to: a deal, or a claim."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal

from hub.contracts.base import Body, Event
from hub.contracts.history import Change
from hub.kit.ids import derive

OutcomeKind = Literal["deal", "claim"]
OutcomeState = Literal["open", "won", "lost", "accepted", "rejected"]
"""Of a deal: open, won, lost; of a claim: open, accepted, rejected."""


class Money(Body):
    value: Decimal
    """Never a float: as text in JSON."""
    currency: str
    """ISO 4217."""


class Outcome(Body):
    """A deal or a claim: what a chain comes to."""

    id: str
    kind: OutcomeKind
    title: str
    text: str = ""
    state: OutcomeState = "open"
    client_id: str
    chain_id: str | None = None
    cause_id: str | None = None
    """The interaction that it follows from."""
    amount: Money | None = None
    owner: str | None = None
    team: str | None = None
    author: str
    opened_at: datetime
    closed_at: datetime | None = None
    reason: str = ""
    """Why it was lost, or rejected."""
    history: tuple[Change, ...] = ()
    seen_by: tuple[str, ...] = ()
    """Tokens of `hub.contracts.scope`."""


class _AboutOutcome(Event):
    """What is told about one deal or claim, with all of it."""

    TOPIC: ClassVar[str] = "outcomes"

    outcome: Outcome
    revision: int = 1
    """Of two, the higher one is newer."""

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.outcome.id, str(self.revision))

    def key(self) -> str:
        return self.outcome.client_id


class OutcomeOpened(_AboutOutcome):
    """There is a deal or a claim."""

    TYPE: ClassVar[str] = "outcome.opened.v1"

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.outcome.id)


class OutcomeChanged(_AboutOutcome):
    """Its state, amount, owner or text is another."""

    TYPE: ClassVar[str] = "outcome.changed.v1"
