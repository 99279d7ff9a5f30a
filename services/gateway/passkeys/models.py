"""A passkey, and a ceremony: one run of making it or of showing it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.kit.clock import from_iso, iso
from hub.store.base import Document
from services.gateway.access.place import Place


class Use(StrEnum):
    """What a ceremony is for; its challenge is good for nothing else."""

    ADD = "add"
    LOG_IN = "log in"
    PROVE = "prove"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceremony:
    use: Use
    challenge: bytes
    place: Place
    until: datetime
    login: str = ""
    """Whose it must be; empty: of whoever has the passkey."""
    session: str = ""
    """The one it was begun in; empty at a login."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    id: str
    credential: str
    """As the authenticator calls it, in base 64 for URLs."""
    key: str
    """The public one, COSE (RFC 9053), in base 64 for URLs."""
    count: int
    """How often it was used, as it says; 0 for those that do not count."""
    name: str
    created_at: datetime
    used_at: datetime | None
    synced: bool
    """Kept also elsewhere than in one device."""

    @classmethod
    def of(cls, stored: Document) -> "Passkey":
        used_at = stored["used_at"]
        return cls(
            id=stored["id"],
            credential=stored["credential"],
            key=stored["key"],
            count=stored["count"],
            name=stored["name"],
            created_at=from_iso(stored["created_at"]),
            used_at=from_iso(used_at) if used_at else None,
            synced=stored["synced"],
        )

    def document(self) -> Document:
        return {
            "id": self.id,
            "credential": self.credential,
            "key": self.key,
            "count": self.count,
            "name": self.name,
            "created_at": iso(self.created_at),
            "used_at": iso(self.used_at) if self.used_at else None,
            "synced": self.synced,
        }


def texted(raw: bytes) -> str:
    """In base 64 for URLs, without padding, as WebAuthn writes bytes."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


def raw_of(text: str) -> bytes:
    return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
