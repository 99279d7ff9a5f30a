"""What the API takes and gives about exchanges, and an exchange ready to be used."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_network
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic.config import JsonDict

from hub.api.forms import Form
from hub.channels.belonging import EVERYBODYS, Line
from services.telephony.calls.lines import Lines
from services.telephony.exchanges.presets import PRESETS

TWILIO_API = "https://api.twilio.com"
KINDS = ("ami", "webhook", "twilio")
Kind = Literal["ami", "webhook", "twilio"]
_HIDDEN = "Kept encrypted, never shown again"
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
_AMI: JsonDict = {
    "name": "Office",
    "connection": {"kind": "ami", "host": "pbx.example.com", "user": "omnihub", "secret": "secret"},
}


def _one_line(text: str) -> str:
    """What is written into the manager interface must not begin another line of it."""
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise ValueError("must be on one line, without control characters")
    return text


def _secret_line(secret: SecretStr) -> SecretStr:
    _one_line(secret.get_secret_value())
    return secret


def _secure(text: str) -> str:
    url = urlsplit(text)
    plain_here = url.scheme == "http" and url.hostname in _THIS_MACHINE
    if text and (not (url.scheme == "https" or plain_here) or not url.hostname or "{" in url.netloc):
        raise ValueError("must be an https address; {file} may stand behind the host only")
    return text


def _networks(given: list[str]) -> list[str]:
    for text in given:
        try:
            ip_network(text)
        except ValueError as exc:
            raise ValueError(f"{text!r} is no network; write it as 192.0.2.0/24") from exc
    return given


def _template(text: str) -> str:
    if "{extension}" not in text:
        raise ValueError("{extension} is missing; write it as PJSIP/{extension}")
    return _one_line(text)


def _outward(text: str) -> str:
    if text and "{number}" not in text:
        raise ValueError("{number} is missing; write it as PJSIP/{number}@mango")
    return _one_line(text)


Name = Annotated[str, Field(max_length=200)]
Word = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
Text = Annotated[str, Field(max_length=200), AfterValidator(_one_line)]
Words = Annotated[list[Word], Field(max_length=100)]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=200, description=_HIDDEN), AfterValidator(_secret_line)]
Region = Annotated[str, Field(pattern="^[A-Z]{2}$", description="Of numbers without a country")]
Url = Annotated[str, Field(max_length=2000), AfterValidator(_secure)]
Networks = Annotated[list[str], Field(max_length=50), AfterValidator(_networks)]
Dial = Annotated[
    str,
    Field(max_length=200, description="How a phone is rung", examples=["PJSIP/{extension}"]),
    AfterValidator(_template),
]


def _spoken(text: str) -> str:
    if text and ("{text}" not in text or "," not in text):
        raise ValueError("{text} is missing behind the application; write it as Festival,{text}")
    return _one_line(text)


AgiSecret = Annotated[SecretStr, AfterValidator(_secret_line)]
Speaks = Annotated[str, Field(max_length=200), AfterValidator(_spoken)]
Folder = Annotated[str, Field(max_length=200, pattern=r"^/[A-Za-z0-9_./-]*[A-Za-z0-9_-]$")]
Outside = Annotated[str, Field(max_length=200, examples=["PJSIP/{number}@mango"]), AfterValidator(_outward)]


class AmiInput(Form):
    """The manager interface of an Asterisk, FreePBX, Issabel or Vicidial."""

    kind: Literal["ami"]
    host: Word = Field(examples=["pbx.example.com"])
    port: int = Field(default=5038, ge=1, le=65535)
    tls: bool = Field(default=False, description="The interface's own TLS (tlsenable in manager.conf, port 5039)")
    user: Word = Field(examples=["omnihub"])
    secret: Secret
    context: Word = Field(default="from-internal", description="The dialplan's context in which calls out begin")
    dial: Dial = "PJSIP/{extension}"
    outside: Outside = Field(
        default="", description="How a number outside is rung by itself, for call lists that dial"
    )
    prefix: Text = Field(default="", description="What is dialled before a number outside", examples=["9"])
    trunks: Words = Field(default=[], description="Beginnings of channels that are lines", examples=[["PJSIP/mango"]])
    contexts: Words = Field(default=[], description="Contexts in which calls from outside begin")
    extensions: Words = Field(default=[], description="Beginnings of channels that are phones, where it is not clear")
    recordings: Url = Field(
        default="",
        description="Where recordings are fetched; {file} is what the exchange calls one, {name} the name alone",
        examples=["https://pbx.example.com/monitor/{name}"],
    )
    recordings_login: SecretStr = Field(default=SecretStr(""), max_length=400, description="USER:PASSWORD for these")
    agi_secret: AgiSecret = Field(
        default=SecretStr(""),
        max_length=200,
        description="What the dialplan shows where it hands callers over; empty: nobody may. " + _HIDDEN,
    )
    speak: Speaks = Field(
        default="",
        description="The application that speaks a text which no sound stands for",
        examples=["Festival,{text}"],
    )
    spool: Folder = Field(
        default="/var/spool/asterisk/monitor", description="Where the exchange writes what is recorded in a flow"
    )


class MappingInput(Form):
    """Where a provider writes what; see docs/telephony.md."""

    paths: dict[str, str | list[str]] = Field(max_length=50, examples=[{"id": "call.id", "from": "from", "to": "to"}])
    words: dict[str, dict[str, str]] = Field(default={}, max_length=50, examples=[{"direction": {"incoming": "in"}}])
    calls: str = Field(default="", max_length=200, description="The path of a list of calls")


class WebhookInput(Form):
    """Any exchange that posts what happens to PUBLIC_URL/hooks/calls/ID."""

    kind: Literal["webhook"]
    provider: Literal["", "mango", "megafon", "zadarma", "3cx"] = Field(
        default="", description="A mapping and a check that are ready"
    )
    mapping: MappingInput | None = Field(default=None, description="In place of the provider's, or for one's own")
    check: Literal["", "token", "hmac-sha256", "hmac-sha1"] = Field(
        default="", description="How a call proves whom it is from; empty: as the provider does"
    )
    secret: Secret
    key: Text = Field(default="", description="What a provider names beside the secret, as the API key of Mango")
    networks: Networks = Field(default=[], description="Only from these addresses; none: from anywhere")
    recordings_hosts: Words = Field(default=[], description="Hosts that recordings are fetched from")


class TwilioInput(Form):
    """Twilio Voice. Let the number's voice webhook point to PUBLIC_URL/hooks/voice/ID."""

    kind: Literal["twilio"]
    account_sid: str = Field(
        pattern=r"^AC[0-9a-zA-Z]{32}$", description="Begins with AC", examples=["AC00000000000000000000000000000000"]
    )
    auth_token: Secret
    api_key: str = Field(default="", pattern=r"^(SK[0-9a-zA-Z]{32})?$", description="For phones in the browser")
    api_secret: SecretStr = Field(default=SecretStr(""), max_length=200, description=_HIDDEN)
    app_sid: str = Field(default="", pattern=r"^(AP[0-9a-zA-Z]{32})?$", description="TwiML app of browser phones")
    api_url: Url = TWILIO_API


