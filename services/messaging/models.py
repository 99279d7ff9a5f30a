"""What the messaging service knows: accounts of its channels, what providers hand over, and what it says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from hub.channels.belonging import EVERYBODYS, Line
from hub.contracts.base import Event
from hub.contracts.interaction import Attachment

Region = Annotated[str, Field(pattern="^[A-Z]{2}$")]
"""ISO 3166: of phone numbers without a country."""
TELEGRAM_API = "https://api.telegram.org"
TWILIO_API = "https://api.twilio.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One of our bots or numbers."""

    id: str
    channel: str
    """As in the registry: `telegram`, `sms`."""
    address: str
    """As people write it: `@romashka_bot`, `+74951234567`."""
    name: str = ""
    line: Line = EVERYBODYS
    """Whose it is."""
    revision: int = 0
    """Changes with every change of the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot(Account):
    """A Telegram bot, ready to be used."""

    username: str
    """Without the @."""
    token: str = field(repr=False)
    api_url: str = TELEGRAM_API
    mode: Literal["polling", "webhook"] = "polling"
    secret: str = field(default="", repr=False)
    """What Telegram shows with every webhook call."""
    groups: Literal["ignore", "record"] = "ignore"
    """What becomes of posts in groups and channels that the bot is in."""
    region: str = "RU"
    """Of phone numbers without a country, in contacts that people hand on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioProvider:
    """An account at Twilio. `service` is a Messaging Service that picks the number."""

    account_sid: str
    auth_token: str = field(repr=False)
    service: str = ""
    api_url: str = TWILIO_API
    name: str = "twilio"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpProvider:
    """Any provider that takes an SMS by one HTTP request.

    `{to}`, `{from}`, `{text}` and `{id}` stand for the message's in `url`, `headers` and `body`.
    """

    name: str
    url: str
    method: Literal["GET", "POST"] = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Mapping[str, str] = field(default_factory=dict, repr=False)
    encoding: Literal["json", "form"] = "json"
    id_path: str = "id"
    """Where the message's id is in the answer's JSON: `messages.0.id`."""
    status_path: str = ""
    """Where a receipt has its status."""
    statuses: Mapping[str, str] = field(default_factory=dict)
    """Our words for the provider's: `{"DELIVRD": "delivered"}`."""
    secret: str = field(default="", repr=False)
    """What the provider shows with its receipts."""


Provider = TwilioProvider | HttpProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsNumber(Account):
    """A number or sender name of ours, and by whom it sends: the first provider that works."""

    sender: str
    """Normalised: `phone:+74951234567`, `sms:ROMASHKA`."""
    providers: tuple[Provider, ...]
    substitute: bool = False
    """Typographic marks become those of SMS, so that a text needs fewer segments."""
    tariff: Decimal | None = None
    """Price of a segment."""
    region: str = "RU"

    def provider(self, name: str) -> Provider | None:
        return next((one for one in self.providers if one.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What a provider handed over in one piece."""

    kind: str
    """Which of its forms it is: `update`, `message`, `status`."""
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedFile:
    """A file of a message that has to be fetched from the provider."""

    attachment: Attachment
    """As its message tells it, `pending`."""
    reference: str
    """What the provider hands it out for: a file id, a URL."""
    interaction_id: str
    sender: str
    """Normalised address of whoever sent it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a payload says."""

    kind: str = ""
    """What happened, in one word: `message`, `edited_message`, `blocked`, `ignored`, …"""
    events: tuple[Event, ...] = ()
    files: tuple[WantedFile, ...] = ()
    html: str = ""
    """The message formatted, safe to show; empty where nothing is."""
    album: str = ""
    """What messages that belong together have in common."""
    reason: str = ""
    """Why nothing follows from it, where nothing does."""
    unreadable: str = ""
    """Why it is parked; then `events` is empty."""
    sender: str = ""
    """Whom it came from, as far as that could be read; for the dead letters."""
