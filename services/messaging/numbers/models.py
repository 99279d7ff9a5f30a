"""What the API takes and gives about numbers."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator

from hub.contracts.interaction import DeliveryState
from services.messaging.bots.models import Name
from services.messaging.models import TWILIO_API, HttpProvider, Provider, TwilioProvider

_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
_WORD = r"^[a-z0-9-]{1,40}$"


def _secure(text: str) -> str:
    url = urlsplit(text)
    plain_here = url.scheme == "http" and url.hostname in _THIS_MACHINE
    if not (url.scheme == "https" or plain_here) or not url.hostname or "{" in url.netloc:
        raise ValueError("must be an https address; {to}, {from}, {text} and {id} may stand behind the host only")
    return text


Url = Annotated[str, Field(max_length=2000), AfterValidator(_secure)]


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TwilioInput(Input):
    """An account at Twilio."""

    kind: Literal["twilio"] = "twilio"
    account_sid: str = Field(pattern=r"^AC[0-9a-zA-Z]{32}$", description="Begins with AC")
    auth_token: SecretStr = Field(min_length=1, max_length=200)
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


class HttpInput(Input):
    """Any provider that takes an SMS by one HTTP request."""

    kind: Literal["http"]
    name: str = Field(pattern=_WORD)
    url: Url
    method: Literal["GET", "POST"] = "POST"
    headers: dict[str, SecretStr] = Field(default_factory=dict, max_length=20)
    body: dict[str, SecretStr] = Field(default_factory=dict, max_length=30)
    encoding: Literal["json", "form"] = "json"
    id_path: str = Field(default="id", min_length=1, max_length=200)
    status_path: str = Field(default="", max_length=200)
    statuses: dict[str, DeliveryState] = Field(default_factory=dict, max_length=100)
    secret: SecretStr = Field(default=SecretStr(""), max_length=200)

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
Region = Annotated[str, Field(pattern="^[A-Z]{2}$")]
Tariff = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=6)]


class NumberInput(Input):
    """A number or sender name to be added; the login at Twilio is tried first."""

    address: str = Field(min_length=3, max_length=40)
    name: Name = ""
    providers: list[ProviderInput] = Field(min_length=1, max_length=5)
    substitute: bool = False
    tariff: Tariff | None = None
    region: Region = "RU"


class NumberChange(Input):
    """What shall be different; what is left out stays. `providers` takes the place of all."""

    name: Name | None = None
    providers: list[ProviderInput] | None = Field(default=None, min_length=1, max_length=5)
    substitute: bool | None = None
    tariff: Tariff | None = None
    region: Region | None = None


class ProviderView(BaseModel):
    """A provider without its secrets."""

    kind: Literal["twilio", "http"]
    name: str
    account_sid: str | None = None
    service: str | None = None
    url: str | None = None


class NumberView(BaseModel):
    id: str
    address: str
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


class PreviewInput(Input):
    """A text as it would be sent."""

    text: str = Field(max_length=100_000)
    smart: bool = False
    account: str | None = None


class Preview(BaseModel):
    encoding: Literal["GSM-7", "UCS-2"]
    segments: int
    characters: int
    remaining: int
    price: str | None
    text: str
