"""What happens with a call that comes in by a line: data, checked before it is saved."""

from datetime import datetime, time, timedelta
from typing import Annotated, Literal, Self, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, field_validator, model_validator

from hub.api.forms import Form, TimeOfDay
from hub.api.names import Colleague


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ValueError(f"{name!r} is no time zone; write it as Europe/Moscow") from exc


MEMBERS, MOST_WAITING = 50, 100
"""Of one queue."""
Spoken = Literal[
    "greeting", "announcement", "closed", "menu", "voicemail", "queue", "call_back", "thanks"
]  # fmt: skip
"""What a line says; `queue` is the place of who waits."""
SPOKEN: tuple[str, ...] = get_args(Spoken)
Sound = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_/-]+$")]
"""As Asterisk names a file of sound: without its ending."""
Words = Annotated[str, Field(max_length=2_000)]
Logins = Annotated[list[Colleague], Field(max_length=10)]


class OpenHours(Form):
    """When calls are taken."""

    days: list[Annotated[int, Field(ge=1, le=7)]] = Field(
        default=[1, 2, 3, 4, 5], min_length=1, max_length=7, description="1 is Monday"
    )
    since: TimeOfDay = "09:00"
    until: TimeOfDay = "18:00"
    zone: Annotated[str, AfterValidator(_zone)] = "Europe/Moscow"

    def is_open(self, now: datetime) -> bool:
        here = now.astimezone(ZoneInfo(self.zone))
        since, until, at = time.fromisoformat(self.since), time.fromisoformat(self.until), here.time()
        if since <= until:
            return here.isoweekday() in self.days and since <= at < until
        began = here if at >= since else here - timedelta(days=1)
        return began.isoweekday() in self.days and (at >= since or at < until)


class Menu(Form):
    """What a caller may choose by a key."""

    text: Words = Field(min_length=1, examples=["По заказам нажмите один"])
    choices: dict[Annotated[str, Field(pattern=r"^[0-9*#]$")], Logins] = Field(
        min_length=1, max_length=12, description="Whose phones ring, by the key", examples=[{"1": ["anna"]}]
    )


class OwnerFirst(Form):
    """The owner of the caller's client is rung before anybody else, where he has a phone here and is free."""

    seconds: int = Field(default=15, ge=5, le=60)


class CallBackOffer(Form):
    """Who waits may leave his place by a key: he is called back by whoever is free for it, as if he had waited."""

    key: str = Field(default="1", pattern=r"^[0-9*#]$")
    text: Words = Field(default="", description="Said with the place; empty: a sentence that names the key")
    thanks: Words = Field(default="", description="Said after the key; empty: a sentence that he is called back")


class Queue(Form):
    """Callers wait in turn until one of the members is free: the one who has been free for longest is rung."""

    name: str = Field(default="", max_length=100, description="As statistics call it; empty: as the line")
    members: list[Colleague] = Field(min_length=1, max_length=MEMBERS, description="Who takes calls of it")
    ring_seconds: int = Field(default=20, ge=5, le=60, description="For which one member is rung, before the next")
    announce_every: int = Field(default=45, ge=15, le=600, description="Seconds between two announcements")
    announce: Literal["position", "position_and_wait", "nothing"] = "position_and_wait"
    announcement: Words = Field(
        default="",
        description="In place of the usual sentence; {position} and {minutes} are filled in",
        examples=["Вы {position}-й в очереди, ждать около {minutes} мин."],
    )
    music: str = Field(default="", max_length=500, description="See docs/telephony.md; empty: silence")
    max_wait: int = Field(default=600, ge=15, le=7200, description="Seconds; who waited so long overflows")
    max_length: int = Field(default=20, ge=1, le=MOST_WAITING, description="Who comes when so many wait overflows")
    overflow: Literal["voicemail", "call_back", "end"] = "end"
    call_back: CallBackOffer | None = None

    @field_validator("announcement")
    @classmethod
    def _fillable(cls, text: str) -> str:
        """Other braces would be an error while somebody waits."""
        rest = text.replace("{position}", "").replace("{minutes}", "")
        if "{" in rest or "}" in rest:
            raise ValueError("write {position} and {minutes}, and no other braces")
        return text

    @model_validator(mode="after")
    def _in_time(self) -> Self:
        if self.overflow == "call_back" and self.call_back is None:
            raise ValueError("overflow: nobody says that he is called back; give call_back, or choose another")
        return self


class Flow(Form):
    """A greeting, a menu, whose phones ring, a queue, and what comes where nobody answers."""

    language: str = Field(default="ru-RU", pattern=r"^[a-z]{2}-[A-Z]{2}$", description="That it is spoken in")
    hours: OpenHours | None = Field(default=None, description="None: always open")
    greeting: Words = ""
    announcement: Words = Field(default="", description="Said before calls are recorded; empty: they are not")
    closed: Words = Field(default="", description="Said outside the hours, before voicemail or the end")
    menu: Menu | None = None
    owner_first: OwnerFirst | None = Field(default=None, description="Before the menu; none: not")
    ring: Logins = Field(default=[], description="Whose phones ring, all at once")
    queue: Queue | None = Field(default=None, description="Where callers wait whom nobody of these answered")
    ring_seconds: int = Field(default=25, ge=5, le=120)
    voicemail: Words = Field(default="", description="Said before the beep; empty: there is no voicemail")
    voicemail_seconds: int = Field(default=120, ge=5, le=600)
    sounds: dict[Spoken, Sound] = Field(
        default={},
        max_length=len(SPOKEN),
        description="At an Asterisk: the file that is played in place of a text",
        examples=[{"greeting": "custom/hello"}],
    )

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if not (self.ring or self.menu or self.queue or self.voicemail):
            raise ValueError("it leads nowhere; give ring, menu, queue or voicemail")
        if self.queue and self.queue.overflow == "voicemail" and not self.voicemail:
            raise ValueError("queue.overflow: there is no voicemail; give voicemail, or choose another overflow")
        if self.menu and any(not logins for logins in self.menu.choices.values()):
            raise ValueError("menu.choices: a key rings nobody; name who answers it, or leave the key out")
        return self
