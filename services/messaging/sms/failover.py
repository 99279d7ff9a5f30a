"""Which of a number's providers sends: the first that works, and never one after another took the message."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from time import monotonic


class Breaker:
    """Opens after `errors` failures within `span`, for as long."""

    def __init__(self, *, errors: int, span: timedelta, clock: Callable[[], float] = monotonic) -> None:
        self._errors = errors
        self._span = span.total_seconds()
        self._clock = clock
        self._failures: deque[float] = deque(maxlen=errors)

    def failed(self) -> None:
        self._failures.append(self._clock())

    def worked(self) -> None:
        self._failures.clear()

    @property
    def is_open(self) -> bool:
        """Whether the provider is left alone for now."""
        now = self._clock()
        recent = [at for at in self._failures if now - at < self._span]
        return len(recent) >= self._errors


def chosen(names: Sequence[str], keys: Sequence[str], is_open: Callable[[str], bool]) -> str | None:
    """The provider for a message, by name: of those that did not take it, the first that works, else the first.

    `keys` name what providers took: a message goes a second way only when the receipt of the first said it failed.
    """
    tried = {key.partition(":")[2].partition("/")[0] for key in keys}
    left = [name for name in names if name not in tried]
    return next((name for name in left if not is_open(name)), next(iter(left), None))
