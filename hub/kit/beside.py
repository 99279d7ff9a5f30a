"""What is told about the work beside it: a note, a gauge, an alarm. None of it may stop the work."""

from collections.abc import Iterator
from contextlib import contextmanager

from hub.kit.log import Log

log = Log(__name__)


@contextmanager
def beside(what: str, **fields: str) -> Iterator[None]:
    """What goes wrong in here ends nothing else; the log says what it was."""
    try:
        yield
    except Exception as exc:
        log.error("beside.failed", what=what, exc=exc, **fields)
