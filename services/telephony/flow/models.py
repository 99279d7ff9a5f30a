"""What happens with a call that comes in by a line: data, checked before it is saved."""

from datetime import datetime, time
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from hub.api.forms import Form
from hub.api.names import Colleague


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ValueError(f"{name!r} is no time zone; write it as Europe/Moscow") from exc


Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["09:00"])]
Words = Annotated[str, Field(max_length=2_000)]
Logins = Annotated[list[Colleague], Field(max_length=10)]


class OpenHours(Form):
    """When calls are taken."""

    days: list[Annotated[int, Field(ge=1, le=7)]] = Field(
        default=[1, 2, 3, 4, 5], min_length=1, max_length=7, description="1 is Monday"
    )
    since: Clock = "09:00"
    until: Clock = "18:00"
    zone: Annotated[str, AfterValidator(_zone)] = "Europe/Moscow"

    def is_open(self, now: datetime) -> bool:
        here = now.astimezone(ZoneInfo(self.zone))
        if here.isoweekday() not in self.days:
            return False
        return time.fromisoformat(self.since) <= here.time() < time.fromisoformat(self.until)


class Menu(Form):
    """What a caller may choose by a key."""

    text: Words = Field(min_length=1, examples=["По заказам нажмите один"])
    choices: dict[Annotated[str, Field(pattern=r"^[0-9*#]$")], Logins] = Field(
        min_length=1, max_length=12, description="Whose phones ring, by the key", examples=[{"1": ["anna"]}]
    )


class Flow(Form):
    """A greeting, a menu, whose phones ring, and what comes where nobody answers."""

    language: str = Field(default="ru-RU", pattern=r"^[a-z]{2}-[A-Z]{2}$", description="That it is spoken in")
    hours: OpenHours | None = Field(default=None, description="None: always open")
    greeting: Words = ""
    announcement: Words = Field(default="", description="Said before calls are recorded; empty: they are not")
    closed: Words = Field(default="", description="Said outside the hours, before voicemail or the end")
    menu: Menu | None = None
    ring: Logins = Field(default=[], description="Whose phones ring, all at once")
    ring_seconds: int = Field(default=25, ge=5, le=120)
    voicemail: Words = Field(default="", description="Said before the beep; empty: there is no voicemail")
    voicemail_seconds: int = Field(default=120, ge=5, le=600)

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if not (self.ring or self.menu or self.voicemail):
            raise ValueError("it leads nowhere; give ring, menu or voicemail")
        if self.menu and any(not logins for logins in self.menu.choices.values()):
            raise ValueError("menu.choices: a key rings nobody; name who answers it, or leave the key out")
        return self
