"""Rows of a record file, and events made of what they say."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo

from services.telephony.ami.events import Event

_FIELD_LIMIT = 128 * 1024


def rows_of(raw: bytes, columns: int) -> Iterator[list[str]]:
    """The rows that have so many columns; others are no records of this kind. What is no UTF-8 is replaced."""
    csv.field_size_limit(_FIELD_LIMIT)
    reader = csv.reader(io.StringIO(raw.decode("utf-8", "replace"), newline=""))
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            continue
        if len(row) == columns:
            yield row


def moment_of(text: str, zone: tzinfo = UTC) -> float | None:
    """Seconds since the epoch of `2026-11-27 10:25:13` in the exchange's zone, or of a number of seconds."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).timestamp()


def event(moment: float, kind: str, **fields: str) -> Event:
    return Event(moment, kind, tuple(sorted((key, value) for key, value in fields.items() if value)))


def pairs(uids: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The ids of both halves of each Local channel, of ids by name."""
    for name, one in uids.items():
        two = uids.get(f"{name[:-2]};2") if name.startswith("Local/") and name.endswith(";1") else None
        if two:
            yield one, two
