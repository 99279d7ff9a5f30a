"""A working calendar as people write it."""

from datetime import date, time
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form, TimeOfDay
from hub.api.names import Colleague, TeamId
from hub.contracts.shown import Moment as ShownMoment
from hub.contracts.shown import View
from services.interactions.calendars.working import in_order
from services.interactions.moments import Sensible, zone_of

Part = tuple[TimeOfDay, TimeOfDay]
Parts = Annotated[tuple[Part, ...], Field(max_length=10)]
Weekday = Annotated[str, Field(pattern="^[1-7]$", description="1 is Monday")]


class DayOff(Form):
    """A day that is otherwise; without hours nobody works."""

    day: date
    hours: tuple[Part, ...] = Field(default=(), max_length=10)


class CalendarForm(Form):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "time_zone": "Asia/Yekaterinburg",
                    "week": {"1": [["09:00", "13:00"], ["14:00", "18:00"]], "6": [["10:00", "15:00"]]},
                    "country": "RU",
                    "exceptions": [{"day": "2026-12-31", "hours": [["09:00", "12:00"]]}],
                }
            ]
        }
    )
    time_zone: str = Field(max_length=100, examples=["Europe/Moscow"])
    week: dict[Weekday, Parts] = Field(max_length=7, description="By weekday")
    country: str = Field(
        default="RU", pattern=r"^([A-Z]{2})?$", description="Whose holidays, and moved days, count; empty: nobody's"
    )
    exceptions: tuple[DayOff, ...] = Field(default=(), max_length=400)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        zone_of(self.time_zone)
        parts = [*self.week.values(), *(one.hours for one in self.exceptions)]
        if not all(in_order([(time.fromisoformat(a), time.fromisoformat(b)) for a, b in hours]) for hours in parts):
            raise ValueError("the parts of a day follow each other, each with its end after its beginning")
        return self

    @property
    def stored(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


class CalendarView(View):
    """When somebody works."""

    time_zone: str
    week: dict[str, tuple[Part, ...]]
    country: str = ""
    exceptions: tuple[DayOff, ...] = ()


class WorkingQuery(Form):
    """Parameters of a question about working time."""

    login: Colleague | None = None
    team: TeamId | None = None
    since: Sensible
    minutes: int = Field(default=0, ge=0, le=60 * 24 * 366, description="Of working time")


class WorkingView(View):
    working: bool = Field(description="At `since`")
    over_at: ShownMoment | None = Field(description="When so many working minutes have passed")
