"""What a mail is on its way in: its bytes durable, then read."""

import pickle
from dataclasses import dataclass
from datetime import datetime

from hub.contracts.interaction import InteractionReceived
from hub.contracts.park import RawMailStored
from hub.kit.apart import large
from services.email.inbound.programs import Doorkeeper
from services.email.inbound.warnings import Ours
from services.email.mime.vouching import NOTHING, Evidence


@dataclass(frozen=True, slots=True)
class Stored:
    """A mail whose bytes are durable."""

    fact: RawMailStored
    raw: bytes


@dataclass(frozen=True, slots=True)
class Normalised:
    """The event, the bytes of its attachments by blob key, and its sanitised HTML, which has no key yet."""

    event: InteractionReceived
    blobs: dict[str, bytes]
    page: bytes = b""
    evidence: Evidence = NOTHING
    """Of whom its server is."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a stored mail came to: an event with its attachments, or the reason why not."""

    stored: Stored
    normalised: Normalised | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """How mails are read: when, whose hub it is, which verdicts on senders count and what is handed out."""

    received_at: datetime
    ours: Ours
    trusted: frozenset[str]
    doorkeeper: Doorkeeper
    ignore_refusal: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a process needs of one mail."""

    account: str
    stored_at: datetime
    blob: str
    refused: str
    sent: bool
    raw: bytes | pickle.PickleBuffer

    @classmethod
    def of(cls, stored: Stored) -> "Sheet":
        fact = stored.fact
        return cls(fact.mailbox_id, fact.received_at, fact.blob, fact.refused, fact.sent, large(stored.raw))
