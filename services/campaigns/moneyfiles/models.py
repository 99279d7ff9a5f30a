"""What is said of a file of costs, payments or orders, and what becomes of each of its rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ConfigDict, Field, field_validator

from hub.api.tables import FileForm, Title
from services.campaigns.attribution.models import Currency
from services.campaigns.moneyfiles.columns import Subject

Action = Literal["add", "change", "same", "skip", "reject"]
ROW = "row:"
"""Begins the `external_id` of a row that has none: made of what it says, the same whenever it comes again."""
ORDER = "order:"
"""Begins that of an order, so that no payment of the same number is taken for it."""


class MoneyPreviewForm(FileForm):
    model_config = ConfigDict(json_schema_extra={"examples": [{"file": "att_4k2m", "subject": "costs"}]})
    subject: Subject


class MoneyImportForm(MoneyPreviewForm):
    """A file of what was spent or paid, and how it is read."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"file": "att_4k2m", "subject": "payments", "mapping": {"Сумма": "amount", "Тел.": "phone"}}]
        }
    )
    mapping: dict[Title, Title] | None = Field(
        default=None, max_length=500, description="The field of each column; found by its title unless it is given"
    )
    currency: Currency | None = Field(default=None, description="Of rows that name none; that of reports, if none")
    zone: str = Field(
        default="UTC",
        max_length=60,
        description="Of times in it; a day alone is a day of reports: in UTC",
    )
    month_first: bool = Field(default=False, description="3/2/2026 is the second of March")
    dry_run: bool = Field(default=False, description="Tell what would be done, and do nothing")

    @field_validator("zone")
    @classmethod
    def _a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
            raise ValueError(f"{name!r} is no time zone; write it as Europe/Moscow") from exc
        return name


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is read, in a process of its own."""

    subject: Subject
    charset: str = ""
    delimiter: str = ""
    mapping: Mapping[str, str] | None = None
    currency: str = "RUB"
    zone: str = "UTC"
    month_first: bool = False


@dataclass(frozen=True, slots=True)
class Weighed:
    """What becomes of a row."""

    n: int
    action: Action
    reason: str = ""
    document: dict[str, Any] | None = None
    """To be stored; of what is added or changed."""
    path: tuple[str, ...] = ()
    """Of the source of a cost that is not there yet."""
