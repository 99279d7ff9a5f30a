"""How calls of our lines went: by line, by operator, by hour."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from hub.api.forms import Form, Moment

By = Literal["line", "operator", "hour", "queue"]


class StatisticsQuery(Form):
    """Which calls are counted."""

    since: Moment = Field(examples=["2026-03-02T00:00:00Z"])
    until: Moment = Field(examples=["2026-03-03T00:00:00Z"])
    by: By = "line"
    line: str | None = Field(default=None, max_length=100)


class StatisticsRow(BaseModel):
    key: str = Field(description="Id of the line, login, name of the queue, or the hour", examples=["ln_4k2m"])
    calls: int = Field(description="That came in")
    answered: int
    missed: int = Field(description="With busy, failed and voicemail")
    abandoned: int = Field(description="Left a queue or a menu")
    within_level: int = Field(description="Answered within the seconds that the line promises")
    service_level: float | None = Field(description="Part of those that were answered or waited longer than promised")
    wait: float = Field(description="Seconds, on average, until the answer or the end")
    talk: float = Field(description="Seconds, on average, of those answered")
    queued: int = Field(default=0, description="Waited in a queue")
    queue_wait: float = Field(default=0.0, description="Seconds, on average, in it")
    position: float = Field(default=0.0, description="On average, when they joined it")
    abandon_wait: float = Field(default=0.0, description="Seconds, on average, of those who left by hanging up")
    call_backs: int = Field(default=0, description="Asked to be called back instead of waiting")
    overflowed: int = Field(default=0, description="Found it full, or waited for as long as anybody shall")


class Statistics(BaseModel):
    since: datetime
    until: datetime
    items: list[StatisticsRow]
    complete: bool = Field(description="False: there are more calls than are counted at once; ask for less time")
