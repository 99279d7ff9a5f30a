"""A phone of ours rings: told to whom it belongs, with who may be calling."""

from datetime import datetime
from typing import ClassVar, Literal

from hub.contracts.base import Body, Event
from hub.contracts.call import CallLine
from hub.kit.ids import derive


class RingingMatter(Body):
    """An open chain or task of a caller."""

    id: str
    title: str = ""
    seen_by: tuple[str, ...] = ()
    """Tokens of those who see it; see `hub.contracts.scope`."""


class RingingClient(Body):
    """Somebody whose number it is, or may be."""

    client_id: str
    name: str = ""
    owner: str | None = None
    sure: bool = True
    """His own number; otherwise a message gave it away."""
    seen_by: tuple[str, ...] = ()
    chains: tuple[RingingMatter, ...] = ()
    tasks: tuple[RingingMatter, ...] = ()


class CallRinging(Event):
    """A call rings at the phone of an employee, or does not any more."""

    TYPE: ClassVar[str] = "call.ringing.v1"
    TOPIC: ClassVar[str] = "rings"

    interaction_id: str
    login: str
    """Whose phone it is."""
    phone: str
    state: Literal["ringing", "over"]
    at: datetime
    caller: str = ""
    """As a person would say it."""
    address: str = ""
    """`phone:+7…`, where the number is one."""
    name: str = ""
    """That came with the number."""
    line: CallLine | None = None
    clients: tuple[RingingClient, ...] = ()
    """All of them: nobody guesses which."""
    handed_by: str | None = None
    """The employee who hands the call on to this phone."""
    note: str = ""
    """What he had written so far."""
    looked_up: bool = True
    """False: who it may be was not known in time."""

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.interaction_id, self.login, self.phone, self.state)

    def key(self) -> str:
        return self.login
