"""Messages and mailboxes over HTTP, as the gateway takes them and as the services behind it show them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, ConfigDict, Field, NaiveDatetime, model_validator
from pydantic.config import JsonDict

from hub.contracts.interaction import DeliveryState, Direction
from services.gateway.views import Form, View

MAX_TEXT = 1_000_000
_MAX_LISTED = 50
Cid = Annotated[str, Field(pattern=r"^[A-Za-z0-9._@+-]{1,100}$")]
_CONSENT: JsonDict = {
    "token_url": "https://oauth2.googleapis.com/token",
    "client_id": "123-abc.apps.googleusercontent.com",
    "client_secret": "GOCSPX-secret",
    "refresh_token": "1//0secret",
    "scope": "https://mail.google.com/",
}


class Paging(Form):
    """Parameters of a list."""

    limit: int = Field(default=50, ge=1, le=500, description="How many at most")
    after: str | None = Field(default=None, max_length=2_000, description="`next` of the page before")


class InteractionQuery(Paging):
    client_id: str | None = None
    chain_id: str | None = None
    channel: str | None = Field(default=None, examples=["email"])
    direction: Direction | None = None
    since: AwareDatetime | None = Field(default=None, examples=["2026-03-02T09:00:00Z"])
    planned: bool | None = Field(default=None, description="Those that wait for their time, the next one first")


class ChainQuery(Paging):
    client_id: str | None = None
    state: Literal["open", "closed"] | None = None
    parent: str | None = Field(default=None, description="Chains beside this one, with third parties")


class ButtonForm(Form):
    """Opens `url`, or sends `data` back."""

    text: str = Field(min_length=1, max_length=64)
    url: str = Field(default="", max_length=2_000)
    data: str = Field(default="", max_length=60)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if bool(self.url) == bool(self.data):
            raise ValueError("give either url or data")
        return self


class NewMessage(Form):
    """What to answer; recipient, subject and references come from the message that is answered."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"text": "Dear Anna,\n\nyour order left today.\n\nKind regards\nIvan"},
                {"text": "See the invoice.", "cc": ["accounts@example.com"], "attachments": ["att_7f2k"]},
                {"html": '<p>Our shop: <img src="cid:shop"></p>', "inline": {"shop": "att_9c1d"}},
                {"text": "Good morning!", "send_at_local": "2026-03-02T09:00", "time_zone": "Europe/Moscow"},
            ]
        }
    )
    text: str | None = Field(default=None, max_length=MAX_TEXT, description="Or `html`, or both")
    html: str | None = Field(default=None, max_length=MAX_TEXT, description="Scripts and forms are taken out")
    to: list[str] | None = Field(default=None, max_length=_MAX_LISTED, description="More recipients")
    cc: list[str] | None = Field(default=None, max_length=_MAX_LISTED, description="Addresses such as a@example.com")
    bcc: list[str] | None = Field(default=None, max_length=_MAX_LISTED, description="Nobody else sees these")
    reply_all: bool = Field(default=False, description="Copies to everybody else the message went to, us excepted")
    attachments: list[str] | None = Field(
        default=None, max_length=_MAX_LISTED, description="Ids that POST /api/v1/attachments gave"
    )
    inline: dict[Cid, str] | None = Field(
        default=None, max_length=_MAX_LISTED, description="Images in `html`, by the name after `cid:`; ids as above"
    )
    account: str | None = Field(default=None, description="Which of our mailboxes that have the message answers it")
    signature: bool = Field(default=True, description="Mine, where I have one; else the mailbox's")
    send_at: AwareDatetime | None = Field(default=None, examples=["2026-03-02T09:00:00+03:00"])
    send_at_local: NaiveDatetime | None = Field(default=None, description="In `time_zone`, else the client's")
    time_zone: str | None = Field(default=None, max_length=100, examples=["Europe/Moscow"])
    undo_seconds: int | None = Field(default=None, ge=0, le=300, description="Time to take it back; see undo_window")
    buttons: list[ButtonForm] | None = Field(default=None, max_length=10, description="Under a Telegram message")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.text or "").strip() and not (self.html or "").strip():
            raise ValueError("give text, html or both")
        return self


