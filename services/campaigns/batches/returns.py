"""Reads a list of addresses in which somebody wrote which letters came back. Runs in a process apart. Pure."""

from typing import Any

from hub.kit.errors import InvalidInput
from hub.kit.tables.reading import rows
from hub.kit.tables.writing import as_it_was
from services.campaigns.batches.models import MOST_IN_FILE

_NUMBER = ("number", "номер", "№")
_REASON = ("reason", "причина", "причина возврата")
_LONGEST = 300
_LARGEST = 900_000_000


def read(content: bytes) -> dict[str, Any]:
    """`letters` as [number, reason]: rows whose reason is empty came not back; or why it is `refused`."""
    try:
        table = rows(content)
        titles = [title.strip().lower() for title in next(table, [])]
        columns = [_column(titles, names) for names in (_NUMBER, _REASON)]
        found = [letter for row in table if (letter := _letter(row, *columns))]
    except InvalidInput as exc:
        return {"refused": str(exc), "letters": []}
    if len(found) > MOST_IN_FILE:
        return {"refused": f"it names {len(found):,} letters, over {MOST_IN_FILE:,}; split it", "letters": []}
    return {"refused": "", "letters": found}


def _column(titles: list[str], names: tuple[str, ...]) -> int:
    """Raises InvalidInput."""
    place = next((titles.index(name) for name in names if name in titles), None)
    if place is None:
        raise InvalidInput(f"no column is called {names[0]} ({names[1]}); take the list of addresses, and add reason")
    return place


def _letter(row: list[str], number: int, reason: int) -> list[Any] | None:
    said = as_it_was(row[reason]).strip()[:_LONGEST] if reason < len(row) else ""
    named = row[number].strip() if number < len(row) else ""
    if not said:
        return None
    if not (named.isascii() and named.isdigit() and len(named) < 10 and int(named) < _LARGEST):
        raise InvalidInput(f"number: {named[:20]!r} is none; take that of the list of addresses")
    return [int(named), said]
