"""An employee as the rules see him."""

from dataclasses import dataclass
from datetime import datetime

from services.gateway.rights import RIGHTS, Right, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """`login` is his id. An inactive one cannot log in and his tokens are refused."""

    login: str
    name: str
    role: Role
    active: bool
    created_at: datetime
    signature: str = ""
    """Under the messages he writes."""

    def may(self, right: Right) -> bool:
        return self.active and right in RIGHTS[self.role]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What to change about an employee; none leaves it."""

    name: str | None = None
    role: Role | None = None
    active: bool | None = None
    password: str | None = None
    signature: str | None = None
