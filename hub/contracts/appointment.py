"""A contact as it was planned, who was invited to it, and as it came about."""

from datetime import datetime
from typing import Literal

from hub.contracts.base import Body


class Series(Body):
    """A contact that comes again: each time is a contact of its own, made when the one before is over."""

    rule: str
    """RFC 5545, 3.3.10."""
    zone: str
    """By whose days the rule counts."""
    began: datetime
    """Its first time, from which the rule counts."""
    slot: datetime
    """When this one is by the rule; its plan may have been moved."""
    without: tuple[datetime, ...] = ()
    """Times of the rule that do not take place."""


class Plan(Body):
    """When it shall be."""

    at: datetime
    minutes: int = 60
    place: str = ""
    reminders: tuple[int, ...] = ()
    """Seconds before it."""
    series: Series | None = None


class Fact(Body):
    """What became of it."""

    held: bool
    """False: it did not take place."""
    at: datetime
    minutes: int = 0
    result: str = ""


GuestAnswer = Literal["waiting", "accepted", "declined", "tentative"]
"""Of RFC 5545, 3.2.12; `waiting` stands for NEEDS-ACTION."""


class Guest(Body):
    """Somebody who is invited."""

    address: str
    """Normalised: `email:anna@example.com`."""
    name: str = ""
    answer: GuestAnswer = "waiting"


class Invitation(Body):
    """A calendar in a mail (RFC 5546): somebody invites, calls it off, answers, or proposes another time."""

    method: Literal["request", "cancel", "reply", "counter"]
    uid: str
    sequence: int = 0
    """Of two with one UID, the higher one is newer."""
    organizer: str
    """Normalised."""
    organizer_name: str = ""
    summary: str = ""
    at: datetime
    minutes: int
    all_day: bool = False
    """`at` is then the beginning of that day in UTC."""
    place: str = ""
    repeats: bool = False
    """It is a series, of which `at` is the first, or one of a series."""
    slot: datetime | None = None
    """Of one of a series: when it would be by the rule."""
    rule: str = ""
    """Of a whole series (RFC 5545, 3.3.10); empty: of one, or of a series that no rule alone describes."""
    zone: str = ""
    """By whose days the rule counts; empty: UTC, or a zone without a name."""
    without: tuple[datetime, ...] = ()
    """Times of the rule that do not take place."""
    guests: tuple[Guest, ...] = ()
    """The first ones; of an answer, whoever gives it."""
    comment: str = ""

    @property
    def name(self) -> str:
        """By which answers to it, and newer forms of it, are recognised."""
        return invitation_name(self.organizer, self.uid)


def invitation_name(organizer: str, uid: str) -> str:
    """A reference to all that is about one meeting of whoever organises it."""
    return f"uid:{organizer}/{uid}"


class Proposal(Body):
    """Another time that a guest would like."""

    at: datetime
    minutes: int
    interaction_id: str
    """The mail that says so."""


class InvitedGuest(Guest):
    """Somebody whom we invited, and what he said about the time that the meeting has now."""

    answered_at: datetime | None = None
    words: str = ""
    interaction_id: str | None = None
    """The mail with his answer."""
    proposal: Proposal | None = None


class InvitedChange(Body):
    """What became of an invitation of ours."""

    at: datetime
    by: str
    """Login, or the address of the guest who answered."""
    what: Literal["invited", "moved", "cancelled", "accepted", "declined", "tentative", "proposed"]
    sequence: int
    interaction_id: str | None = None
    """The mail that says so."""


class Invited(Body):
    """Of a planned contact to which we invited its people by mail."""

    uid: str
    sequence: int = 0
    """Of its newest form: each new one is sent as a mail of its own."""
    account: str
    """The mailbox that it is sent from."""
    organizer: str
    """The address of that mailbox, normalised."""
    by: str
    """Login of the employee who invited last."""
    text: str = ""
    cancelled: bool = False
    guests: tuple[InvitedGuest, ...] = ()
    history: tuple[InvitedChange, ...] = ()
    """The first change and the newest ones."""


class Rsvp(Body):
    """What an employee answered to an invitation that came in; the last one counts."""

    answer: Literal["accepted", "declined", "tentative"]
    by: str
    at: datetime
    interaction_id: str
    """The mail that says so."""
    meeting_id: str | None = None
    """The contact that is planned for it."""


class CalendarPart(Body):
    """A calendar that stands in a mail beside its text, as what it is for (RFC 6047)."""

    method: Literal["REQUEST", "CANCEL", "REPLY"]
    text: str
