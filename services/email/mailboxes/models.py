"""What the API takes and gives about mailboxes and channels."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from services.email.models import OAuth, Security, Server

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
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


def _token_url(text: str) -> str:
    url = urlsplit(text)
    if url.scheme == "http" and url.hostname in _THIS_MACHINE:
        return text
    if url.scheme != "https" or not url.hostname or "@" in url.netloc or url.fragment:
        raise ValueError("must be an https address like https://oauth2.googleapis.com/token")
    return text


def _in_clear(given: BaseModel) -> dict[str, str]:
    fields = given.model_dump(exclude_none=True)
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in fields.items()
    }


Line = Annotated[str, Field(max_length=500), AfterValidator(_one_line)]
Host = Annotated[str, Field(pattern=r"^[^\s/@]+$", max_length=253)]
Port = Annotated[int, Field(ge=1, le=65535)]
TokenUrl = Annotated[str, Field(max_length=2000), AfterValidator(_one_line), AfterValidator(_token_url)]
Scope = Annotated[str, Field(max_length=2000), AfterValidator(_one_line)]
Secret = Annotated[SecretStr, Field(max_length=10_000), AfterValidator(_secret_line)]
Signature = Annotated[str, Field(max_length=10_000)]
PerHour = Annotated[int, Field(ge=1, le=100_000)]
Password = Annotated[SecretStr, Field(max_length=1000), AfterValidator(_secret_line)]


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OAuthInput(Input):
    """A consent that was given to a client of the provider, instead of a password."""

    token_url: TokenUrl
    client_id: Annotated[Line, Field(min_length=1)]
    client_secret: Secret = SecretStr("")
    refresh_token: Annotated[Secret, Field(min_length=1)]
    scope: Scope = ""

    def oauth(self) -> OAuth:
        return OAuth(**_in_clear(self))


class ServerInput(Input):
    """A server and the login for it, a password or `oauth`; `security` is `tls`, `starttls` or `plain`."""

    host: Host
    port: Port
    security: Security = "tls"
    user: Line
    password: Password | None = None
    oauth: OAuthInput | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.password is None) == (self.oauth is None):
            raise ValueError("give either password or oauth")
        return self

    def server(self) -> Server:
        return Server(
            host=self.host,
            port=self.port,
            security=self.security,
            user=self.user,
            password=self.password.get_secret_value() if self.password else "",
            oauth=self.oauth.oauth() if self.oauth else None,
        )


class MailboxInput(Input):
    """A mailbox to be added."""

    address: Annotated[str, Field(max_length=320), AfterValidator(_address)]
    name: Line = ""
    imap: ServerInput
    smtp: ServerInput
    plus_addressing: bool = False
    """Whether the server delivers `user+anything@domain` to `user@domain`."""
    signature: Signature = ""
    """Stands under every message that brings none of its own."""
    per_hour: PerHour | None = None
    """Mails that may leave in an hour; the provider's limit, where it has one."""
    auto_reply: Signature = ""
    """What it answers by itself to a letter that opens a chain; empty: nothing."""


class OAuthChange(Input):
    """What shall be different; what is left out stays."""

    token_url: TokenUrl | None = None
    client_id: Line | None = None
    client_secret: Secret | None = None
    refresh_token: Secret | None = None
    scope: Scope | None = None

    def changed(self, oauth: OAuth | None) -> OAuth:
        """`oauth` with the changes; ValidationError where there is none and something misses."""
        given = _in_clear(self)
        return replace(oauth, **given) if oauth else OAuthInput.model_validate(given).oauth()


class ServerChange(Input):
    """What shall be different; what is left out stays. A password ends OAuth2, and the other way round."""

    host: Host | None = None
    port: Port | None = None
    security: Security | None = None
    user: Line | None = None
    password: Password | None = None
    oauth: OAuthChange | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if self.password is not None and self.oauth is not None:
            raise ValueError("give either password or oauth")
        return self

    def changed(self, server: Server) -> Server:
        """`server` with the changes; errors as `OAuthChange.changed`."""
        given = self.model_dump(exclude_none=True, exclude={"password", "oauth"})
        if self.password is not None:
            given |= {"password": self.password.get_secret_value(), "oauth": None}
        if self.oauth is not None:
            given |= {"password": "", "oauth": self.oauth.changed(server.oauth)}
        return replace(server, **given)


class MailboxChange(Input):
    """What shall be different; what is left out stays."""

    name: Line | None = None
    imap: ServerChange | None = None
    smtp: ServerChange | None = None
    plus_addressing: bool | None = None
    signature: Signature | None = None
    per_hour: PerHour | Literal[0] | None = None
    """0 ends the limit."""
    auto_reply: Signature | None = None


class OAuthView(BaseModel):
    """A consent without its secrets."""

    token_url: str
    client_id: str
    scope: str


class ServerView(BaseModel):
    """A server without its password."""

    host: str
    port: int
    security: Security
    user: str
    oauth: OAuthView | None = None


class MailboxView(BaseModel):
    """A mailbox as it may be shown."""

    id: str
    address: str
    name: str
    imap: ServerView
    smtp: ServerView
    plus_addressing: bool
    signature: str = ""
    per_hour: int | None = None
    auto_reply: str = ""
    created_at: datetime

    @classmethod
    def of(cls, document: dict[str, Any]) -> "MailboxView":
        return cls.model_validate({**document, "id": document["_id"]})


class MailboxPage(BaseModel):
    items: list[MailboxView]
    next: str | None = None


class RereadInput(BaseModel):
    """Whether what would change is changed, or only shown."""

    model_config = ConfigDict(extra="forbid")
    apply: bool = False
