"""What the API takes and gives about mailboxes and channels."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic.config import JsonDict

from hub.api.forms import Form, Moment
from hub.channels.belonging import Belonging, BelongingChange, BelongingView
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


_HIDDEN = "Kept encrypted, never shown again"
_LEAVE = "Mails stay on the server; else each is deleted there once its bytes are stored and its event is out"
_WATCH = "What employees send with other mail programs is taken from the Sent folder, from now on; by IMAP"
_NO_SENT = "watch_sent needs imap: by pop there is no Sent folder"
_ONE_WAY_IN = "give either imap or pop"
_PASSWORD: JsonDict = {"password": "secret"}
_CONSENT: JsonDict = {
    "oauth": {
        "token_url": "https://oauth2.googleapis.com/token",
        "client_id": "123-abc.apps.googleusercontent.com",
        "client_secret": "GOCSPX-secret",
        "refresh_token": "1//0secret",
        "scope": "https://mail.google.com/",
    }
}


def _server(kind: str, port: int, login: JsonDict) -> JsonDict:
    security = "starttls" if kind == "smtp" else "tls"
    where: JsonDict = {"host": f"{kind}.example.com", "port": port, "security": security, "user": "sales@example.com"}
    return {**where, **login}


def _example(**servers: JsonDict) -> JsonDict:
    return {"address": "sales@example.com", "name": "Sales", **servers}


Line = Annotated[str, Field(max_length=500), AfterValidator(_one_line)]
Host = Annotated[str, Field(pattern=r"^[^\s/@]+$", max_length=253)]
Port = Annotated[int, Field(ge=1, le=65535)]
TokenUrl = Annotated[str, Field(max_length=2000), AfterValidator(_one_line), AfterValidator(_token_url)]
Scope = Annotated[str, Field(max_length=2000), AfterValidator(_one_line)]
Secret = Annotated[SecretStr, Field(max_length=10_000), AfterValidator(_secret_line)]
Signature = Annotated[str, Field(max_length=10_000)]
PerHour = Annotated[int, Field(ge=1, le=100_000)]
Password = Annotated[SecretStr, Field(max_length=1000), AfterValidator(_secret_line)]


class OAuthInput(Form):
    """The consent of the mailbox's owner at Google, Microsoft or another provider, instead of a password."""

    token_url: TokenUrl = Field(examples=["https://oauth2.googleapis.com/token"])
    client_id: Annotated[Line, Field(min_length=1)]
    client_secret: Secret = Field(default=SecretStr(""), description=_HIDDEN)
    refresh_token: Annotated[Secret, Field(min_length=1)] = Field(description=_HIDDEN)
    scope: Scope = Field(default="", examples=["https://mail.google.com/"])

    def oauth(self) -> OAuth:
        return OAuth(**_in_clear(self))


class ServerInput(Form):
    """One server and the login there: a password, or `oauth`."""

    host: Host = Field(examples=["imap.example.com"])
    port: Port = Field(examples=[993])
    security: Security = "tls"
    user: Line
    password: Password | None = Field(default=None, description=_HIDDEN)
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


class PopInput(ServerInput):
    """A POP3 server and the login there."""

    host: Host = Field(examples=["pop.example.com"])
    port: Port = Field(examples=[995])
    leave: bool = Field(default=True, description=_LEAVE)


