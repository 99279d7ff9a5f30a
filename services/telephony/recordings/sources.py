"""Where recordings lie: ports, so that the rules see no vendor."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sound:
    content: bytes
    content_type: str
    seconds: float | None = None


class Source(Protocol):
    """The recordings of one exchange."""

    async def fetch(self, reference: str, *, limit: int) -> Sound:
        """What the exchange calls `reference`.

        Raises:
            RecordingGone: it is not handed out, or too large, or nobody says where it is.
            ProviderUnavailable: not now.
        """
        ...
