"""Named instants between two steps, where the fault tests kill the process.

A seam does nothing unless `OMNIHUB_SEAM` names it: `OMNIHUB_SEAM=email.after_publish` kills the process (SIGKILL)
the first time that instant is reached, `email.after_publish:3` the third time. An instant that many things share
says what it is about: `outbox.before_publish` is any publish, `outbox.before_publish.delivery` one of that topic.
"""

import os
import signal
from collections.abc import Iterable

_name, _, _nth = os.environ.get("OMNIHUB_SEAM", "").partition(":")
_left = int(_nth or 1)
if _left < 1:
    raise ValueError(f"OMNIHUB_SEAM={_name}:{_nth}: count from 1")


def seam(name: str, about: Iterable[str] = ()) -> None:
    """Dies here when told to; otherwise nothing."""
    if not _name or (name != _name and _name not in (f"{name}.{each}" for each in about)):
        return
    global _left
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
