"""An employee who is there for calls, or is not: told whenever that changes."""

from datetime import datetime
from typing import ClassVar, Literal

from hub.contracts.base import Event
from hub.kit.clock import iso
from hub.kit.ids import derive

AgentState = Literal["available", "on_call", "after_call", "paused", "away"]


class AgentChanged(Event):
    """What an agent does from now on."""

    TYPE: ClassVar[str] = "agent.changed.v1"
    TOPIC: ClassVar[str] = "agents"

    login: str
    state: AgentState
    reason: str = ""
    """Of a pause: a code of the dictionary. `lease`: he was not heard of any more, so he counts as away."""
    since: datetime
    call: str | None = None
    """The interaction of the call that he is in."""
    lists: tuple[str, ...] = ()
    """Call lists that he is logged in to."""
    seen_by: tuple[str, ...] = ()
    """Tokens of those who see him; see `hub.contracts.scope`."""
    revision: int
    """Of two, the higher one is newer."""

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.login, str(self.revision))

    def key(self) -> str:
        return self.login


class BoardMoved(Event):
    """Agents, calls or lists that dial changed; told once a second at most."""

    TYPE: ClassVar[str] = "board.moved.v1"
    TOPIC: ClassVar[str] = "agents"

    at: datetime

    def event_id(self) -> str:
        return derive("ev", self.TYPE, iso(self.at))

    def key(self) -> str:
        return "board"