Connection = Annotated[AmiInput | WebhookInput | TwilioInput, Field(discriminator="kind")]


class ExchangeInput(Form):
    """What carries calls. A login is tried before it is saved."""

    model_config = ConfigDict(json_schema_extra={"examples": [_AMI]})
    name: str = Field(min_length=1, max_length=200)
    region: Region = "RU"
    connection: Connection


class ExchangeChange(Form):
    """What is not given stays. Of `connection`, too: its fields are those of the exchange's kind."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Head office"}]})
    name: str | None = Field(default=None, min_length=1, max_length=200)
    region: Region | None = None
    connection: dict[str, Any] | None = Field(default=None, max_length=30, examples=[{"host": "pbx2.example.com"}])

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("nothing to change; give name, region or connection")
        return self


SECRETS = ("secret", "auth_token", "api_secret", "recordings_login", "agi_secret")
PLACE: Mapping[str, tuple[str, ...]] = {"ami": ("host", "port", "tls"), "webhook": (), "twilio": ("api_url",)}
"""Fields that decide where a secret goes, by kind."""
FORMS: Mapping[str, type[AmiInput] | type[WebhookInput] | type[TwilioInput]] = {
    "ami": AmiInput,
    "webhook": WebhookInput,
    "twilio": TwilioInput,
}


class ConnectionView(BaseModel):
    """How an exchange is reached; its secrets are not shown."""

    model_config = ConfigDict(extra="allow")
    kind: Kind


class ExchangeView(BaseModel):
    id: str
    name: str
    kind: Kind
    address: str = Field(examples=["pbx.example.com:5038"])
    region: str
    connection: ConnectionView
    hook: str = Field(description="Where it posts to, behind the public address", examples=["/hooks/calls/ex_1"])
    created_at: datetime

    @classmethod
    def of(cls, document: dict[str, Any]) -> "ExchangeView":
        kind = document["kind"]
        hook = {"webhook": f"/hooks/calls/{document['_id']}", "twilio": f"/hooks/voice/{document['_id']}"}
        return cls.model_validate(
            {**document, "id": document["_id"], "hook": hook.get(kind, ""), "connection": document["connection"]}
        )


class ExchangePage(BaseModel):
    items: list[ExchangeView]
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """An exchange, its secrets in clear."""

    id: str
    kind: Kind
    name: str
    address: str
    region: str = "RU"
    connection: AmiInput | WebhookInput | TwilioInput = field(repr=False)
    revision: int = 0
    line: Line = EVERYBODYS

    @property
    def channel(self) -> str:
        return "exchange"

    @property
    def ami(self) -> AmiInput:
        assert isinstance(self.connection, AmiInput)
        return self.connection

    @property
    def webhook(self) -> WebhookInput:
        assert isinstance(self.connection, WebhookInput)
        return self.connection

    @property
    def twilio(self) -> TwilioInput:
        assert isinstance(self.connection, TwilioInput)
        return self.connection

    @property
    def lines(self) -> Lines:
        """What is known of its channels and numbers."""
        if not isinstance(self.connection, AmiInput):
            return Lines(region=self.region)
        given = self.connection
        return Lines(tuple(given.trunks), tuple(given.contexts), tuple(given.extensions), self.region)


def address_of(connection: AmiInput | WebhookInput | TwilioInput) -> str:
    """What an exchange is called where its id would tell nobody anything."""
    if isinstance(connection, AmiInput):
        return f"{connection.host}:{connection.port}"
    if isinstance(connection, TwilioInput):
        return connection.account_sid
    return PRESETS[connection.provider].title if connection.provider else "webhook"
