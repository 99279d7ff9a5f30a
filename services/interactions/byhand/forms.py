"""What an employee writes down by hand: a contact that was or shall be, a note to colleagues."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form, Ref
from hub.api.names import Colleague
from hub.api.uploads import Upload
from hub.contracts.call import CallResult
from hub.contracts.interaction import Direction, Role
from services.interactions.moments import Sensible

Kind = Literal["call", "meeting", "letter", "email", "sms", "message", "post"]
_YEAR = 366 * 24 * 3600
_DAY = 24 * 60
_TEXT = 100_000


class Person(Form):
    """Who takes part: a colleague, or somebody by his address; one whose address nobody knows by his name alone."""

    role: Role = Role.TO
    address: str = Field(default="", max_length=400, examples=["+7 916 123-45-67"])
    name: str = Field(default="", max_length=200)
    login: Colleague | None = None

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not (self.address or self.name or self.login):
            raise ValueError("give address, name or login")
        return self


class PlanForm(Form):
    """When it shall be."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"at": "2026-03-03T07:00:00Z", "minutes": 90}]})
    at: Sensible
    minutes: int = Field(default=60, ge=1, le=31 * _DAY)
    place: str = Field(default="", max_length=500)
    reminders: tuple[Annotated[int, Field(ge=0, le=_YEAR)], ...] = Field(
        default=(), max_length=10, description="Seconds before it"
    )
    repeats: str | None = Field(
        default=None,
        max_length=500,
        description="RFC 5545: it comes again, counted from this time on. None: as it is; empty: not any more",
        examples=["FREQ=WEEKLY;BYDAY=MO"],
    )


class FactForm(Form):
    """What became of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"held": True, "minutes": 45, "result": "Замерили"}]})
    held: bool = Field(description="false: it did not take place")
    at: Sensible | None = Field(default=None, description="None: when it was planned, else now")
    minutes: int = Field(default=0, ge=0, le=31 * _DAY)
    result: str = Field(default="", max_length=_TEXT)


class ByHandForm(Form):
    """A contact: with a plan it shall be, without one it was."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "meeting",
                    "subject": "Замер кухни",
                    "plan": {"at": "2026-03-03T07:00:00Z", "minutes": 90, "place": "Тверская, 1"},
                    "participants": [{"role": "attendee", "address": "+7 916 123-45-67", "name": "Анна"}],
                },
                {"type": "call", "direction": "out", "result": "answered", "minutes": 5, "text": "Ждёт счёт"},
            ]
        }
    )
    type: Kind
    direction: Direction = Direction.OUT
    at: Sensible | None = Field(default=None, description="When it was; none: now")
    minutes: int = Field(default=0, ge=0, le=31 * _DAY)
    subject: str = Field(default="", max_length=1_000)
    text: str = Field(default="", max_length=_TEXT, description="What it was about")
    comment: str = Field(default="", max_length=20_000)
    importance: Literal["low", "normal", "high"] = "normal"
    participants: tuple[Person, ...] = Field(default=(), max_length=100)
    client_id: Ref | None = Field(default=None, description="None: of the chain, the cause, or the first address")
    chain_id: Ref | None = None
    cause_id: Ref | None = Field(default=None, description="The interaction that it follows from")
    attachments: tuple[Upload, ...] = Field(default=(), max_length=50)
    plan: PlanForm | None = None
    result: CallResult | None = Field(default=None, description="Of a call; none: answered")
    reviewed: bool = Field(default=False, description="Nothing is to be said any more")
    return_on: Sensible | None = Field(default=None, description="Put the chain aside until then")
    source: str = Field(default="", max_length=200, description="Of a new client: how he heard of us")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        wrong = {
            "result is of calls; leave it out": self.result and self.type != "call",
            "at is of what was; with a plan leave it out": self.plan and self.at,
            "minutes of a plan stand in it": self.plan and self.minutes,
            "subject or text is missing; say what it was about": not (self.subject or self.text or self.plan),
        }
        if said := [fix for fix, is_so in wrong.items() if is_so]:
            raise ValueError(said[0])
        return self


class Note(Form):
    """Words to colleagues; they never leave the hub."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Он был у нас в марте", "mentions": []}]})
    text: str = Field(min_length=1, max_length=_TEXT)
    mentions: tuple[Colleague, ...] = Field(
        default=(), max_length=20, description="They are told, and see this chain from then on"
    )
    attachments: tuple[Upload, ...] = Field(default=(), max_length=50)

    @property
    def named(self) -> list[str]:
        return [*dict.fromkeys(filter(None, self.mentions))]
