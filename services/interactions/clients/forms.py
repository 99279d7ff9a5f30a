"""What employees write on the card of a client."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from hub.api.forms import Form, Ref
from hub.api.names import Colleague, TeamId
from hub.contracts.client import ClientKind, Status
from services.interactions.addresses import NewAddress
from services.interactions.clients.requisites import inn, kpp, ogrn

Name = Annotated[str, Field(max_length=200)]
CUSTOM = 100
"""Fields of one's own on a card."""


def _or_empty(check: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: check(text) if text.strip() else ""


def _born(value: object) -> object:
    return None if value == "" else value


Inn = Annotated[str, Field(max_length=40), AfterValidator(_or_empty(inn))]
Kpp = Annotated[str, Field(max_length=40), AfterValidator(_or_empty(kpp))]
Ogrn = Annotated[str, Field(max_length=40), AfterValidator(_or_empty(ogrn))]
Birth = Annotated[date | None, BeforeValidator(_born)]
CustomName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
CustomValue = (
    Annotated[str, Field(max_length=2_000)]
    | Annotated[int, Field(ge=-(2**53), le=2**53)]
    | float
    | bool
    | date
    | None
)


class Postal(Form):
    """A postal or delivery address, with whom to ask for and when."""

    kind: Literal["postal", "delivery", "legal"] = "postal"
    street: Name = ""
    house: Annotated[str, Field(max_length=60)] = ""
    city: Name = ""
    region: Name = ""
    postcode: Annotated[str, Field(max_length=20)] = ""
    country: Annotated[str, Field(pattern=r"^([A-Z]{2})?$")] = ""
    contact: Name = ""
    hours: Name = Field(default="", examples=["пн–пт 9–18"])


class Employment(Form):
    """A person works for an organisation, from a day to a day."""

    organisation_id: Ref
    role: Name = Field(default="", examples=["директор"])
    since: date | None = None
    until: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since and self.until and self.since > self.until:
            raise ValueError("until is before since")
        return self


class CardChange(Form):
    """What is not given stays; an empty text takes away."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"status": "customer", "owner": "anna"}, {"kind": "organisation", "inn": "7707083893"}]
        }
    )
    kind: ClientKind | None = None
    name: str | None = Field(default=None, min_length=1, max_length=200, description="How he is called in lists")
    given_name: Name | None = None
    patronymic: Name | None = None
    surname: Name | None = None
    birth_date: Birth = Field(default=None, description="Empty: not known")
    inn: Inn | None = None
    kpp: Kpp | None = None
    ogrn: Ogrn | None = None
    legal_form: Name | None = Field(default=None, examples=["ООО"])
    status: Status | None = None
    language: Annotated[str, Field(pattern=r"^([a-z]{2})?$")] | None = Field(default=None, examples=["ru"])
    time_zone: str | None = Field(default=None, max_length=100, description="IANA name; empty: not known")
    postal: tuple[Postal, ...] | None = Field(default=None, max_length=20)
    works_for: tuple[Employment, ...] | None = Field(default=None, max_length=50, description="Of a person")
    custom: dict[CustomName, CustomValue] | None = Field(
        default=None, max_length=CUSTOM, description="Fields of your own; null takes one away"
    )
    comment: str | None = Field(default=None, max_length=20_000)
    owner: Colleague | None = Field(default=None, description="Who looks after him; empty: nobody")
    team: TeamId | None = Field(default=None, description="Empty: no team")

    @property
    def card(self) -> dict[str, Any]:
        """Fields as a document has them, whose he is left out; empty texts are nothing."""
        told = self.model_dump(mode="json", exclude_unset=True, exclude={"owner", "team", "addresses", "source"})
        born = {"birth_date": None} if "birth_date" in self.model_fields_set and self.birth_date is None else {}
        return {name: value if value != "" else None for name, value in told.items() if value is not None} | born

    @property
    def belongs(self) -> dict[str, str]:
        return {name: value for name in ("owner", "team") if (value := getattr(self, name)) is not None}


class NewClient(CardChange):
    """A client whom an employee knows of before he writes."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "surname": "Смирнова",
                    "given_name": "Анна",
                    "patronymic": "Сергеевна",
                    "addresses": [{"address": "+7 916 123-45-67"}],
                }
            ]
        }
    )
    addresses: tuple[NewAddress, ...] = Field(default=(), max_length=50)
    source: str = Field(default="", max_length=200, description="How he heard of us")

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not (self.name or self.surname or self.given_name or self.addresses):
            raise ValueError("give name, surname, given_name or an address")
        return self


class MergeClients(Form):
    model_config = ConfigDict(json_schema_extra={"examples": [{"into": "cl_4k2m", "take": ["name", "birth_date"]}]})
    into: Ref = Field(description="The client who stays")
    take: tuple[Annotated[str, Field(max_length=40)], ...] = Field(
        default=(), max_length=40, description="Fields that he takes from this one; of the rest what he lacks"
    )
