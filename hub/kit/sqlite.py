"""What a SQLite file's refusals mean, and whether the file is whole."""

import sqlite3
from contextlib import closing
from enum import Enum, auto
from pathlib import Path
from time import monotonic

from hub.kit.disk import has_no_room
from hub.kit.errors import ConfigurationError
from hub.kit.log import Log

CHECK_SECONDS = 2.0
"""A file is looked through for so long at a start; a large one is not looked through to its end."""
_STEPS = 10_000
"""Of SQLite's machine between two looks at the time: some milliseconds."""
log = Log(__name__)


class Refusal(Enum):
    """Of a file."""

    FULL = auto()
    """No room: over when there is some."""
    DAMAGED = auto()
    """Nothing that waiting would mend."""
    OTHER = auto()
    """Locked, an I/O error: it may be over at the next try."""


def refusal_of(exc: Exception) -> Refusal:
    """Of what SQLite or the file system raised."""
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return Refusal.DAMAGED
    if code == sqlite3.SQLITE_FULL or has_no_room(exc):
        return Refusal.FULL
    return Refusal.OTHER


def restore_of(path: Path) -> str:
    """What a person does about a file that is damaged or lost."""
    return f"stop the hub and restore its data from a backup: omnihub restore FILE --data {path.parent}"


def check_whole(path: Path, *, seconds: float = CHECK_SECONDS) -> None:
    """Looks through a file for damage, for so long; nothing where there is none yet.

    Raises:
        ConfigurationError: it is damaged.
    """
    if not path.exists() or not path.stat().st_size:
        return
    until = monotonic() + seconds
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.set_progress_handler(lambda: monotonic() > until, _STEPS)
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as exc:
        if getattr(exc, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            log.info("file.partly_checked", file=path.name, seconds=seconds)
            return
        if refusal_of(exc) is not Refusal.DAMAGED:
            return  # whoever opens it says what is the matter
        found = str(exc)
    if found != "ok":
        raise ConfigurationError(f"{path} is damaged ({' '.join(found.split())}); {restore_of(path)}")
