"""A name for this process that its successor inherits, so that a restart need not wait for a lease."""

import fcntl
import os
import re
import socket
from pathlib import Path
from typing import IO


class Owner:
    """`host/slot`: the lowest slot that no living process of this host and data folder holds (flock)."""

    def __init__(self, folder: Path, service: str) -> None:
        host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())
        slot = 0
        while (held := _locked(folder / f"{service}-{host}-{slot}.lock")) is None:
            slot += 1
        self._held: IO[str] = held
        self.name = f"{host}/{slot}"

    def release(self) -> None:
        self._held.close()


def _locked(path: Path) -> IO[str] | None:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    os.set_inheritable(file.fileno(), False)
    return file
