"""What the email service knows: mailboxes and their servers, mail as it was fetched, what became of a send."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Security = Literal["tls", "starttls", "plain"]
UNKNOWN = datetime(1970, 1, 2, tzinfo=UTC)
"""A mail is dated before that when its server does not say when it got it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth:
    """The consent of a mailbox's owner, for which a provider gives access tokens (OAuth2)."""

    token_url: str
    client_id: str
    client_secret: str
    refresh_token: str
    scope: str = ""

    def __repr__(self) -> str:
        return f"OAuth({self.token_url}, {self.client_id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server and the login for it: a password, or `oauth`."""

    host: str
    port: int
    security: Security
    user: str
    password: str = ""
    oauth: OAuth | None = None

    def __repr__(self) -> str:
        return f"Server({self.host}:{self.port}, {self.security})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A mailbox of ours, ready to be used."""

    id: str
    address: str
    name: str
    smtp: Server
    imap: Server | None = None
    pop: Server | None = None
    """One of the two is the way in."""
    leave: bool = True
    """By POP3: what was taken over stays on the server."""
    fetch_since: datetime | None = None
    """What the server got before is left alone."""
    plus_addressing: bool
    sent_since: datetime | None = None
    """Since when its folder for what was sent is watched; none: it is not."""
    per_hour: int | None = None
    auto_reply: str = ""
    since: datetime | None = None
    """When it began to answer by itself: what it holds from before gets none."""
    revision: int
    """Changes with every change of the mailbox."""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedMail:
    """A mail as a server handed it over; one that came by no UID has 0."""

    uid: int
    uid_validity: int
    at: datetime
    """INTERNALDATE: when the server got it, to the second; then the UID as microseconds, so that it orders mails."""
    raw: bytes
    refused: str = ""
    """Why `raw` is the headers only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far a mailbox is taken over. `version` is the stored one's, none before the first."""

    mailbox_id: str
    uid_validity: int = 0
    last_uid: int = 0
    version: int | None = None


def is_wanted(mail: FetchedMail, since: datetime | None) -> bool:
    """Not what the server got before `since`; a mail of which it does not tell when always is."""
    return since is None or mail.at.replace(microsecond=0) >= since.replace(microsecond=0) or mail.at < UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMail:
    """A mail with its envelope, ready for SMTP."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
