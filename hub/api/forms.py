"""What forms, answers and lists of all services have in common."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, NaiveDatetime

from hub.api.names import LOGIN
from hub.contracts.shown import View

__all__ = [
    "MAX_LIMIT",
    "After",
    "Form",
    "Id",
    "Limit",
    "LocalMoment",
    "Moment",
    "Named",
    "Paging",
    "Ref",
    "SeenVersion",
    "TimeOfDay",
    "View",
]

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")
MAX_LIMIT = 500
"""Items of a page; `hub.api.pages` bounds its bytes."""
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many at most", examples=[50])]
_ID = r"^[A-Za-z0-9_-]{1,100}$"
Ref = Annotated[str, Field(pattern=_ID)]
"""The id of a record, in a form."""
LoginPath = Annotated[str, Path(alias="login", pattern=LOGIN, description="Login of the employee")]
Id = Annotated[str, Path(alias="id", pattern=_ID, description="The `id` in the list")]
"""For `{id}` in a path."""
Named = Annotated[
    list[Ref],
    Field(max_length=100, description="Of these those that you see, by id; many at once: ?id=A&id=B"),
]
"""For `id` of a list."""
After = Annotated[str | None, Query(description="`next` of the page before")]
_FIRST, _LAST = datetime.min + timedelta(days=3), datetime.max - timedelta(days=3)
"""So far from the ends of the calendar no offset and no time zone leads beyond them."""


def _inside(moment: datetime) -> datetime:
    return min(max(moment.replace(tzinfo=None), _FIRST), _LAST).replace(tzinfo=moment.tzinfo)


def _moment_text(value: object) -> object:
    """Numbers would be taken for seconds since 1970."""
    if (isinstance(value, str) and not _MOMENT.match(value)) or isinstance(value, int | float):
        raise ValueError("must be a moment like 2026-03-02T09:00:00+03:00")
    return value


SeenVersion = Annotated[
    int | None,
    Field(ge=1, description="The one that you change: 409 where it is another by now; none: whatever it is"),
]
"""See `hub.store.versions`."""
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["09:00"])]
"""On a clock of 24 hours."""
Moment = Annotated[
    AwareDatetime, BeforeValidator(_moment_text), AfterValidator(lambda moment: _inside(moment).astimezone(UTC))
]
"""A moment in UTC; those in the first and last days of the calendar are moved inside."""
LocalMoment = Annotated[NaiveDatetime, BeforeValidator(_moment_text), AfterValidator(_inside)]
"""The same in a time zone that is told elsewhere."""


class Form(BaseModel):
    """A request body, or the parameters of a list; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Paging(Form):
    """Parameters of a list."""

    limit: int = Field(default=50, ge=1, le=MAX_LIMIT, description="How many at most; fewer where they are large")
    after: str | None = Field(default=None, max_length=2_000, description="`next` of the page before")
