"""Cells as delimited text that no program takes for a formula (OWASP, CSV injection)."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

_FORMULA = re.compile(r"((?:^|[;\t\r\n])\"*)(?=[=+\-@\t\r])")
_GUARDED = re.compile(r"((?:^|[;\t\r\n])\"*)'(?=[=+\-@\t\r])")


def harmless(cell: str) -> str:
    """With an apostrophe before whatever begins as a formula does: the cell, or a part of it that is a cell where a
    program parts by semicolons, as those of Russian offices do, or by tabs; quotes mean nothing to it then.
    """
    return _FORMULA.sub(r"\1'", cell)


def as_it_was(cell: str) -> str:
    """What a cell said before it was made harmless."""
    return _GUARDED.sub(r"\1", cell)


def delimited(rows: Iterable[Sequence[str]]) -> bytes:
    """UTF-8, commas, CRLF (RFC 4180)."""
    out = io.StringIO()
    csv.writer(out).writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue().encode()


def header(titles: Sequence[str]) -> bytes:
    """The first line of a file; a mark before it tells spreadsheets that it is UTF-8."""
    return "\ufeff".encode() + delimited([titles])
