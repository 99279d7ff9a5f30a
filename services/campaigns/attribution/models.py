"""Costs, payments, rates and questions about them, as people write them. Money is decimal, with its currency."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from fastapi import Query
from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form, Moment, Ref

Model = Literal["first", "last", "linear", "position", "decay"]
Level = Literal["channel", "source", "campaign", "creative"]
_VALUE = Decimal(10) ** 13
Signed = Annotated[Decimal, Field(ge=-_VALUE, le=_VALUE, max_digits=15, decimal_places=2)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["RUB"])]
MOST_ITEMS = 1_000
_RUBLES: dict[str, Any] = {"value": "120000.00", "currency": "RUB"}
_LONGEST = 3_700
"""Days."""


class Amount(Form):
    """Money; below nothing: given back."""

    value: Signed = Field(examples=["120000.00"])
    currency: Currency


class NewCost(Form):
    """What a source costs over some days."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"source": "src_7f2k", "since": "2026-03-01", "until": "2026-03-31", "amount": _RUBLES}]
        }
    )
    source: Ref
    kind: Literal["plan", "fact"] = "fact"
    since: date
    until: date = Field(description="The last day of it")
    amount: Amount
    external_id: str = Field(default="", max_length=200, description="Of two with the same one the later one counts")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not 0 <= (self.until - self.since).days <= _LONGEST:
            raise ValueError(f"until is to be the same day as since, or up to {_LONGEST} days later")
        return self


class Costs(Form):
    """Some at once: all of them are taken, or none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"items": [{"source": "src_7f2k", "since": "2026-03-01", "until": "2026-03-31", "amount": _RUBLES}]}
            ]
        }
    )
    items: tuple[NewCost, ...] = Field(min_length=1, max_length=MOST_ITEMS)


class NewPayment(Form):
    """What somebody paid, or ordered elsewhere."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"whose": "cl_4k2m", "at": "2026-03-02T09:00:00Z", "amount": _RUBLES, "external_id": "INV-17"}
            ]
        }
    )
    whose: str = Field(min_length=1, max_length=300, description="Id of a client, or an address")
    at: Moment
    amount: Amount
    deal: Ref | None = Field(default=None, description="From then on the deal is worth what was paid for it")
    external_id: str = Field(default="", max_length=200, description="Of two with the same one the later one counts")


class Payments(Form):
    """Some at once: all of them are taken, or none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"items": [{"whose": "anna@example.com", "at": "2026-03-02T09:00:00Z", "amount": _RUBLES}]}]
        }
    )
    items: tuple[NewPayment, ...] = Field(min_length=1, max_length=MOST_ITEMS)


class NewRate(Form):
    """What one unit of a currency is worth, in the currency of reports, from a day on until there is a newer one."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"currency": "EUR", "day": "2026-03-02", "rate": "91.25"}]}
    )
    currency: Currency
    day: date
    rate: Annotated[Decimal, Field(gt=0, lt=Decimal(10) ** 9, max_digits=17, decimal_places=8)]


class Period(Form):
    """Days, in UTC, and by what revenue is shared."""

    since: date = Field(examples=["2026-03-01"])
    until: date = Field(description="The last day", examples=["2026-03-31"])

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not 0 <= (self.until - self.since).days <= _LONGEST:
            raise ValueError(f"until is to be the same day as since, or up to {_LONGEST} days later")
        return self


class ReportQuery(Period):
    by: Level = "source"
    model: tuple[Model, ...] = Field(default=("last",), max_length=5, description="Several stand side by side")
    allocate: Literal["none", "leads", "touches"] = Field(
        default="none",
        description="Costs of what is above: left there, or shared by leads or touches of what is below",
    )


class DrillQuery(Period):
    model: Model = "last"
    source: str = Field(
        default="", max_length=100, description="With all below it; empty: what no source is known of"
    )
    limit: int = Field(default=200, ge=1, le=2_000)


class NewStatement(Period):
    """A period that is closed: its numbers are kept as they are now, to be compared with later."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Март", "since": "2026-03-01", "until": "2026-03-31"}]}
    )
    name: str = Field(min_length=1, max_length=200)


Reporting = Annotated[ReportQuery, Query()]
Drilling = Annotated[DrillQuery, Query()]
