"""`omnihub clients duplicates`: which rows of a table are of one client, one line of JSON for each pair."""

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import orjson

from hub.kit.errors import InvalidInput
from hub.kit.tables.delimited import open_rows
from services.interactions.duplicates import values
from services.interactions.duplicates.columns import columns_of, row_of
from services.interactions.duplicates.detect import Finder
from services.interactions.duplicates.levels import CERTAIN
from services.interactions.duplicates.records import Record, record_of

_LOOKED_AT = 2_000
"""Rows by which the order of day and month is found out."""
_DIGITS = 4
_LONGEST = 500


def find_in(
    path: Path,
    out: TextIO,
    *,
    mapping: Mapping[str, str],
    charset: str = "",
    delimiter: str = "",
    at_least: float = CERTAIN,
) -> int:
    """Prints `{a, b, score, rules}` for each pair, the surest first; rows count from 0 after the header."""
    records = read(path, mapping=mapping, charset=charset, delimiter=delimiter)
    for pair in Finder(records).pairs(at_least):
        out.write(line(pair.a, pair.b, pair.score, pair.rules))
    return 0


def line(a: int, b: int, score: float, rules: Sequence[str]) -> str:
    told: dict[str, Any] = {"a": a, "b": b, "score": round(score, _DIGITS), "rules": list(rules)}
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE).decode()


def read(path: Path, *, mapping: Mapping[str, str], charset: str = "", delimiter: str = "") -> list[Record]:
    """The cards of a table; raises `InvalidInput` where no column says whose they are."""
    rows = open_rows(path, charset=charset, delimiter=delimiter)
    header = next(rows, None)
    if header is None:
        raise InvalidInput(f"{path}: it is empty; a table begins with a header")
    columns = columns_of(header, mapping)
    if not {"given_name", "surname", "name", "organisation"}.intersection(columns.values()):
        raise InvalidInput(f"{path}: no column with names among {', '.join(header)}; name it with --map name=COLUMN")
    first = list(islice(rows, _LOOKED_AT))
    births = [row_of(cells, columns).get("birth_date", "") for cells in first]
    month_first = values.is_month_first(births)
    read_rows = (cells for part in (first, rows) for cells in part)
    return [
        record_of(n, _bounded(row_of(cells, columns)), month_first=month_first) for n, cells in enumerate(read_rows)
    ]


def _bounded(row: Mapping[str, str]) -> dict[str, str]:
    """What is longer is no name and no address, and would take long to be looked through."""
    return {field: text[:_LONGEST] for field, text in row.items()}
