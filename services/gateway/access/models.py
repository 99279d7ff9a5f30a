"""What lets an employee in: a session from a login, or a personal token."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.api.rights import Right


class Kind(StrEnum):
    SESSION = "session"
    """Of a program, by its bearer text."""
    BROWSER = "browser"
    """A session whose text is in a cookie."""
    TOKEN = "token"
    CALENDAR = "calendar"
    """Of an address that reads its owner's calendar, and does nothing else: no route of the API takes it."""


class Began(StrEnum):
    """What a session began with; a token, with what the session began that made it."""

    PASSWORD = "password"
    PASSKEY = "passkey"
    SSO = "sso"


class Extent(StrEnum):
    """What a token is good for."""

    READ = "read"
    """Questions alone, GET and HEAD."""
    WRITE = "write"
    """Questions and writes."""


SESSIONS = (Kind.SESSION, Kind.BROWSER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """`id` is derived from the secret text, so it can be shown; the text itself is nowhere."""

    id: str
    kind: Kind
    login: str
    name: str
    """What the employee calls the token; the client program of a session."""
    address: str
    """Client address at the login."""
    created_at: datetime
    expires_at: datetime | None
    """None: until it is revoked."""
    last_used_at: datetime
    epoch: int = 0
    """Of the employee, when it was granted."""
    scope: Extent = Extent.WRITE
    rights: frozenset[Right] | None = None
    """None: all that its owner has; never more than those."""
    began: Began = Began.PASSWORD
    factor: bool = False
    """The provider of the single sign-on asked for a second factor."""
    sid: str | None = None
    """Of the session at that provider, where it names one."""

    def covers(self, right: Right) -> bool:
        return self.rights is None or right in self.rights


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an access is at the moment."""

    role: str = ""
    """Of its owner."""
    refused: str = ""
    """Why it does not give him what is asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A new access and its secret text, told once."""

    token: str
    access: Access
    recovery_left: int | None = None
    """Recovery codes that are left, where one was used."""