class NewLetter(NewMessage):
    """What to write to a client, and by what."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"text": "Ваш заказ приехал!"},
                {"channel": "email", "subject": "Your order", "text": "It is here."},
                {"channel": "sms", "address": "phone:+79161234567", "text": "Заказ 118 ждёт вас."},
            ]
        }
    )
    channel: Literal["auto", "email", "sms", "telegram"] = Field(
        default="auto", description="auto: by what he wrote last, else by what he can be reached"
    )
    address: str | None = Field(default=None, max_length=400, description="Which of his; the best, if none is given")
    subject: str = Field(default="", max_length=1_000, description="A mail needs one")


class NewAddress(Form):
    """As people write it: a number, a mail address; or normalised."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"address": "+7 495 123-45-67"}]})
    address: str = Field(min_length=3, max_length=400)
    name: str = Field(default="", max_length=200)


class MessageChanges(Form):
    """What shall be different about a message that waits for its time; what is not given stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"send_at": "2026-03-02T10:00:00+03:00"}, {"text": "Dear Anna, …"}]}
    )
    text: str | None = Field(default=None, min_length=1, max_length=MAX_TEXT)
    html: str | None = Field(default=None, min_length=1, max_length=MAX_TEXT)
    subject: str | None = Field(default=None, max_length=1000)
    send_at: AwareDatetime | None = None
    send_at_local: NaiveDatetime | None = None
    time_zone: str | None = Field(default=None, max_length=100)


class NewForward(Form):
    """What to pass on to a third party; his answers come into a chain of their own beside this one."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"to": "carrier@example.com", "comment": "Please find out where it is."}]}
    )
    to: str = Field(min_length=3, max_length=320, examples=["carrier@example.com"])
    cc: list[str] | None = Field(default=None, max_length=_MAX_LISTED)
    comment: str = Field(default="", max_length=MAX_TEXT, description="Stands above the message")
    interaction_id: str | None = Field(default=None, description="The client's newest message, if none is named")
    attachments: list[str] | None = Field(
        default=None, max_length=_MAX_LISTED, description="Beside the message's own"
    )
    account: str | None = Field(default=None, description="Which of our mailboxes that have it passes it on")
    signature: bool = Field(default=True, description="Mine, where I have one; else the mailbox's")


class ClientChanges(Form):
    """What is not given stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"time_zone": "Europe/Moscow"}]})
    name: str | None = Field(default=None, min_length=1, max_length=200)
    time_zone: str | None = Field(default=None, max_length=100, description="IANA name; empty: not known")


class OAuthForm(Form):
    """The consent of the mailbox's owner at Google, Microsoft or another provider, instead of a password."""

    token_url: str = Field(min_length=1, max_length=2_000, examples=["https://oauth2.googleapis.com/token"])
    client_id: str = Field(min_length=1, max_length=500)
    client_secret: str = Field(default="", max_length=10_000, description="Kept encrypted, never shown again")
    refresh_token: str = Field(min_length=1, max_length=10_000, description="Kept encrypted, never shown again")
    scope: str = Field(default="", max_length=2_000, examples=["https://mail.google.com/"])


class OAuthChanges(Form):
    """What is not given stays."""

    token_url: str | None = Field(default=None, min_length=1, max_length=2_000)
    client_id: str | None = Field(default=None, min_length=1, max_length=500)
    client_secret: str | None = Field(default=None, max_length=10_000)
    refresh_token: str | None = Field(default=None, min_length=1, max_length=10_000)
    scope: str | None = Field(default=None, max_length=2_000)


class ServerForm(Form):
    """One server and the login there: a password, or `oauth`."""

    host: str = Field(min_length=1, max_length=253, examples=["imap.example.com"])
    port: int = Field(ge=1, le=65535, examples=[993])
    security: Literal["tls", "starttls", "plain"] = "tls"
    user: str = Field(max_length=500)
    password: str | None = Field(default=None, max_length=1000, description="Kept encrypted, never shown again")
    oauth: OAuthForm | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.password is None) == (self.oauth is None):
            raise ValueError("give either password or oauth")
        return self


class ServerChanges(Form):
    """What is not given stays. A password ends OAuth2, and the other way round."""

    host: str | None = Field(default=None, min_length=1, max_length=253)
    port: int | None = Field(default=None, ge=1, le=65535)
    security: Literal["tls", "starttls", "plain"] | None = None
    user: str | None = Field(default=None, max_length=500)
    password: str | None = Field(default=None, max_length=1000)
    oauth: OAuthChanges | None = None


