"""Where a message stands in the send ledger, and what has to be done next about it."""

from enum import StrEnum


class SendState(StrEnum):
    """Where a message stands in the send ledger."""

    QUEUED = "queued"
    DEFERRED = "deferred"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"


class Step(StrEnum):
    """What has to be done next about a message in the ledger."""

    SEND = "send"
    INTENT = "intent"
    COPY = "copy"
    DONE = "done"
