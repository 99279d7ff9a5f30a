"""What work costs, in a unit that is the same on every machine and under any load."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SECOND = 30.0
"""About so many yardsticks are a second of a laptop's core."""
_TRIES, _FAR = 3, 4


class Effort:
    """Processor time in yardsticks: a fixed loop that was run right before and after."""

    yardsticks = 0.0


@contextmanager
def effort() -> Iterator[Effort]:
    """Measures what is done meanwhile, in all threads of this process."""
    spent = Effort()
    before, begun = _yardstick(), time.process_time()
    yield spent
    took = time.process_time() - begun
    spent.yardsticks = took / max(before, _yardstick())


def least(work: Callable[[], object], *, enough: float) -> float:
    """The effort of `work`: the least of up to three tries, of one where that is `enough` or far from it."""
    found: list[float] = []
    while len(found) < _TRIES and enough < min(found, default=enough + 1) < _FAR * enough:
        with effort() as spent:
            work()
        found.append(spent.yardsticks)
    return min(found)


def _yardstick() -> float:
    begun = time.thread_time()
    sum(number * number for number in range(500_000))
    return time.thread_time() - begun
