"""Call lists, dispositions and do-not-call as people write them."""

from datetime import timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from hub.api.forms import Form, Moment, Ref
from hub.api.names import Colleague, TeamId


def _a_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ValueError(f"{name!r} is no time zone; write it as Europe/Moscow") from exc
    return name


Flag = Literal["human", "contact", "sale", "refused", "do_not_call", "unworkable", "callback", "final"]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-4]):[0-5][0-9]$", examples=["09:00"])]
Zone = Annotated[str, Field(max_length=60, examples=["Europe/Moscow"]), AfterValidator(_a_zone)]
Delay = Annotated[timedelta, Field(ge=timedelta(minutes=1), le=timedelta(days=60))]
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_STEPS, MOST_ITEMS = 20, 1_000
CLOSING = frozenset(("sale", "refused", "do_not_call", "final"))
"""Flags after which a person of a list is not phoned any more."""


class Disposition(Form):
    """What came of an attempt, and what it means."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"title": "Занято", "flags": [], "again": ["PT15M", "PT15M", "PT15M"]}]}
    )
    title: str = Field(min_length=1, max_length=100)
    flags: tuple[Flag, ...] = Field(default=(), max_length=8)
    again: tuple[Delay, ...] = Field(
        default=(), max_length=MOST_STEPS, description="After how long the next try is, and so on; then no more"
    )
    next_number: bool = Field(default=False, description="The next try is at the next of his numbers")


DISPOSITIONS: dict[str, Disposition] = {
    "busy": Disposition(title="Занято", again=(timedelta(minutes=15),) * 3),
    "no_answer": Disposition(title="Не отвечает", again=(timedelta(hours=4),) * 2 + (timedelta(days=1),)),
    "answering_machine": Disposition(title="Автоответчик", again=(timedelta(hours=4), timedelta(days=1))),
    "dropped": Disposition(title="Не дождался оператора", flags=("human",), again=(timedelta(days=1),)),
    "failed": Disposition(title="Сбой связи", again=(timedelta(minutes=5), timedelta(hours=1))),
    "wrong_number": Disposition(title="Номер не его", flags=("unworkable",), next_number=True),
    "callback": Disposition(title="Перезвонить", flags=("human", "contact", "callback")),
    "sale": Disposition(title="Продажа", flags=("human", "contact", "sale", "final")),
    "not_interested": Disposition(title="Не интересно", flags=("human", "contact", "refused", "final")),
    "do_not_call": Disposition(title="Больше не звонить", flags=("human", "do_not_call", "final")),
}
"""The dictionary that every hub begins with."""


class Hours(Form):
    """When people may be phoned, by the clock of their number: the same each day, but those that are told apart."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"since": "09:00", "until": "21:00", "sun": False}]})
    since: Clock = "09:00"
    until: Clock = "21:00"
    weekend_since: Clock = "10:00"
    weekend_until: Clock = "20:00"
    sat: bool = Field(default=True, description="On Saturdays, too")
    sun: bool = Field(default=False, description="On Sundays, too")
    holidays: str = Field(default="RU", pattern="^([A-Z]{2})?$", description="Not on those of this country")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not (self.since < self.until and self.weekend_since < self.weekend_until):
            raise ValueError("since is to be before until")
        return self


Mode = Literal["preview", "progressive", "predictive"]


