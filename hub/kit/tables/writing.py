"""Cells as delimited text that no program takes for a formula (OWASP, CSV injection)."""

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: str) -> str:
    """A cell that begins as a formula does gets an apostrophe before it, which an import takes off again."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def delimited(rows: Iterable[Sequence[str]]) -> bytes:
    """UTF-8, commas, CRLF (RFC 4180)."""
    out = io.StringIO()
    csv.writer(out).writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue().encode()
