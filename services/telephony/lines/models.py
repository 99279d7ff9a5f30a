"""What the API takes and gives about lines: our numbers, and the rules of what comes by them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from hub.api.forms import Form
from hub.api.names import TeamId
from hub.channels.belonging import Belonging, BelongingChange, BelongingView
from hub.contracts.call import CallLine
from hub.store.base import Document
from services.telephony.flow.models import Flow

_EXAMPLE: JsonDict = {"number": "+74951234567", "name": "Sales", "exchange": "ex_1"}
Reached = Literal["call", "sms", "telegram", "email"]
Alias = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z+*#._-]+$")]
Aliases = Annotated[list[Alias], Field(max_length=20, description="What the exchange calls the number beside")]
ReachBy = Annotated[
    list[Reached],
    Field(
        min_length=1, max_length=4, description="After a missed call: channels by which somebody counts as reached"
    ),
]
Level = Annotated[int, Field(ge=1, le=3600, description="Seconds within which calls shall be answered")]
Retention = Annotated[int, Field(ge=0, le=3660, description="Days for which recordings are kept; 0: for ever")]
PoolOf = Annotated[
    str, Field(pattern=r"^([a-z0-9_-]{1,40})?$", description="Given to visitors for a time; empty: not")
]
ExchangeId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$", examples=["ex_4k2m"])]


class Source(Form):
    """The advertising source that a number stands for: who dials it saw it there."""

    kind: str = Field(default="line", pattern=r"^[a-z_]{1,40}$")
    value: str = Field(min_length=1, max_length=200, examples=["billboard_m4"])


class SmsBack(Form):
    """What who called in vain is written, once a day."""

    account: str = Field(pattern=r"^[A-Za-z0-9_-]{1,100}$", description="A number for SMS: GET /api/v1/numbers")
    text: str = Field(min_length=1, max_length=500, examples=["Мы перезвоним вам в течение часа."])


class LineInput(Belonging):
    """A number of ours."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    number: str = Field(min_length=3, max_length=40, examples=["+74951234567"])
    exchange: ExchangeId = Field(description="What carries it: GET /api/v1/exchanges")
    name: str = Field(default="", max_length=200, examples=["Sales"])
    aliases: Aliases = Field(default=[])
    queue: TeamId = Field(default="", description="The team whose work missed calls are; empty: the line's own")
    reach_by: ReachBy = Field(default=["call"])
    service_level: Level = 20
    source: Source | None = None
    pool: PoolOf = ""
    sms_back: SmsBack | None = None
    flow: Flow | None = Field(default=None, description="What happens with calls; none: as the exchange says")
    record: bool = Field(default=True, description="Recordings are fetched and kept")
    transcribe: bool = Field(
        default=False, description="They are written down, by whom PUT /api/v1/transcriber names"
    )
    retention_days: Retention = 365


class LineChange(BelongingChange):
    """What is not given stays; it counts for calls from then on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"service_level": 30}]})
    name: str | None = Field(default=None, max_length=200)
    exchange: ExchangeId | None = None
    aliases: Aliases | None = None
    queue: TeamId | None = None
    reach_by: ReachBy | None = None
    service_level: Level | None = None
    source: Source | None = None
    pool: PoolOf | None = None
    sms_back: SmsBack | None = None
    flow: Flow | None = None
    record: bool | None = None
    transcribe: bool | None = None
    retention_days: Retention | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("nothing to change; give name, exchange, queue, reach_by, service_level or another")
        return self


class LineView(BelongingView):
    id: str
    number: str = Field(examples=["+74951234567"])
    name: str
    exchange: str
    aliases: list[str]
    queue: str
    reach_by: list[str]
    service_level: int = Field(description="Seconds")
    source: Source | None
    pool: str = ""
    sms_back: SmsBack | None = None
    flow: Flow | None = None
    record: bool
    transcribe: bool = False
    retention_days: int
    created_at: datetime

    @classmethod
    def of(cls, document: dict[str, Any]) -> "LineView":
        return cls.model_validate({**document, "id": document["_id"], "number": document["address"]})


class LinePage(BaseModel):
    items: list[LineView]
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OurLine:
    """A line, as its calls are told."""

    id: str
    number: str
    """`+74951234567`."""
    exchange: str
    name: str = ""
    team: str | None = None
    others: str = "full"
    queue: str | None = None
    reach_by: tuple[str, ...] = ("call",)
    level: float = 20.0
    source: dict[str, str] | None = None
    pool: str = ""
    sms_back: dict[str, str] | None = None
    flow: Flow | None = None
    record: bool = True
    transcribe: bool = False
    retention_days: int = 0
    aliases: tuple[str, ...] = field(default=())

    @classmethod
    def of(cls, document: Document) -> "OurLine":
        return cls(
            id=document["_id"],
            number=document["address"],
            exchange=document["exchange"],
            name=document["name"],
            team=document.get("team") or None,
            others=document.get("others") or "full",
            queue=document["queue"] or None,
            reach_by=tuple(document["reach_by"]),
            level=float(document["service_level"]),
            source=document["source"],
            pool=document.get("pool") or "",
            sms_back=document.get("sms_back"),
            flow=Flow.model_validate(document["flow"]) if document.get("flow") else None,
            record=document["record"],
            transcribe=bool(document.get("transcribe")),
            retention_days=document["retention_days"],
            aliases=tuple(document["aliases"]),
        )

    @property
    def told(self) -> CallLine:
        return CallLine(
            id=self.id,
            number=self.number,
            name=self.name,
            team=self.team,
            queue=self.queue,
            reach_by=self.reach_by,
            level=self.level,
        )
