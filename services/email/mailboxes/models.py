"""What the API takes and gives about mailboxes and channels."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from services.email.models import Security, Server

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ADDRESS = re.compile(r"[^\s<>,;:\"@]+@[^\s<>,;:\"@]+\.?[^\s<>,;:\"@]*")


def _one_line(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("must be one line, without control characters")
    return text.strip()


def _secret_line(secret: SecretStr) -> SecretStr:
    if _CONTROL.search(secret.get_secret_value()):
        raise ValueError("must be one line, without control characters")
    return secret


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text.strip()):
        raise ValueError("must be an address like support@example.com, without a name")
    return text.strip()


Line = Annotated[str, Field(max_length=500), AfterValidator(_one_line)]
Host = Annotated[str, Field(pattern=r"^[^\s/@]+$", max_length=253)]
Port = Annotated[int, Field(ge=1, le=65535)]
Password = Annotated[SecretStr, Field(max_length=1000), AfterValidator(_secret_line)]


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ServerInput(Input):
    """A server and the login for it; `security` is `tls`, `starttls` or `plain`."""

    host: Host
    port: Port
    security: Security = "tls"
    user: Line
    password: Password

    def server(self) -> Server:
        return Server(
            host=self.host,
            port=self.port,
            security=self.security,
            user=self.user,
            password=self.password.get_secret_value(),
        )


class MailboxInput(Input):
    """A mailbox to be added."""

    address: Annotated[str, Field(max_length=320), AfterValidator(_address)]
    name: Line = ""
    imap: ServerInput
    smtp: ServerInput
    plus_addressing: bool = False
    """Whether the server delivers `user+anything@domain` to `user@domain`."""


class ServerChange(Input):
    """What shall be different; what is left out stays."""

    host: Host | None = None
    port: Port | None = None
    security: Security | None = None
    user: Line | None = None
    password: Password | None = None


class MailboxChange(Input):
    """What shall be different; what is left out stays."""

    name: Line | None = None
    imap: ServerChange | None = None
    smtp: ServerChange | None = None
    plus_addressing: bool | None = None


class ServerView(BaseModel):
    """A server without its password."""

    host: str
    port: int
    security: Security
    user: str


class MailboxView(BaseModel):
    """A mailbox as it may be shown."""

    id: str
    address: str
    name: str
    imap: ServerView
    smtp: ServerView
    plus_addressing: bool
    created_at: datetime

    @classmethod
    def of(cls, document: dict[str, Any]) -> "MailboxView":
        return cls.model_validate({**document, "id": document["_id"]})


class MailboxPage(BaseModel):
    items: list[MailboxView]
    next: str | None = None


class ChannelView(BaseModel):
    """How a mailbox is."""

    id: str
    channel: str = "email"
    address: str
    name: str
    state: Literal["green", "red", "starting"]
    reason: str | None
    last_in: datetime | None
    last_out: datetime | None
    lag_seconds: float | None
    queued: int
    unknown: int
    credentials: Literal["ok", "refused", "unknown"]
    checked_at: datetime | None


class ChannelList(BaseModel):
    items: list[ChannelView]
