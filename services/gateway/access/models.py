"""What lets an employee in: a session from a login, or a personal token."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    SESSION = "session"
    """Of a program, by its bearer text."""
    BROWSER = "browser"
    """A session whose text is in a cookie."""
    TOKEN = "token"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A new access and its secret text, told once."""

    token: str
    access: Access