class NewMailbox(Form):
    """A mailbox to read and to send from; both logins are tried before it is saved."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "address": "sales@example.com",
                    "name": "Sales",
                    "imap": {
                        "host": "imap.example.com",
                        "port": 993,
                        "security": "tls",
                        "user": "sales@example.com",
                        "password": "secret",
                    },
                    "smtp": {
                        "host": "smtp.example.com",
                        "port": 587,
                        "security": "starttls",
                        "user": "sales@example.com",
                        "password": "secret",
                    },
                },
                {
                    "address": "sales@example.com",
                    "name": "Sales",
                    "imap": {
                        "host": "imap.gmail.com",
                        "port": 993,
                        "security": "tls",
                        "user": "sales@example.com",
                        "oauth": _CONSENT,
                    },
                    "smtp": {
                        "host": "smtp.gmail.com",
                        "port": 587,
                        "security": "starttls",
                        "user": "sales@example.com",
                        "oauth": _CONSENT,
                    },
                },
            ]
        }
    )
    address: str = Field(min_length=3, max_length=320)
    name: str = Field(default="", max_length=200)
    imap: ServerForm
    smtp: ServerForm
    plus_addressing: bool = Field(default=False, description="The server delivers `user+anything@` to `user@`")
    signature: str = Field(default="", max_length=10_000, description="Under every message that brings none")
    per_hour: int | None = Field(default=None, ge=1, le=100_000, description="Mails that may leave in an hour")
    auto_reply: str = Field(default="", max_length=10_000, description="Its own answer to what opens a chain")


class MailboxChanges(Form):
    """What is not given stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Sales team"}, {"imap": {"oauth": {"refresh_token": "1//0new"}}}]}
    )
    name: str | None = Field(default=None, max_length=200)
    imap: ServerChanges | None = None
    smtp: ServerChanges | None = None
    plus_addressing: bool | None = None
    signature: str | None = Field(default=None, max_length=10_000)
    per_hour: int | None = Field(default=None, ge=0, le=100_000, description="0 ends the limit")
    auto_reply: str | None = Field(default=None, max_length=10_000, description="Empty ends it")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(
                "nothing to change; give name, imap, smtp, plus_addressing, signature, per_hour or auto_reply"
            )
        return self


class NewReread(Form):
    """Whether what would change is changed, or only shown."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"apply": False}]})
    apply: bool = Field(default=False, description="False: the job's results show what would change")


class OAuthView(View):
    """A consent; its secrets are not shown."""

    token_url: str
    client_id: str
    scope: str


class ServerView(View):
    host: str
    port: int
    security: Literal["tls", "starttls", "plain"]
    user: str
    oauth: OAuthView | None = Field(description="None with a password")


class MailboxView(View):
    """A mailbox; passwords and tokens are not shown."""

    id: str
    address: str = Field(examples=["sales@example.com"])
    name: str
    imap: ServerView
    smtp: ServerView
    plus_addressing: bool
    signature: str = ""
    per_hour: int | None = None
    auto_reply: str = ""
    created_at: datetime


class MailboxList(View):
    items: list[MailboxView]
    next: str | None


class ChannelView(View):
    """The health of one mailbox, bot or number."""

    id: str
    channel: str = Field(examples=["email"])
    address: str = Field(examples=["sales@example.com"])
    name: str = ""
    state: Literal["green", "red", "starting"]
    reason: str | None = Field(description="Why it is red")
    last_in: datetime | None
    last_out: datetime | None
    lag_seconds: float | None = Field(description="How long the oldest thing not yet fetched has waited")
    queued: int = Field(description="Messages on their way out")
    unknown: int = Field(description="Messages of which it is not known whether they went out")
    credentials: Literal["ok", "refused", "unknown"]
    checked_at: datetime | None


class ChannelList(View):
    items: list[ChannelView]
    next: str | None = None
    silent: list[str] = Field(default=[], description="Services that do not answer now; their channels are missing")


class NewBot(Form):
    """A Telegram bot; Telegram is asked whose token it is before it is saved."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"token": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "name": "Sales bot"}]
        }
    )
    token: str = Field(min_length=1, max_length=200, description="From @BotFather; kept encrypted, never shown again")
    name: str = Field(default="", max_length=200, description="The bot's own, if none is given")
    mode: Literal["polling", "webhook"] = Field(
        default="polling", description="webhook needs [messaging] public_url, where Telegram reaches the hub"
    )
    groups: Literal["ignore", "record"] = Field(default="ignore", description="Posts in groups and channels")
    api_url: str = Field(default="https://api.telegram.org", max_length=500, description="Of a Bot API server")


