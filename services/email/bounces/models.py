"""What became of a mail, as told by the mail that came back."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["hard", "soft", "complaint", "auto-reply", "challenge", "delivered"]
Auto = Literal["auto-reply", "list", "bulk", "challenge"]
Reason = Literal[
    "user-unknown",
    "moved",
    "host-unknown",
    "no-mail",
    "disabled",
    "mailbox-full",
    "too-big",
    "greylisted",
    "rate-limited",
    "blocked",
    "spam",
    "virus",
    "content",
    "policy",
    "auth",
    "sender",
    "relay-denied",
    "expired",
    "timeout",
    "loop",
    "system",
    "complaint",
    "delivered",
    "other",
]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient of the original mail.

    `action` is a word of RFC 3464 (failed, delayed, delivered, relayed, expanded), `status` the enhanced status of
    RFC 3463 and `reply_code` the three digits of SMTP, None where the notice gives no hint of them; `text` is what
    the server said, on one line.
    """

    address: str
    action: str
    status: str | None
    reply_code: str | None
    reason: Reason
    text: str


@dataclass(frozen=True, slots=True)
class Bounce:
    """A notice about a mail of ours. `recipients` are those the kind is about: for hard and soft the failing ones;
    an automatic reply and a challenge name none. `original_message_id` comes without angle brackets.
    """

    kind: Kind
    recipients: tuple[Recipient, ...] = ()
    original_message_id: str | None = None
