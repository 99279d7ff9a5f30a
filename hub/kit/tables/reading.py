"""Rows of an uploaded file: delimited text or a workbook. It runs in a process of its own (`hub.kit.apart`)."""

import io
from collections.abc import Iterator
from datetime import date, datetime

from hub.kit.errors import InvalidInput
from hub.kit.tables import delimited

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def rows(content: bytes, *, charset: str = "", delimiter: str = "") -> Iterator[list[str]]:
    """The header first; charset and delimiter are found out if they are not given. Raises `InvalidInput`."""
    if is_workbook(content):
        return _workbook(content)
    return delimited.rows(io.BytesIO(content), charset=charset, delimiter=delimiter)


def is_workbook(content: bytes) -> bool:
    return content.startswith((_ZIP, _OLE))


def _workbook(content: bytes) -> Iterator[list[str]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
        for row in sheet.iter_rows():
            if any(cell != "" for cell in row):
                yield [_text(cell) for cell in row]
    except (CalamineError, OSError, ValueError) as exc:
        raise InvalidInput(f"file: it is no workbook that can be read ({exc}); save it as XLSX or CSV") from exc


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat(" ")
    return cell.isoformat() if isinstance(cell, date) else str(cell)
