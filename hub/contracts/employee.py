"""What others may know of our employees."""

from datetime import datetime
from typing import ClassVar

from hub.contracts.base import Event
from hub.kit.clock import iso
from hub.kit.ids import derive


class EmployeesListed(Event):
    """The names of all who work here, as they are now; the newest list is the one that counts."""

    TYPE: ClassVar[str] = "employees.listed.v1"
    TOPIC: ClassVar[str] = "employees"

    names: tuple[str, ...]
    at: datetime

    def event_id(self) -> str:
        return derive("ev", self.TYPE, iso(self.at), *self.names)

    def key(self) -> str:
        return "employees"
