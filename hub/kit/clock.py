"""The time of day, injected so that tests can set it."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@lru_cache(maxsize=4096)
def iso(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds and `Z`: sorts as text in the order of time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[: -len("+00:00")] + "Z"


def from_iso(text: str) -> datetime:
    """The moment that `iso` wrote; ValueError for other text."""
    return datetime.fromisoformat(text)
