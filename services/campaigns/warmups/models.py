"""A plan by which an account, or a domain of ours, is warmed up; and who carries whose mail, as data."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ConfigDict, Field, model_validator

from hub.api.forms import Form
from hub.api.names import TeamId
from hub.store.base import Document

MOST_DAYS = 120
Provider = Literal["gmail", "mailru", "yandex", "microsoft", "yahoo", "icloud", "rambler"]
OTHER = "other"
HOSTS: dict[str, str] = {
    **dict.fromkeys(("gmail.com", "googlemail.com"), "gmail"),
    **dict.fromkeys(("mail.ru", "inbox.ru", "list.ru", "bk.ru", "internet.ru", "xmail.ru"), "mailru"),
    **dict.fromkeys(
        ("yandex.ru", "ya.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua", "narod.ru"), "yandex"
    ),
    **dict.fromkeys(
        ("outlook.com", "hotmail.com", "live.com", "msn.com", "live.ru", "outlook.de", "hotmail.fr"), "microsoft"
    ),
    **dict.fromkeys(("yahoo.com", "yahoo.co.uk", "ymail.com", "rocketmail.com", "aol.com"), "yahoo"),
    **dict.fromkeys(("icloud.com", "me.com", "mac.com"), "icloud"),
    **dict.fromkeys(("rambler.ru", "lenta.ru", "autorambler.ru", "myrambler.ru", "ro.ru"), "rambler"),
}
"""By the host of an address who carries its mail; of hosts of one's own nobody knows."""
PROVIDERS = (*dict.fromkeys(HOSTS.values()), OTHER)
Cap = Annotated[int, Field(ge=0, le=10_000_000)]
Caps = Annotated[tuple[Cap, ...], Field(min_length=1, max_length=MOST_DAYS)]


class WarmUpForm(Form):
    """So many messages of all mailings on the first day, so many on the second, …; after the last day it is over."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "caps": [50, 100, 200, 400, 800],
                    "providers": {"gmail": [10, 20, 40, 80, 160]},
                    "since": "2026-03-02",
                }
            ]
        }
    )
    caps: Caps
    providers: dict[Provider, Caps] = Field(
        default={}, description="Of these so many to whom such a provider carries; after its last day as the last"
    )
    since: date | None = Field(default=None, description="The first day; none: today")
    time_zone: str = Field(default="Europe/Moscow", max_length=100, description="Of its days")
    team: TeamId | None = None

    @model_validator(mode="after")
    def _known_zone(self) -> Self:
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
            raise ValueError(f"time_zone: {self.time_zone!r} is none; write it as Europe/Moscow") from exc
        return self


class NewWarmUp(WarmUpForm):
    """Of a mailbox, or of all of a domain."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"of": "mb_7f2k", "caps": [50, 100, 200]}, {"of": "news.example.com", "caps": [50]}]
        }
    )
    of: str = Field(
        min_length=2, max_length=253, pattern=r"^[A-Za-z0-9._-]+$", description="An account's id, or a domain of ours"
    )


def provider_of(address: str) -> str:
    """Who carries the mail of an address; of another channel nobody of these. Pure."""
    kind, _, bare = address.partition(":")
    return HOSTS.get(bare.rpartition("@")[2].lower(), OTHER) if kind == "email" else OTHER


def today(plan: Document, now: datetime) -> date:
    return now.astimezone(ZoneInfo(plan["time_zone"])).date()


def tomorrow(plan: Document, now: datetime) -> datetime:
    """When its next day begins."""
    zone = ZoneInfo(plan["time_zone"])
    return datetime.combine(today(plan, now) + timedelta(days=1), time(), zone).astimezone(now.tzinfo)


def day_of(plan: Document, now: datetime) -> int | None:
    """Which day of the plan it is, from 0; before the first one nothing is let go (-1); none: it is over. Pure."""
    day = max((today(plan, now) - date.fromisoformat(plan["since"])).days, -1)
    return day if day < len(plan["caps"]) else None


def cap_of(plan: Document, day: int, provider: str | None = None) -> int | None:
    """How many may leave on a day, in all or to whom a provider carries; none: no more than in all. Pure."""
    caps: list[int] | None = plan["caps"] if provider is None else plan["providers"].get(provider)
    if caps is None:
        return None
    return 0 if day < 0 else caps[min(day, len(caps) - 1)]


def told(stored: Document) -> dict[str, Any]:
    """The plan as a person reads it."""
    return {"id": stored["_id"], **{name: stored[name] for name in ("of", "caps", "providers", "since", "time_zone")}}
