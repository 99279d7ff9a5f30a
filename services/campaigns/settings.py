"""Settings of the campaigns service."""

from datetime import timedelta
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from hub.kit.settings import Settings as Base


class Settings(Base):
    """`[campaigns]` in the settings file."""

    SECTION: ClassVar[str] = "campaigns"

    public_url: str = Field(
        default="",
        description="Where customers reach the gateway, as https://hub.example.com: links, unsubscribing; only /m/",
    )
    region: str = Field(
        default="RU", pattern="^[A-Z]{2}$", description="Country of phone numbers without an international prefix"
    )
    sites: tuple[str, ...] = Field(
        default=(), description="Hosts of your sites: who comes from one to another of them comes from nowhere new"
    )
    currency: str = Field(default="RUB", pattern="^[A-Z]{3}$", description="Of reports of sources, costs and revenue")
    lookback: timedelta = Field(
        default=timedelta(days=90),
        ge=timedelta(days=1),
        description="Touches so long before a deal have a part in it",
    )
    half_life: timedelta = Field(
        default=timedelta(days=7), ge=timedelta(hours=1), description="After so long a touch counts half, by decay"
    )
    sweep_interval: timedelta = Field(
        default=timedelta(seconds=5), description="How often events that a crash left unpublished are looked for"
    )

    @field_validator("public_url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and not (parts.scheme in ("http", "https") and parts.hostname and not parts.query):
            raise ValueError("write it as https://hub.example.com")
        return url.rstrip("/")