class Pacing(Form):
    """How many lines a list that dials by itself dials; see docs/telemarketing.md."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"lines": 3.0, "cap": 0.03, "limit": "hard"}]})
    lines: float = Field(default=3.0, ge=1, le=10, description="For each agent, at most; predictive alone")
    cap: float = Field(default=0.03, ge=0, le=0.2, description="Of those who answer, so many may be dropped")
    limit: Literal["hard", "tapered", "average"] = "hard"


_EXAMPLE: dict[str, Any] = {"name": "Весна", "segment": "seg_7f2k", "line": "line_1", "regions": ["RU"]}


class CallListForm(Form):
    """Whom to phone, when, and how often. Nobody is phoned before it runs."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    name: str = Field(min_length=1, max_length=200)
    segment: Ref | None = Field(default=None, description="Clients; or give list")
    list: Ref | None = Field(default=None, description="A static list, of clients or not")
    line: str = Field(default="", max_length=100, description="The line that they are shown")
    source: Ref | None = Field(
        default=None,
        description="Of the directory: its costs, touches of those who were reached, and deals are counted by it",
    )
    regions: tuple[Annotated[str, Field(pattern="^[A-Z]{2}$")], ...] = Field(
        default=(), max_length=50, description="Countries of numbers that are phoned; none: all"
    )
    hours: Hours = Hours()
    dispositions: tuple[Code, ...] = Field(default=(), max_length=50, description="Of the dictionary; none: all")
    again: dict[Code, tuple[Delay, ...]] = Field(
        default_factory=dict, max_length=50, description="Other tries than the dictionary says, by disposition"
    )
    most_attempts: int = Field(default=10, ge=1, le=100, description="At one person, whatever comes of them")
    callback_days: int = Field(default=30, ge=1, le=365, description="A call-back is at most so many days ahead")
    script: Ref | None = Field(default=None, description="What operators are led through: GET /api/v1/scripts")
    mode: Mode = Field(
        default="preview",
        description="preview: operators take somebody and dial; progressive, predictive: the list dials by itself",
    )
    pacing: Pacing = Pacing()
    most_lines: int = Field(
        default=10, ge=1, le=150, description="So many ring at once at most, if it dials by itself"
    )
    dropped_to: str = Field(
        default="",
        max_length=20,
        pattern=r"^[0-9*#]*$",
        description="The exchange's extension that is played to whom no agent was there for; empty: the line ends",
    )
    after_call: timedelta = Field(
        default=timedelta(seconds=30),
        ge=timedelta(0),
        le=timedelta(hours=1),
        description="Work after a call of it ends by itself after so long",
    )
    zone: Zone | None = Field(default=None, description="Of its reports; none: [campaigns] call_zone")
    team: TeamId | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.segment is None) == (self.list is None):
            raise ValueError("give segment or list")
        return self


class NextTask(Form):
    """A task that follows from a call."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "Выслать каталог", "due_within": 480}]})
    title: str = Field(min_length=1, max_length=300)
    assignee: Colleague | None = Field(default=None, description="None: you")
    due_within: int | None = Field(default=None, ge=1, le=527_040, description="Minutes of working time")


class NextAmount(Form):
    """Money of a deal."""

    value: str = Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,4})?$", examples=["125000"])
    currency: str = Field(pattern="^[A-Z]{3}$", examples=["RUB"])


class NextDeal(Form):
    """A deal that follows from a call."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "Кухня «Верона»"}]})
    title: str = Field(min_length=1, max_length=300)
    amount: NextAmount | None = None


class Finish(Form):
    """What came of an attempt."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"disposition": "callback", "callback_at": "2026-12-01T12:00:00+03:00", "mine": True}]
        }
    )
    disposition: Code
    comment: str = Field(default="", max_length=2_000)
    callback_at: Moment | None = None
    mine: bool = Field(default=False, description="You phone him again yourself; else whoever is free")
    answers: dict[Annotated[str, Field(max_length=100)], Annotated[str, Field(max_length=2_000)]] = Field(
        default_factory=dict, max_length=100, description="What he answered, by question, beside the script"
    )
    task: NextTask | None = Field(default=None, description="Opened for the client, with this call as its reason")
    deal: NextDeal | None = Field(default=None, description="Opened in the client's chain")


class Skip(Form):
    """Why he is not phoned now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "у него открытая претензия"}]})
    reason: str = Field(min_length=1, max_length=500)
    again_in: Delay = timedelta(hours=1)


class Recycle(Form):
    """Those whose tries are over after these get them once more; caps and history stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"dispositions": ["no_answer"]}]})
    dispositions: tuple[Code, ...] = Field(min_length=1, max_length=50)


class NewStop(Form):
    """A number, or a beginning of numbers with `*`, that is not phoned."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"value": "+79161234567", "why": "просил не звонить"}]})
    value: str = Field(min_length=3, max_length=60, examples=["+7916*"])
    call_list: Ref | None = Field(default=None, description="Only in this call list; none: never again")
    why: str = Field(default="", max_length=500)


class Stops(Form):
    """Some at once, as of a file."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [{"value": "+79161234567"}]}]})
    items: tuple[NewStop, ...] = Field(min_length=1, max_length=MOST_ITEMS)
