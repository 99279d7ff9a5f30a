"""A marketing event as people write it: what, when, where, how many, and what follows."""

from typing import Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ConfigDict, Field, field_validator, model_validator

from hub.api.forms import Form, LocalMoment, Ref, SeenVersion
from hub.api.names import Colleague, TeamId

State = Literal["unreached", "invited", "confirmed", "waiting", "declined", "attended", "absent"]
STATES: tuple[State, ...] = ("unreached", "invited", "confirmed", "waiting", "declined", "attended", "absent")
MOST_SEATS = MOST_WAITING = 5_000
MOST_GUESTS = 100_000
MOST_NAMED = 500
MOST_CHANGES = 50
"""Of one guest: whoever changes his mind more often calls us."""
_EXAMPLE: dict[str, Any] = {
    "title": "Новые кухни",
    "starts": "2026-03-12T19:00:00",
    "time_zone": "Europe/Moscow",
    "place": "Тверская, 1",
    "seats": 40,
    "source": "src_7f2k",
    "attended": {"task": "Спросить о впечатлении"},
}


class After(Form):
    """What follows for a guest when the event is over."""

    task: str = Field(default="", max_length=300, description="Title of a task for whoever is responsible")
    sequence: Ref | None = Field(default=None, description="That he enters")


class NoticesForm(Form):
    """What guests are told when it is at another time or place, or called off: a template each, by one account."""

    moved: Ref | None = Field(
        default=None, description="Template; `{{ data.was_when }}`, `{{ data.was_place }}` beside"
    )
    cancelled: Ref | None = None
    account: str = Field(min_length=1, max_length=100, description="The mailbox, bot or number that sends it")
    topic: str | None = Field(
        default=None,
        max_length=100,
        description="Who said no to it hears nothing; null: a service message, to those who confirmed or wait",
    )


class EventForm(Form):
    """What it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    title: str = Field(min_length=1, max_length=200)
    text: str = Field(default="", max_length=10_000)
    place: str = Field(default="", max_length=500)
    link: str = Field(
        default="", max_length=2_000, pattern=r"^(https?://[^\s<>\"]+)?$", description="Where it is held"
    )
    starts: LocalMoment = Field(description="In the time zone", examples=["2026-03-12T19:00:00"])
    time_zone: str = Field(default="Europe/Moscow", max_length=60)
    minutes: int = Field(default=120, ge=1, le=31 * 24 * 60)
    seats: int = Field(default=MOST_SEATS, ge=1, le=MOST_SEATS)
    source: Ref = Field(description="Of the directory: its costs, touches and deals are counted by it")
    responsible: Colleague = Field(default="", description="You, unless it is given")
    attended: After = After()
    absent: After = Field(default=After(), description="Of those who had confirmed")
    notices: NoticesForm | None = Field(default=None, description="None: its guests are told nothing by themselves")
    team: TeamId | None = None
    version: SeenVersion = None

    @field_validator("time_zone")
    @classmethod
    def _a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
            raise ValueError(f"{name!r} is no time zone; write it as Europe/Moscow") from exc
        return name


class InviteForm(Form):
    """Who is invited, and with what: each gets the template with `{{ data.event_url }}`, or, without one, nothing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"list": "lst_4k2m", "template": "tpl_7f2k", "account": "mb_1a2b", "topic": "news"}]
        }
    )
    clients: tuple[Ref, ...] = Field(default=(), max_length=MOST_NAMED)
    addresses: tuple[str, ...] = Field(default=(), max_length=MOST_NAMED)
    list: Ref | None = None
    mailing: Ref | None = Field(default=None, description="Whoever it was sent to")
    template: Ref | None = None
    account: str = Field(default="", max_length=100, description="The mailbox, bot or number that sends it")
    topic: str | None = Field(default=None, max_length=100, description="Who said no to it gets nothing")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not (self.clients or self.addresses or self.list or self.mailing):
            raise ValueError("name clients, addresses, a list or a mailing")
        if any(not 3 <= len(one) <= 400 for one in self.addresses):
            raise ValueError("addresses: each has 3 to 400 characters")
        if self.template and not (self.account and self.topic):
            raise ValueError("with a template give account and topic, too")
        return self


class AnswerForm(Form):
    """What a guest said to an employee."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"answer": "confirmed"}]})
    answer: Literal["confirmed", "declined"]


class CodeForm(Form):
    """What a guest shows at the door."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "7F2K4M9A"}]})
    code: str = Field(pattern=r"^[0-9A-Za-z]{8}$")
