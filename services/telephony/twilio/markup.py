"""What writes our answers to Twilio: a port, so that the rules see no library."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.telephony.flow.steps import Act
from services.telephony.phones.models import Phone


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where Twilio posts what became of a step."""

    next: str
    """Ends with `?step=`; the step is added."""
    status: str
    recording: str


class Markup(Protocol):
    """Writes TwiML."""

    def flow(
        self, acts: Sequence[Act], targets: Sequence[tuple[str, Phone]], where: Addresses, *, language: str
    ) -> str:
        """The next steps with a caller; `targets` are the phones that ring, each with its employee."""
        ...

    def connect(self, number: str, line: str, where: Addresses) -> str:
        """An operator is on the phone: the client is rung, and shown our line."""
        ...

    def nothing(self) -> str: ...
