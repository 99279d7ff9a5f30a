"""Typed settings of the messaging service."""

from datetime import timedelta
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import ByteSize, Field, ValidationInfo, field_validator

from hub.kit.settings import Settings as Base

LONGEST_POLL = timedelta(seconds=50)


class Settings(Base):
    """Section `[messaging]`."""

    SECTION: ClassVar[str] = "messaging"

    public_url: str = Field(
        default="",
        description="Where providers reach the gateway, as https://hub.example.com; needed for webhooks and SMS",
    )
    poll: timedelta = Field(
        default=timedelta(seconds=25), le=LONGEST_POLL, description="How long a bot's provider may hold a question"
    )
    check_interval: timedelta = Field(
        default=timedelta(seconds=60), description="How often it is checked that a webhook or a number works"
    )
    timeout: timedelta = Field(default=timedelta(seconds=20), description="For an answer of a provider")
    trial_timeout: timedelta = Field(
        default=timedelta(seconds=10), description="For the login tried before an account is saved"
    )
    reconnect_cap: timedelta = Field(
        default=timedelta(seconds=60), description="The longest pause between two tries to connect; the first is 1 s"
    )
    silence: timedelta = Field(
        default=timedelta(minutes=5),
        validate_default=True,
        description="An account whose provider could not be reached for so long is red",
    )
    lease: timedelta = Field(
        default=timedelta(seconds=15), description="After so long another copy takes over from one that is gone"
    )
    retry_delays: tuple[timedelta, ...] = Field(
        default=(timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1)),
        min_length=1,
        description="Pauses after a temporary refusal; the last one repeats",
    )
    give_up: timedelta = Field(
        default=timedelta(days=1), description="A message refused temporarily for so long has failed"
    )
    file_limit: ByteSize = Field(
        default=ByteSize(20 * 2**20), description="Larger files of messages are not fetched; Telegram's own limit"
    )
    file_expiry: timedelta = Field(
        default=timedelta(days=1), description="A file that could not be fetched for so long never will be"
    )
    per_second: float = Field(default=30, gt=0, description="Messages that one Telegram bot may send in a second")
    per_chat_second: float = Field(default=1, gt=0, description="Messages to one Telegram chat in a second")

    @field_validator("public_url")
    @classmethod
    def _an_address(cls, text: str) -> str:
        url = urlsplit(text)
        if text and (url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment):
            raise ValueError("write it as https://hub.example.com, without a query")
        return text.rstrip("/")

    @field_validator("silence")
    @classmethod
    def _longer_than_between_two_looks(cls, silence: timedelta, given: ValidationInfo) -> timedelta:
        """Else an account that works turns red between two looks."""
        least = 2 * max(given.data.get("poll", timedelta()), given.data.get("check_interval", timedelta()))
        if silence < least:
            raise ValueError(f"must be at least {least}, twice the longer of poll and check_interval")
        return silence
