"""Rows of a file with cells parted by a comma, semicolon, tab or bar (RFC 4180, and what programs make of it)."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from hub.kit.errors import InvalidInput
from hub.kit.tables.charsets import SAMPLE, charset_of

DELIMITERS = ",;\t|"
CELL_LIMIT = 1 << 17
"""Characters of one cell."""
COLUMN_LIMIT = 500
_LOOKED_AT = 100


def rows(file: BinaryIO, *, charset: str = "", delimiter: str = "") -> Iterator[list[str]]:
    """The rows of a file, the header first; lines without a cell are left out. Charset and delimiter are found out if
    they are not given. Raises `InvalidInput` where the file is no table, with the line.
    """
    sample = file.read(SAMPLE)
    file.seek(0)
    charset = charset or charset_of(sample)
    try:
        text = io.TextIOWrapper(file, charset, errors="replace", newline="")
    except LookupError as exc:
        raise InvalidInput(f"charset: {charset} is not known; write it as utf-8, cp1251 or koi8-r") from exc
    yield from _parsed(text, delimiter or delimiter_of(_beginning(sample, charset)))


def _beginning(sample: bytes, charset: str) -> str:
    text = sample.decode(charset, "replace").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    return "\n".join(lines[:-1] if len(lines) > _LOOKED_AT else lines)


def _parsed(text: io.TextIOWrapper, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(CELL_LIMIT)
    reader = csv.reader(text, delimiter=delimiter)
    try:
        for n, row in enumerate(reader):
            if n == 0 and len(row) <= 2 and "".join(row).startswith("sep="):
                continue
            if len(row) > COLUMN_LIMIT:
                raise InvalidInput(
                    f"line {reader.line_num}: more than {COLUMN_LIMIT} cells; is {delimiter!r} the delimiter?"
                )
            if any(row):
                yield row
    except csv.Error as exc:
        raise InvalidInput(f"line {reader.line_num}: {exc}; is a quote not closed there?") from exc
    finally:
        text.detach()


def delimiter_of(text: str) -> str:
    """The one that gives most lines the same number of cells, more than one; a comma where none does."""
    if text.startswith("sep=") and len(text) > 4 and text[4] in DELIMITERS:
        return text[4]
    return max(DELIMITERS, key=lambda one: _evenness(text, one))


def _evenness(text: str, delimiter: str) -> float:
    widths: Counter[int] = Counter()
    try:
        for n, row in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter)):
            if n >= _LOOKED_AT:
                break
            widths[len(row)] += bool(row)
    except csv.Error:
        pass
    if not widths:
        return 0.0
    width, lines = widths.most_common(1)[0]
    return lines / widths.total() * (width > 1) + width / 1000


def open_rows(path: Path, *, charset: str = "", delimiter: str = "") -> Iterator[list[str]]:
    """`rows` of a file on disk."""
    try:
        file = path.open("rb")
    except OSError as exc:
        raise InvalidInput(f"{path}: {exc.strerror}") from exc
    with file:
        yield from rows(file, charset=charset, delimiter=delimiter)
