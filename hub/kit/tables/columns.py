"""Which column of a table is which field: as somebody says, or as its title usually means."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from hub.kit.errors import InvalidInput

Guess = Callable[[Sequence[str]], dict[int, str]]
"""The fields of the columns with these titles, by their place."""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Preview:
    """The beginning of a table; or why it cannot be read."""

    header: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    """What each column would be taken for; empty: nothing."""
    samples: tuple[tuple[str, ...], ...] = ()
    """The first texts of each column."""
    refused: str = ""


def headed(
    rows: Iterator[list[str]], mapping: Mapping[str, str] | None, *, fields: Sequence[str], guess: Guess
) -> tuple[list[str], dict[int, str]]:
    """The header, and the field of each column by its place; `mapping` has them by title, empty for none.

    Raises:
        InvalidInput: there is no header, or `mapping` names a title or a field that is not there.
    """
    header = next(rows, None)
    if header is None:
        raise InvalidInput("file: it is empty; a table begins with a header")
    return header, guess(header) if mapping is None else _mapped(header, mapping, fields)


def _mapped(header: Sequence[str], mapping: Mapping[str, str], fields: Sequence[str]) -> dict[int, str]:
    unknown = [field for field in mapping.values() if field and field not in fields]
    missing = [title for title in mapping if title not in header]
    if unknown or missing:
        wrong = f"no field {unknown[0]}; there are {', '.join(fields)}" if unknown else f"no column {missing[0]!r}"
        raise InvalidInput(f"mapping: {wrong}")
    return {n: field for n, title in enumerate(header) if (field := mapping.get(title, ""))}


def previewed(rows: Iterator[list[str]], header: Sequence[str], columns: Mapping[int, str]) -> Preview:
    """Of a table whose header was read."""
    first = list(islice(rows, _SHOWN))
    samples = tuple(tuple(row[n][:200] for row in first if n < len(row)) for n in range(len(header)))
    return Preview(tuple(header), tuple(columns.get(n, "") for n in range(len(header))), samples)
