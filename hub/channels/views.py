"""What the API shows of the accounts of every channel."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from hub.channels.belonging import BelongingView


class ChannelView(BelongingView):
    """How an account is: a mailbox, a bot, a number."""

    id: str
    channel: str = Field(examples=["email"])
    address: str = Field(examples=["sales@example.com"])
    name: str
    state: Literal["green", "red", "starting"]
    reason: str | None = Field(description="Why it is red")
    last_in: datetime | None
    last_out: datetime | None
    lag_seconds: float | None = Field(description="How long the oldest thing not yet fetched has waited")
    queued: int = Field(description="Messages on their way out")
    unknown: int = Field(description="Messages of which it is not known whether they went out")
    credentials: Literal["ok", "refused", "unknown"]
    checked_at: datetime | None


class ChannelList(BaseModel):
    items: list[ChannelView]
    next: str | None = None
    silent: list[str] = Field(default=[], description="Services that do not answer now; their channels are missing")
