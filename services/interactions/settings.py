"""Settings of the interactions service."""

from datetime import time, timedelta
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from hub.kit.settings import Settings as Base
from services.interactions.linking import SubjectChange


class Settings(Base):
    """`[interactions]` in the settings file."""

    SECTION: ClassVar[str] = "interactions"

    reply_window: timedelta = Field(
        default=timedelta(hours=24),
        description="A message without a reference joins the client's single open chain active within this time",
    )
    subject_change: SubjectChange = Field(
        default="keep",
        description="What becomes of an answer under another subject: keep, ask (an employee decides), new_chain",
    )
    letters_join: bool = Field(
        default=False,
        description="A letter with a subject of its own and no reference joins the client's only open chain, too",
    )
    reopen_within: timedelta = Field(
        default=timedelta(days=7),
        ge=timedelta(0),
        description="Who answers so long after a chain was closed opens it again; later he opens another",
    )
    undo_window: timedelta = Field(
        default=timedelta(0),
        le=timedelta(minutes=5),
        description="How long an answer waits, so that it can be taken back, unless it says otherwise",
    )
    region: str = Field(
        default="RU", pattern="^[A-Z]{2}$", description="Country of phone numbers without an international prefix"
    )
    call_hours: str = Field(
        default="09:00-21:00",
        pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9])?$",
        description="Clients are called from and until these times of their day, as 09:00-21:00; empty: always",
    )
    call_time_zone: str = Field(
        default="Europe/Moscow", description="Of clients whose own zone nobody knows, for call_hours (IANA name)"
    )
    automatic_messages: int = Field(
        default=3, ge=1, description="Automatic answers that one address may get within automatic_period, at most"
    )
    automatic_period: timedelta = Field(default=timedelta(days=1), description="The time in which those are counted")
    language: Literal["ru", "en"] = Field(
        default="ru", description="Of what the hub itself writes for employees, as the titles of its tasks"
    )
    call_back_within: timedelta = Field(
        default=timedelta(hours=2),
        gt=timedelta(0),
        description="When the task of a missed call is due, after the call",
    )
    notify_account: str = Field(
        default="",
        description="Id of the mailbox that mails notifications to employees who want them by mail; empty: none does",
    )
    notify_page: str = Field(
        default="",
        description="Where employees reach the workspace, as https://hub.example.com, for links in those mails",
    )
    batch: int = Field(default=1000, ge=1, le=5000, description="Arrivals linked together at most")
    sweep_interval: timedelta = Field(
        default=timedelta(seconds=5), description="How often events that a crash left unpublished are looked for"
    )

    @field_validator("call_time_zone")
    @classmethod
    def _a_zone(cls, name: str) -> str:
        try:
            return ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
            raise ValueError(f"{name!r} is no time zone; write it as Europe/Moscow") from exc

    @property
    def hours(self) -> tuple[time, time] | None:
        """`call_hours`; none: always."""
        since, _, until = self.call_hours.partition("-")
        return (time.fromisoformat(since), time.fromisoformat(until)) if since else None
