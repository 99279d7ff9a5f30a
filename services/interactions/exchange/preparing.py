"""Makes cards of an uploaded file, in a process of its own: what strangers wrote is read nowhere else."""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from hub.kit.errors import InvalidInput
from hub.kit.tables.columns import Preview, headed, previewed
from services.interactions.duplicates import values
from services.interactions.duplicates.columns import FIELDS, columns_of, row_of
from services.interactions.exchange import tables
from services.interactions.exchange.cards import card_of

CHUNK = 500
"""Rows of a part, which is a step of the job."""
MOST_ROWS = 1_000_000
_LOOKED_AT = 2_000
_FAST = 1


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is read. `mapping` has the field of each column that is named, empty for none."""

    charset: str = ""
    delimiter: str = ""
    mapping: Mapping[str, str] | None = None
    region: str = "RU"


@dataclass(frozen=True, slots=True)
class Prepared:
    """The cards of a file, in parts; or why it cannot be read."""

    header: tuple[str, ...] = ()
    rows: int = 0
    parts: tuple[bytes, ...] = ()
    refused: str = ""


def peek(content: bytes, options: Options) -> Preview:
    """The columns of a file."""
    try:
        rows = tables.rows(content, charset=options.charset, delimiter=options.delimiter)
        return previewed(rows, *_headed(rows, options.mapping))
    except InvalidInput as exc:
        return Preview(refused=str(exc))


def prepare(content: bytes, options: Options) -> Prepared:
    """All rows as cards: `{n, row, card}`, or `{n, row, problem}` where a value is wrong."""
    try:
        rows = tables.rows(content, charset=options.charset, delimiter=options.delimiter)
        header, columns = _headed(rows, options.mapping)
        if not columns:
            raise InvalidInput(
                f"mapping: no column is known among {', '.join(header)[:500]}; say which field each is"
            )
        first = list(islice(rows, _LOOKED_AT))
        month_first = values.is_month_first([row_of(row, columns).get("birth_date", "") for row in first])
        parts, count = [], 0
        cards = _cards((one for part in (first, rows) for one in part), columns, options.region, month_first)
        while chunk := list(islice(cards, CHUNK)):
            count += len(chunk)
            if count > MOST_ROWS:
                raise InvalidInput(f"file: more than {MOST_ROWS:,} rows; split it")
            parts.append(zlib.compress(orjson.dumps(chunk), _FAST))
    except InvalidInput as exc:
        return Prepared(refused=str(exc))
    return Prepared(tuple(header), count, tuple(parts))


def _headed(rows: Iterator[list[str]], mapping: Mapping[str, str] | None) -> tuple[list[str], dict[int, str]]:
    return headed(rows, mapping, fields=FIELDS, guess=columns_of)


def _cards(
    rows: Iterator[list[str]], columns: Mapping[int, str], region: str, month_first: bool
) -> Iterator[dict[str, Any]]:
    for n, cells in enumerate(rows):
        row = row_of(cells, columns)
        if not row:
            continue
        try:
            yield {"n": n, "row": row, "card": card_of(row, region=region, month_first=month_first)}
        except InvalidInput as exc:
            yield {"n": n, "row": row, "problem": str(exc)}


def cards_in(part: bytes) -> list[dict[str, Any]]:
    """The cards of a part."""
    found: list[dict[str, Any]] = orjson.loads(zlib.decompress(part))
    return found
