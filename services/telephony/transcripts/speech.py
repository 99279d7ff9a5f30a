"""What writes down what was said: a port, so that the rules see no vendor."""

from dataclasses import dataclass
from typing import Protocol

from hub.kit.errors import HubError
from services.telephony.recordings.sources import Sound


class NotWritten(HubError):
    """The service does not write this recording down, now or ever."""


@dataclass(frozen=True, slots=True)
class Transcriber:
    """Where, and what is shown there."""

    url: str
    model: str
    key: str


class Speech(Protocol):
    async def write(self, sound: Sound, given: Transcriber, *, language: str) -> str:
        """What was said in it, in the order in which it was said.

        Args:
            language: As `ru`; empty: the service finds out.

        Raises:
            NotWritten: for good.
            ProviderUnavailable: not now; a login that is refused is one, for somebody mends it.
        """
        ...

    async def close(self) -> None: ...
