"""What others may know of our employees."""

from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from hub.contracts.base import Event
from hub.kit.clock import iso
from hub.kit.ids import derive


class Colleague(BaseModel):
    """Who works here, by his login."""

    model_config = ConfigDict(frozen=True)

    login: str
    name: str
    epoch: int | None = None
    """Another one ends what he was granted before: his password, or his first second factor, is new."""


class EmployeesListed(Event):
    """The names of all who work here, as they are now; the newest list is the one that counts."""

    TYPE: ClassVar[str] = "employees.listed.v1"
    TOPIC: ClassVar[str] = "employees"

    names: tuple[str, ...]
    people: tuple[Colleague, ...] = ()
    """The same with their logins."""
    at: datetime

    def event_id(self) -> str:
        return derive("ev", self.TYPE, iso(self.at), *self.names)

    def key(self) -> str:
        return "employees"


class LoginLocked(Event):
    """Too many wrong passwords: no more are taken until then, from there or for that login."""

    TYPE: ClassVar[str] = "login.locked.v1"
    TOPIC: ClassVar[str] = "access"

    login: str | None
    """What was tried; none where an address tried many."""
    network: str
    """An IPv4 address, or the /64 of an IPv6 one."""
    by: str
    """What was counted: `login and address`, `address`, `login` or `device`."""
    until: datetime
    at: datetime

    def event_id(self) -> str:
        return derive("ev", self.TYPE, self.login or "", self.network, self.by, iso(self.until))

    def key(self) -> str:
        return "access"
