"""An employee as the rules see him."""

import re
from dataclasses import dataclass
from datetime import datetime

from hub.api.rights import Right

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,62}")
"""What can be a login, as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """`login` is his id. An inactive one cannot log in and his tokens are refused."""

    login: str
    name: str
    role: str
    """Name of one; the rights are those that it has now."""
    rights: frozenset[Right]
    active: bool
    created_at: datetime
    signature: str = ""
    """Under the messages he writes."""
    absent: bool = False
    """On leave, say: his substitutes lead his teams."""
    languages: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    second_factor: bool = False
    """He has an authenticator application or a passkey: the password alone lets nobody in."""
    application: bool = False
    """He has an authenticator application."""
    passkeys: int = 0
    recovery_codes: int = 0
    """Those that are left."""
    epoch: int = 0
    """One more whenever all that was granted to him ends: a new password, being switched off, the first second
    factor, a passkey removed."""
    spared: str | None = None
    """Id of the session in which he did that; it alone outlives the last epoch."""

    def honours(self, access_id: str, epoch: int) -> bool:
        """Whether an access that was granted in `epoch` still counts."""
        return epoch == self.epoch or (access_id == self.spared and epoch == self.epoch - 1)

    def may(self, right: Right) -> bool:
        return self.active and right in self.rights


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What to change about an employee; none leaves it."""

    name: str | None = None
    role: str | None = None
    active: bool | None = None
    password: str | None = None
    signature: str | None = None
    absent: bool | None = None
    languages: tuple[str, ...] | None = None
    skills: tuple[str, ...] | None = None
