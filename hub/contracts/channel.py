"""What is told about a channel itself: that it does not work, and that it works again."""

from datetime import datetime
from typing import ClassVar, Literal

from hub.contracts.base import Event
from hub.kit.clock import iso
from hub.kit.ids import derive


class ChannelTurned(Event):
    """A mailbox, bot or number turned red, or green after it was red: one event each time, however long it lasts."""

    TYPE: ClassVar[str] = "channel.turned.v1"
    TOPIC: ClassVar[str] = "channels"

    channel: str
    account: str
    """Id of the mailbox, bot or number."""
    address: str = ""
    state: Literal["red", "green"]
    at: datetime
    reason: str | None = None
    """Why it is red."""
    red_since: datetime | None = None
    """When it had turned red; for a green one."""

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.account, self.state, iso(self.at))

    def key(self) -> str:
        return self.account
