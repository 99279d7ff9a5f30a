"""What writes our answers to Twilio: a port, so that the rules see no library."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.telephony.flow.steps import Act


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where Twilio posts what became of a step."""

    next: str
    """Ends with `?step=`; the step is added."""
    status: str
    recording: str


class Markup(Protocol):
    """Writes TwiML."""

    def flow(self, acts: Sequence[Act], where: Addresses, *, language: str) -> str:
        """The next steps with a caller."""
        ...

    def connect(self, number: str, line: str, where: Addresses) -> str:
        """An operator is on the phone: the client is rung, and shown our line."""
        ...

    def nothing(self) -> str: ...
