"""What the API takes and gives about bots."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from hub.channels.belonging import Belonging, BelongingChange, BelongingView
from services.messaging.models import TELEGRAM_API, Region

Mode = Literal["polling", "webhook"]
Groups = Literal["ignore", "record"]
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


def _token(secret: SecretStr) -> SecretStr:
    number, _, rest = secret.get_secret_value().strip().partition(":")
    if not number.isdigit() or not rest.replace("-", "").replace("_", "").isalnum():
        raise ValueError("must be a token of @BotFather, like 110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw")
    return SecretStr(secret.get_secret_value().strip())


def _api_url(text: str) -> str:
    url = urlsplit(text)
    plain_here = url.scheme == "http" and url.hostname in _THIS_MACHINE
    if not (url.scheme == "https" or plain_here) or not url.hostname or url.query or "@" in url.netloc:
        raise ValueError(f"must be an https address like {TELEGRAM_API}")
    return text.rstrip("/")


def _one_line(text: str) -> str:
    if any(character < " " or character == "\x7f" for character in text):
        raise ValueError("must be one line, without control characters")
    return text.strip()


Token = Annotated[SecretStr, Field(max_length=200), AfterValidator(_token)]
ApiUrl = Annotated[str, Field(max_length=500), AfterValidator(_api_url)]
Name = Annotated[str, Field(max_length=200), AfterValidator(_one_line)]


class BotInput(Belonging):
    """A Telegram bot; Telegram is asked whose token it is before it is saved."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"token": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "name": "Sales bot"}]
        }
    )
    token: Token = Field(description="From @BotFather; kept encrypted, never shown again")
    name: Name = Field(default="", description="The bot's own, if none is given")
    mode: Mode = Field(
        default="polling", description="webhook needs [messaging] public_url, where Telegram reaches the hub"
    )
    groups: Groups = Field(default="ignore", description="Posts in groups and channels")
    region: Region = Field(default="RU", description="Of phone numbers without a country, in contacts handed on")
    api_url: ApiUrl = Field(default=TELEGRAM_API, description="Of a Bot API server")


class BotChange(BelongingChange):
    """What is not given stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"mode": "webhook"}]})
    token: Token | None = None
    name: Name | None = None
    mode: Mode | None = None
    groups: Groups | None = None
    region: Region | None = None
    api_url: ApiUrl | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(
                "nothing to change; give token, name, mode, groups, region, api_url, team, others or approval"
            )
        return self


class BotView(BelongingView):
    """A Telegram bot; its token is not shown."""

    id: str
    address: str = Field(examples=["@romashka_bot"])
    name: str
    mode: Mode
    groups: Groups
    region: str = "RU"
    api_url: str
    created_at: datetime

    @classmethod
    def of(cls, document: dict[str, Any]) -> "BotView":
        return cls.model_validate({**document, "id": document["_id"]})


class BotPage(BaseModel):
    items: list[BotView]
    next: str | None = None