class MailboxInput(Belonging):
    """A mailbox to read and to send from; both logins are tried before it is saved."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                _example(imap=_server("imap", 993, _PASSWORD), smtp=_server("smtp", 587, _PASSWORD)),
                _example(imap=_server("imap", 993, _CONSENT), smtp=_server("smtp", 587, _CONSENT)),
                _example(
                    pop={**_server("pop", 995, _PASSWORD), "leave": False}, smtp=_server("smtp", 587, _PASSWORD)
                ),
            ]
        }
    )
    address: Annotated[str, Field(max_length=320), AfterValidator(_address)]
    name: Line = ""
    imap: ServerInput | None = Field(default=None, description="The way in; or `pop`")
    pop: PopInput | None = Field(default=None, description="The way in where there is no IMAP")
    smtp: ServerInput
    fetch_since: Moment | None = Field(
        default=None, description="What the server got before that is left alone; not given: all is taken over"
    )
    watch_sent: bool = Field(default=False, description=_WATCH)
    plus_addressing: bool = Field(default=False, description="The server delivers `user+anything@` to `user@`")
    signature: Signature = Field(default="", description="Under every message that brings none")
    per_hour: PerHour | None = Field(default=None, description="Mails that may leave in an hour")
    auto_reply: Signature = Field(default="", description="Its own answer to what opens a chain")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if (self.imap is None) == (self.pop is None):
            raise ValueError(_ONE_WAY_IN)
        if self.watch_sent and self.imap is None:
            raise ValueError(_NO_SENT)
        return self


class OAuthChange(Form):
    """What is not given stays."""

    token_url: TokenUrl | None = None
    client_id: Line | None = None
    client_secret: Secret | None = None
    refresh_token: Secret | None = None
    scope: Scope | None = None

    def changed(self, oauth: OAuth | None) -> OAuth:
        """`oauth` with the changes; ValidationError where there is none and something misses."""
        given = _in_clear(self)
        return replace(oauth, **given) if oauth else OAuthInput.model_validate(given).oauth()


class ServerChange(Form):
    """What is not given stays. A password ends OAuth2, and the other way round."""

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
        given = self.model_dump(exclude_none=True, exclude={"password", "oauth", "leave"})
        if self.password is not None:
            given |= {"password": self.password.get_secret_value(), "oauth": None}
        if self.oauth is not None:
            given |= {"password": "", "oauth": self.oauth.changed(server.oauth)}
        return replace(server, **given)


class PopChange(ServerChange):
    """What is not given stays."""

    leave: bool | None = Field(default=None, description=_LEAVE)


class MailboxChange(BelongingChange):
    """What is not given stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Sales team"}, {"imap": {"oauth": {"refresh_token": "1//0new"}}}]}
    )
    name: Line | None = None
    imap: ServerChange | None = None
    pop: PopChange | None = None
    smtp: ServerChange | None = None
    watch_sent: bool | None = Field(default=None, description=_WATCH)
    plus_addressing: bool | None = None
    signature: Signature | None = None
    per_hour: PerHour | Literal[0] | None = Field(default=None, description="0 ends the limit")
    auto_reply: Signature | None = Field(default=None, description="Empty ends it")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(
                "nothing to change; give name, imap, pop, smtp, watch_sent, plus_addressing, signature, per_hour,"
                " auto_reply, team, others or approval"
            )
        return self


class OAuthView(BaseModel):
    """A consent; its secrets are not shown."""

    token_url: str
    client_id: str
    scope: str


class ServerView(BaseModel):
    """A server; its password is not shown."""

    host: str
    port: int
    security: Security
    user: str
    oauth: OAuthView | None = Field(default=None, description="None with a password")


class PopView(ServerView):
    """A POP3 server; its password is not shown."""

    leave: bool


class MailboxView(BelongingView):
    """A mailbox; passwords and tokens are not shown."""

    id: str
    address: str = Field(examples=["sales@example.com"])
    name: str
    imap: ServerView | None = None
    pop: PopView | None = Field(default=None, description="One of the two is the way in")
    smtp: ServerView
    fetch_since: datetime | None = None
    watch_sent: bool = False
    plus_addressing: bool
    signature: str = ""
    per_hour: int | None = None
    auto_reply: str = ""
    created_at: datetime

    @classmethod
    def of(cls, document: dict[str, Any]) -> "MailboxView":
        pop = document.get("pop")
        watched = bool(document.get("sent_since"))
        shown = {**pop, "leave": document.get("leave", True)} if pop else None
        return cls.model_validate({**document, "pop": shown, "watch_sent": watched, "id": document["_id"]})


class MailboxPage(BaseModel):
    items: list[MailboxView]
    next: str | None = None


class RereadInput(Form):
    """Whether what would change is changed, or only shown."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"apply": False}]})
    apply: bool = Field(default=False, description="False: the job's results show what would change")
