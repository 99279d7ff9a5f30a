"""Reading of JSON that anybody may have written: what is not of the wanted type is as if it were not there."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hub.kit import plain

Json = Mapping[str, Any]
NOTHING: Json = {}
_LATEST = 253_402_300_799
"""The last second of the year 9999."""
_LARGEST = 2**63


def thing(given: Any, *names: str) -> Json:
    """The object under these names, one inside the other; empty where there is none."""
    for name in names:
        given = given.get(name) if isinstance(given, Mapping) else None
    return given if isinstance(given, Mapping) else NOTHING


def things(given: Any, name: str) -> Sequence[Json]:
    """The objects of a list."""
    listed = given.get(name) if isinstance(given, Mapping) else None
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


LONGEST = 100_000
"""Characters of a text; Telegram itself sends 4,096."""


def text(given: Any, name: str, *, limit: int = LONGEST) -> str:
    """As `hub.kit.plain.words` has it; empty where it is no text."""
    return plain.words(_string(given, name)[:limit])


def line(given: Any, name: str, *, limit: int = LONGEST) -> str:
    """A name, as `hub.kit.plain.line` has it; empty where it is no text."""
    return plain.line(_string(given, name)[:limit])


def _string(given: Any, name: str) -> str:
    found = given.get(name) if isinstance(given, Mapping) else None
    return found if isinstance(found, str) else ""


def number(given: Any, name: str) -> int | None:
    """A whole number of 64 bits."""
    found = given.get(name) if isinstance(given, Mapping) else None
    whole = isinstance(found, int) and not isinstance(found, bool) and -_LARGEST <= found < _LARGEST
    return found if whole else None


def moment(given: Any, name: str) -> datetime | None:
    """Seconds since 1970, where that is a date people know."""
    seconds = number(given, name)
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and 0 < seconds <= _LATEST else None
