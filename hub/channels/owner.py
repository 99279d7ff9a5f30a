"""A name for this process that its successor inherits, so that a restart need not wait for a lease."""

import fcntl
import os
import re
import socket
from pathlib import Path
from secrets import token_hex
from typing import IO


class Owner:
    """`host/token`: of the lowest slot that no living process of this host and data folder holds (flock).

    The token is drawn, and kept in the file that is locked: hosts of one name, as containers may be, have folders
    and so tokens of their own. A file that was copied, or came with an image, is not believed: it says which it is.
    """

    def __init__(self, folder: Path, service: str) -> None:
        host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())
        slot = 0
        while (held := _locked(folder / f"{service}-{host}-{slot}.lock")) is None:
            slot += 1
        self._held: IO[str] = held
        self.name = f"{host}/{_token(held)}"

    def release(self) -> None:
        self._held.close()


def _token(file: IO[str]) -> str:
    """The one that the file holds; a new one where it holds none, or that of another file."""
    about = os.fstat(file.fileno())
    itself = f"{about.st_dev}.{about.st_ino}"
    file.seek(0)
    found = re.fullmatch(r"([0-9a-f]{32}) (\S+)\n", file.read())
    if found and found[2] == itself:
        return found[1]
    token = token_hex(16)
    file.seek(0)
    file.truncate()
    file.write(f"{token} {itself}\n")
    file.flush()
    os.fsync(file.fileno())
    return token


def _locked(path: Path) -> IO[str] | None:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    os.set_inheritable(file.fileno(), False)
    return file