class BotChanges(Form):
    """What is not given stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"mode": "webhook"}]})
    token: str | None = Field(default=None, min_length=1, max_length=200)
    name: str | None = Field(default=None, max_length=200)
    mode: Literal["polling", "webhook"] | None = None
    groups: Literal["ignore", "record"] | None = None
    api_url: str | None = Field(default=None, max_length=500)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("nothing to change; give token, name, mode, groups or api_url")
        return self


class TwilioForm(Form):
    """An account at Twilio."""

    kind: Literal["twilio"] = "twilio"
    account_sid: str = Field(max_length=60, examples=["AC00000000000000000000000000000000"])
    auth_token: str = Field(min_length=1, max_length=200, description="Kept encrypted, never shown again")
    service: str = Field(default="", max_length=60, description="A Messaging Service (MG…) that picks the number")
    api_url: str = Field(default="https://api.twilio.com", max_length=2_000)


class HttpSmsForm(Form):
    """Any provider that takes an SMS by one HTTP request.

    `{to}`, `{from}`, `{text}`, `{id}` and `{callback}` stand for the message's in `url`, `headers` and `body`.
    """

    kind: Literal["http"]
    name: str = Field(max_length=40, examples=["smsc"])
    url: str = Field(max_length=2_000, examples=["https://sms.example.com/send?to={to}"])
    method: Literal["GET", "POST"] = "POST"
    headers: dict[str, str] = Field(default={}, max_length=20, description="Kept encrypted, never shown again")
    body: dict[str, str] = Field(default={}, max_length=30, description="Kept encrypted, never shown again")
    encoding: Literal["json", "form"] = "json"
    id_path: str = Field(default="id", max_length=200, examples=["messages.0.id"], description="In the answer's JSON")
    status_path: str = Field(default="", max_length=200, description="In a receipt")
    statuses: dict[str, DeliveryState] = Field(default={}, max_length=100, examples=[{"DELIVRD": "delivered"}])
    secret: str = Field(default="", max_length=200, description="What the provider shows with receipts, `&secret=`")


class NewNumber(Form):
    """A number or sender name, and by whom it sends: the first provider that works."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "address": "+74951234567",
                    "providers": [
                        {
                            "kind": "twilio",
                            "account_sid": "AC00000000000000000000000000000000",
                            "auth_token": "secret",
                        }
                    ],
                }
            ]
        }
    )
    address: str = Field(min_length=3, max_length=40, examples=["+74951234567", "ROMASHKA"])
    name: str = Field(default="", max_length=200)
    providers: list[Annotated[TwilioForm | HttpSmsForm, Field(discriminator="kind")]] = Field(
        min_length=1, max_length=5
    )
    substitute: bool = Field(default=False, description="Typographic marks become those of SMS: fewer segments")
    tariff: Decimal | None = Field(default=None, ge=0, description="Price of a segment")
    region: str = Field(default="RU", pattern="^[A-Z]{2}$", description="Of numbers without a country")


class NumberChanges(Form):
    """What is not given stays; `providers` takes the place of all."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"tariff": "3.50"}]})
    name: str | None = Field(default=None, max_length=200)
    providers: list[Annotated[TwilioForm | HttpSmsForm, Field(discriminator="kind")]] | None = Field(
        default=None, min_length=1, max_length=5
    )
    substitute: bool | None = None
    tariff: Decimal | None = Field(default=None, ge=0)
    region: str | None = Field(default=None, pattern="^[A-Z]{2}$")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("nothing to change; give name, providers, substitute, tariff or region")
        return self


class ProviderView(View):
    """A provider; its secrets are not shown."""

    kind: Literal["twilio", "http"]
    name: str
    account_sid: str | None = None
    service: str | None = None
    url: str | None = None


class NumberView(View):
    id: str
    address: str = Field(examples=["+74951234567"])
    name: str
    providers: list[ProviderView]
    substitute: bool
    tariff: Decimal | None
    region: str
    created_at: datetime


class NumberList(View):
    items: list[NumberView]
    next: str | None


class SmsText(Form):
    """A text as it would be sent."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "«Ваш заказ» — готов…", "smart": True}]})
    text: str = Field(max_length=100_000)
    smart: bool = Field(default=False, description="Typographic marks become those of SMS")
    account: str | None = Field(default=None, description="Which of our numbers would send it, for the price")


class SmsPreview(View):
    encoding: Literal["GSM-7", "UCS-2"]
    segments: int
    characters: int = Field(description="Septets in GSM-7, what people count as one in UCS-2")
    remaining: int = Field(description="Units that the last segment has room for")
    price: str | None = Field(description="Null without a tariff")
    text: str


class BotView(View):
    """A Telegram bot; its token is not shown."""

    id: str
    address: str = Field(examples=["@romashka_bot"])
    name: str
    mode: Literal["polling", "webhook"]
    groups: Literal["ignore", "record"]
    api_url: str
    created_at: datetime


class BotList(View):
    items: list[BotView]
    next: str | None
