"""Reads mails as the hub does, except those that say what to do to their reader."""

import os
import signal
from collections.abc import Sequence

from services.email.inbound import worker
from services.email.inbound.models import Normalised, Sheet, Terms
from services.email.mime.model import Mail
from services.email.mime.parse import parse


def read_mails(sheets: Sequence[Sheet], terms: Terms) -> list[Normalised | str]:
    """`RAISE`, `SPIN` (for ever), `HOARD` (memory) and `CRASH` are done; all else is read."""
    worker.parse = _parse  # type: ignore[attr-defined]
    try:
        return worker.read_mails(sheets, terms)
    finally:
        worker.parse = parse  # type: ignore[attr-defined]


def _parse(raw: bytes) -> Mail:
    if b"RAISE" in raw:
        raise RecursionError("too deep")
    while b"SPIN" in raw:
        pass
    if b"HOARD" in raw:
        bytearray(4 * 2**30)
    if b"CRASH" in raw:
        os.kill(os.getpid(), signal.SIGSEGV)
    return parse(raw)
