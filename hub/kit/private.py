"""Keeps folders to their owner: nobody else on the machine reads what customers wrote."""

from contextlib import suppress
from pathlib import Path

from hub.kit.log import Log

log = Log(__name__)
UMASK = 0o077
"""Under which a process of the hub makes folders of mode 0700 and files of mode 0600."""
_FOLDER, _FILE = 0o700, 0o600


def make_private(folder: Path) -> None:
    """Makes the folder, mode 0700, and what is in it 0600; all of it, where others could look into it before.

    What is not ours to change, as a volume that somebody else owns, is left, with a line in the log. Raises OSError
    when the folder cannot be made.
    """
    folder.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
    try:
        was_private = folder.stat().st_mode & UMASK == 0
        for path in folder.iterdir() if was_private else folder.rglob("*"):
            _narrow(path)
        _narrow(folder)
    except OSError as exc:
        log.warning("folder.not_private", folder=str(folder), reason=exc.strerror)


def _narrow(path: Path) -> None:
    # A file may go while it is looked at.
    with suppress(FileNotFoundError):
        if not path.is_symlink() and path.stat().st_mode & UMASK:
            path.chmod(_FOLDER if path.is_dir() else _FILE)
