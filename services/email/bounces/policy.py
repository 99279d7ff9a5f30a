"""How much a notice weighs against an address."""

from typing import Literal

from services.email.bounces import reasons
from services.email.bounces.models import Bounce, Recipient

Severity = Literal["hard", "soft", "complaint"]


def severity_of(bounce: Bounce, recipient: Recipient) -> Severity | None:
    """How much this notice weighs against this recipient; None where it says nothing against the address."""
    if bounce.kind == "complaint":
        return "complaint"
    if bounce.kind not in ("hard", "soft"):
        return None
    if recipient.action == "delayed":
        return None  # The server still tries; what becomes of it is told in the next notice.
    return "hard" if reasons.is_hard(recipient) else "soft"
