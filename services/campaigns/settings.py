"""Settings of the campaigns service."""

from datetime import timedelta
from typing import ClassVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

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
    form_leads: int = Field(
        default=20, ge=1, le=10_000, description="Leads that one network may send by forms on pages in an hour"
    )
    calls_a_day: int = Field(
        default=2, ge=1, description="Calls of lists to one person in 24 hours, all lists together"
    )
    calls_a_week: int = Field(default=5, ge=1, description="Calls of lists to one person in seven days")
    call_zone: str = Field(
        default="Europe/Moscow", description="Of numbers whose own time zone nobody knows, for hours of call lists"
    )
    sweep_interval: timedelta = Field(
        default=timedelta(seconds=5), description="How often events that a crash left unpublished are looked for"
    )

    @field_validator("call_zone")
    @classmethod
    def _a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
            raise ValueError(f"{name!r} is no time zone; write it as Europe/Moscow") from exc
        return name

    @field_validator("public_url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and not (parts.scheme in ("http", "https") and parts.hostname and not parts.query):
            raise ValueError("write it as https://hub.example.com")
        return url.rstrip("/")
