"""Recorded streams of the manager interface: the bytes that came, with our notes of when and what we sent."""

import re
from collections.abc import Iterator
from pathlib import Path

from services.telephony.ami.events import Event
from services.telephony.ami.listening import Listener

_MARK = re.compile(rb"# \+(\d+\.\d+)(?: (.*))?$")
_STOOD = re.compile(rb"sent$|THE CONNECTION IS CUT")
"""Notes that show that the connection stood."""


def is_recording(raw: bytes) -> bool:
    """Whether a file looks like one; a bare stream without notes is one too."""
    head = raw.lstrip()[:4096]
    return bool(re.match(rb"# \+\d|Asterisk Call Manager/|(Event|Response|Action): ", head))


def events_of(path: Path) -> list[Event]:
    """All events of a recording; moments are seconds since its start where the exchange gave none."""
    return list(_events(path.read_bytes()))


def _events(raw: bytes) -> Iterator[Event]:
    if b"\r\n" not in raw:  # an editor or a version control changed the ends of lines
        raw = raw.replace(b"\n", b"\r\n")
    noted = re.search(rb"^# \+\d", raw, re.MULTILINE) is not None
    listener, began, place = Listener(), _began(raw), 0
    moment = began
    for line in raw.splitlines(keepends=True):
        mark = _MARK.match(line.rstrip(b"\r\n")) if line.startswith(b"# ") else None
        if mark:
            moment = began + float(mark[1])
            if mark[2] and _STOOD.search(mark[2]):
                listener.alive(moment)
        elif not line.startswith((b"# ", b"> ")):
            place += 1
            yield from listener.hear(line, moment if noted else place / 1e6)


def _began(raw: bytes) -> float:
    """When the recording began, by the exchange's clock; zero where it stamps nothing."""
    stamped = re.search(rb"^Timestamp: (\d+\.\d+)", raw, re.MULTILINE)
    marks = list(re.finditer(rb"^# \+(\d+\.\d+)", raw[: stamped.start()], re.MULTILINE)) if stamped else []
    return float(stamped[1]) - float(marks[-1][1]) if stamped and marks else 0.0
