"""Typed settings of the telephony service."""

from datetime import timedelta
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import ByteSize, Field, ValidationInfo, field_validator

from hub.kit.settings import Settings as Base


class Settings(Base):
    """Section `[telephony]`."""

    SECTION: ClassVar[str] = "telephony"

    public_url: str = Field(
        default="",
        description="Where exchanges and Twilio reach the gateway, as https://hub.example.com; needed for webhooks",
    )
    check_interval: timedelta = Field(
        default=timedelta(seconds=15), description="How often an exchange is asked for a sign of life"
    )
    timeout: timedelta = Field(default=timedelta(seconds=10), description="For an answer of an exchange or provider")
    reconnect_cap: timedelta = Field(
        default=timedelta(seconds=30), description="The longest pause between two tries to connect; the first is 1 s"
    )
    silence: timedelta = Field(
        default=timedelta(minutes=1),
        validate_default=True,
        description="An exchange that could not be reached for so long is red",
    )
    lease: timedelta = Field(
        default=timedelta(seconds=15), description="After so long another copy takes over from one that is gone"
    )
    give_up: timedelta = Field(
        default=timedelta(seconds=30), description="A call that could not be begun for so long has failed"
    )
    raw_retention: timedelta = Field(
        default=timedelta(days=7), description="What exchanges said is kept so long, to be read again"
    )
    call_limit: timedelta = Field(
        default=timedelta(hours=12), description="A call without an end is closed after so long without news"
    )
    agent_lease: timedelta = Field(
        default=timedelta(seconds=60),
        ge=timedelta(seconds=5),
        description="An agent whose page was not heard of for so long is away",
    )
    after_call: timedelta = Field(
        default=timedelta(seconds=30),
        description="Work after a call ends by itself after so long; a list may say more",
    )
    agent_history: timedelta = Field(
        default=timedelta(days=400),
        ge=timedelta(days=1),
        description="What agents did (states, reasons, lists) is kept so long",
    )
    agi_host: str = Field(
        default="127.0.0.1", description="Where Asterisk connects to for the flows of lines (FastAGI)"
    )
    agi_port: int = Field(
        default=0, ge=0, le=65535, description="The port of that, 4573 as a rule; 0: nobody listens there"
    )
    queue_look: timedelta = Field(
        default=timedelta(seconds=4),
        ge=timedelta(seconds=0.1),
        le=timedelta(seconds=20),
        description="How often it is looked whether somebody is free for who waits in a queue",
    )
    owner_within: timedelta = Field(
        default=timedelta(seconds=0.15),
        le=timedelta(seconds=5),
        description="A caller's owner is rung first if he is known within so long; the caller waits for it",
    )
    ca_file: Path | None = Field(
        default=None, description="Certificate authorities (PEM) to trust for exchanges, beside the system's"
    )
    transcription_timeout: timedelta = Field(
        default=timedelta(minutes=5), description="So long it may take to write a recording down"
    )
    recording_limit: ByteSize = Field(default=ByteSize(200 * 2**20), description="Larger recordings are not fetched")
    recording_expiry: timedelta = Field(
        default=timedelta(days=1), description="A recording that could not be fetched for so long never will be"
    )

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
        """Else an exchange that works turns red between two looks."""
        least = 2 * given.data.get("check_interval", timedelta())
        if silence < least:
            raise ValueError(f"must be at least {least}, twice check_interval")
        return silence
