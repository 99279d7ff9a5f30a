"""What a marketer gives as a mailing, and the words for where it and its recipients stand."""

from datetime import timedelta
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form, LocalMoment, Moment, Ref
from hub.api.names import TeamId
from services.campaigns.segments.models import Condition, check_tree
from services.campaigns.templates.models import Channel

MOST_SEEDS = 50
Metric = Literal["opened", "clicked", "replied"]


class MailingState(StrEnum):
    DRAFT = "draft"
    FREEZING = "freezing"
    """Its audience is being written down."""
    RUNNING = "running"
    PAUSED = "paused"
    HELD = "held"
    """It was away for too long: somebody has to say whether it still goes."""
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    """It could not be launched; see its reason."""


class RowState(StrEnum):
    """What became of a recipient's message, the strongest thing that is known."""

    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    SENT = "sent"
    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    REPLIED = "replied"
    BOUNCED = "bounced"

    @property
    def rank(self) -> int:
        return list(RowState).index(self)


LEFT_US = frozenset(state for state in RowState if state.rank >= RowState.SENT.rank)
"""A provider took it."""
WAITING = frozenset((RowState.QUEUED, RowState.SENDING))


class Message(Form):
    """What is sent by one channel, from one of our accounts."""

    channel: Channel
    template: str = Field(max_length=100)
    account: str = Field(default="", max_length=100, description="Id of the mailbox, bot or number; none for post")
    from_name: str = Field(default="", max_length=200)


class Gathering(Form):
    """Guests of a marketing event, each with his own links: `{{ data.event_url }}`, `{{ data.calendar_url }}`, …"""

    event: Ref
    states: tuple[Literal["invited", "confirmed", "waiting", "declined", "attended", "absent"], ...] = Field(
        default=("invited", "confirmed", "waiting"), min_length=1, max_length=6
    )


class Trial(Form):
    """Other templates for the first message, tried on a part of the audience; the rest gets the best."""

    templates: tuple[str, ...] = Field(min_length=1, max_length=4, description="Beside that of the message")
    share: float = Field(default=0.2, gt=0, le=1, description="Of the audience, all variants together")
    metric: Metric = "clicked"
    decide_after: timedelta = Field(default=timedelta(hours=4), ge=timedelta(seconds=1), le=timedelta(days=14))


_EXAMPLE: dict[str, Any] = {
    "name": "Весна",
    "topic": "news",
    "messages": [{"channel": "email", "template": "tpl_7f2k", "account": "mb_1a2b"}],
    "include": {"segment": "seg_9c1d"},
    "send_at_local": "2026-03-08T10:00",
}


class MailingForm(Form):
    """Whom, what, when. Nothing leaves before it is launched."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    name: str = Field(min_length=1, max_length=200)
    topic: str = Field(max_length=100, description="Of consent: who said no to it gets nothing")
    messages: tuple[Message, ...] = Field(
        min_length=1, max_length=3, description="The first that reaches a recipient; the next one when it fails"
    )
    include: Condition | None = Field(default=None, description="Clients; none: the lists alone")
    exclude: Condition | None = None
    guests: Gathering | None = Field(default=None, description="Nobody but guests of an event; alone: all of them")
    lists: tuple[str, ...] = Field(default=(), max_length=20, description="People of static lists, clients or not")
    send_at: Moment | None = Field(default=None, description="None: when it is launched")
    send_at_local: LocalMoment | None = Field(default=None, description="In each recipient's time zone")
    time_zone: str = Field(default="Europe/Moscow", max_length=100, description="Of those whose own is not known")
    stale_after: timedelta = Field(
        default=timedelta(hours=3),
        ge=timedelta(minutes=1),
        description="After so long without a hub that runs it waits to be confirmed",
    )
    per_second: float | None = Field(default=None, gt=0, le=10_000)
    per_domain_second: float | None = Field(
        default=None, gt=0, le=10_000, description="To one host of mail addresses"
    )
    trial: Trial | None = None
    seeds: tuple[str, ...] = Field(
        default=(), max_length=MOST_SEEDS, description="Addresses that get it, too, and are counted nowhere"
    )
    counts: bool = Field(default=True, description="Opens and clicks are counted")
    team: TeamId | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.include is None and not self.lists and self.guests is None:
            raise ValueError("give include (conditions) or lists, or both, or guests")
        if self.send_at and self.send_at_local:
            raise ValueError("give send_at or send_at_local, not both")
        channels = [message.channel for message in self.messages]
        if len(channels) != len(set(channels)):
            raise ValueError("messages: one for each channel")
        if self.trial and channels[0] == "post":
            raise ValueError(
                "trial: nothing tells what came of a letter; leave it out, or begin with another channel"
            )
        for tree in filter(None, (self.include, self.exclude)):
            check_tree(tree)
        return self


class Winner(Form):
    """The variant that the rest of the audience gets, from 0."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"variant": 1}]})
    variant: int = Field(ge=0, le=4)
