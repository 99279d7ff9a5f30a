"""Ends the servers of tests once the tests' own process is gone, however that came about."""

import subprocess
import sys
from functools import cache

_WATCH = """
import os, signal, sys
running = set()
for line in sys.stdin:
    (running.add if line[0] == "+" else running.discard)(int(line[1:]))
for pid in running:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
"""


def watch(pid: int) -> None:
    """Until `unwatch`, this process shall not outlive us."""
    _tell(f"+{pid}")


def unwatch(pid: int) -> None:
    _tell(f"-{pid}")


def _tell(line: str) -> None:
    told = _watcher().stdin
    assert told is not None
    told.write(f"{line}\n")
    told.flush()


@cache
def _watcher() -> subprocess.Popen[str]:
    """It hears of our end by the end of its input. In a session of its own: a Ctrl-C is not for it."""
    return subprocess.Popen(
        [sys.executable, "-S", "-c", _WATCH], stdin=subprocess.PIPE, text=True, start_new_session=True
    )
