"""What the API shows of the accounts of every channel."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel


class ChannelView(BaseModel):
    """How an account is: a mailbox, a bot, a number."""

    id: str
    channel: str
    address: str
    name: str
    state: Literal["green", "red", "starting"]
    reason: str | None
    last_in: datetime | None
    last_out: datetime | None
    lag_seconds: float | None
    queued: int
    unknown: int
    credentials: Literal["ok", "refused", "unknown"]
    checked_at: datetime | None


class ChannelList(BaseModel):
    items: list[ChannelView]
