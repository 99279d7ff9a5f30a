"""What the API takes and gives about numbers."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic.config import JsonDict

from hub.api.forms import Form
from hub.channels.belonging import Belonging, BelongingChange, BelongingView
from hub.contracts.interaction import DeliveryState
from services.messaging.bots.models import Name
from services.messaging.models import TWILIO_API, HttpProvider, Provider, Region, TwilioProvider

_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
_WORD = r"^[a-z0-9-]{1,40}$"
_HIDDEN = "Kept encrypted, never shown again"
_EXAMPLE: JsonDict = {
    "address": "+74951234567",
    "providers": [{"kind": "twilio", "account_sid": "AC00000000000000000000000000000000", "auth_token": "secret"}],
}


def _secure(text: str) -> str:
    url = urlsplit(text)
    plain_here = url.scheme == "http" and url.hostname in _THIS_MACHINE
    if not (url.scheme == "https" or plain_here) or not url.hostname or "{" in url.netloc:
        raise ValueError("must be an https address; {to}, {from}, {text} and {id} may stand behind the host only")
    return text


Url = Annotated[str, Field(max_length=2000), AfterValidator(_secure)]


class TwilioInput(Form):
    """An account at Twilio."""

    kind: Literal["twilio"] = "twilio"
    account_sid: str = Field(
        pattern=r"^AC[0-9a-zA-Z]{32}$", description="Begins with AC", examples=["AC00000000000000000000000000000000"]
    )
    auth_token: SecretStr = Field(min_length=1, max_length=200, description=_HIDDEN)
    service: str = Field(
        default="", pattern=r"^(MG[0-9a-zA-Z]{32})?$", description="Messaging Service, begins with MG"
    )
    api_url: Url = TWILIO_API

    def provider(self) -> Provider:
        return TwilioProvider(
            account_sid=self.account_sid,
            auth_token=self.auth_token.get_secret_value(),
            service=self.service,
            api_url=self.api_url.rstrip("/"),
        )


class HttpInput(Form):
    """Any provider that takes an SMS by one HTTP request.

    `{to}`, `{from}`, `{text}`, `{id}` and `{callback}` stand for the message's in `url`, `headers` and `body`.
    """

    kind: Literal["http"]
    name: str = Field(pattern=_WORD, examples=["smsc"])
    url: Url = Field(examples=["https://sms.example.com/send?to={to}"])
    method: Literal["GET", "POST"] = "POST"
    headers: dict[str, SecretStr] = Field(default_factory=dict, max_length=20, description=_HIDDEN)
    body: dict[str, SecretStr] = Field(default_factory=dict, max_length=30, description=_HIDDEN)
    encoding: Literal["json", "form"] = "json"
    id_path: str = Field(
        default="id", min_length=1, max_length=200, examples=["messages.0.id"], description="In the answer's JSON"
    )
    status_path: str = Field(default="", max_length=200, description="In a receipt")
    statuses: dict[str, DeliveryState] = Field(
        default_factory=dict, max_length=100, examples=[{"DELIVRD": "delivered"}]
    )
    secret: SecretStr = Field(
        default=SecretStr(""), max_length=200, description="What the provider shows with receipts, `&secret=`"
    )

    @field_validator("name")
    @classmethod
    def _not_twilio(cls, name: str) -> str:
        if name == "twilio":
            raise ValueError("is the name of Twilio; choose another")
        return name

    @field_validator("headers")
    @classmethod
    def _header_names(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, value in headers.items():
            if not name.replace("-", "").isalnum() or not name.isascii() or "\n" in value.get_secret_value():
                raise ValueError(f"{name!r} is no header; write it as Authorization, its value on one line")
        return headers

    def provider(self) -> Provider:
        return HttpProvider(
            name=self.name,
            url=self.url,
            method=self.method,
            headers={name: value.get_secret_value() for name, value in self.headers.items()},
            body={name: value.get_secret_value() for name, value in self.body.items()},
            encoding=self.encoding,
            id_path=self.id_path,
            status_path=self.status_path,
            statuses={word: state.value for word, state in self.statuses.items()},
            secret=self.secret.get_secret_value(),
        )


ProviderInput = Annotated[TwilioInput | HttpInput, Field(discriminator="kind")]
Tariff = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=6)]


class NumberInput(Belonging):
    """A number or sender name, and by whom it sends: the first provider that works. Logins at Twilio are tried."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    address: str = Field(min_length=3, max_length=40, examples=["+74951234567", "ROMASHKA"])
    name: Name = ""
    providers: list[ProviderInput] = Field(min_length=1, max_length=5)
    substitute: bool = Field(default=False, description="Typographic marks become those of SMS: fewer segments")
    tariff: Tariff | None = Field(default=None, description="Price of a segment")
    region: Region = Field(default="RU", description="Of numbers without a country")


class NumberChange(BelongingChange):
    """What is not given stays; `providers` takes the place of all."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"tariff": "3.50"}]})
    name: Name | None = None
    providers: list[ProviderInput] | None = Field(default=None, min_length=1, max_length=5)
    substitute: bool | None = None
    tariff: Tariff | None = None
    region: Region | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(
                "nothing to change; give name, providers, substitute, tariff, region, team, others or approval"
            )
        return self


class ProviderView(BaseModel):
    """A provider; its secrets are not shown."""

    kind: Literal["twilio", "http"]
    name: str
    account_sid: str | None = None
    service: str | None = None
    url: str | None = None


class NumberView(BelongingView):
    id: str
    address: str = Field(examples=["+74951234567"])
    name: str
    providers: list[ProviderView]
    substitute: bool
    tariff: Decimal | None
    region: str
    created_at: datetime

    @classmethod
    def of(cls, document: dict[str, Any]) -> "NumberView":
        return cls.model_validate({**document, "id": document["_id"]})


class NumberPage(BaseModel):
    items: list[NumberView]
    next: str | None = None


class PreviewInput(Form):
    """A text as it would be sent."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "«Ваш заказ» — готов…", "smart": True}]})
    text: str = Field(max_length=100_000)
    smart: bool = Field(default=False, description="Typographic marks become those of SMS")
    account: str | None = Field(default=None, description="Which of our numbers would send it, for the price")


class Preview(BaseModel):
    encoding: Literal["GSM-7", "UCS-2"]
    segments: int
    characters: int = Field(description="Septets in GSM-7, what people count as one in UCS-2")
    remaining: int = Field(description="Units that the last segment has room for")
    price: str | None = Field(description="Null without a tariff")
    text: str
