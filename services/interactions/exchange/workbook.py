"""A workbook (Office Open XML, ECMA-376) of one table, written as a stream: no row is in memory twice.

Cells are texts in place, so no program takes one for a formula.
"""

import re
import zipfile
import zlib
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import IO, cast
from xml.sax.saxutils import escape

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SHEET = "xl/worksheets/sheet1.xml"
_FRAME = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/{_SHEET}" ContentType="{_TYPES}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="clients" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}
MOST_ROWS = 1_048_575
"""A sheet has one more, for the header."""
_FAST = 1


def rows(found: Iterable[Sequence[str]]) -> bytes:
    """The rows of a sheet, compressed; parts of it are put one after another by `stream`."""
    return zlib.compress("".join(map(_row, found)).encode(), _FAST)


def _row(cells: Sequence[str]) -> str:
    texts = (escape(_ILLEGAL.sub("", cell)) for cell in cells)
    return f"<row>{''.join(map(_cell, texts))}</row>"


def _cell(text: str) -> str:
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>' if text else '<c t="inlineStr"/>'


class _Pipe:
    """What a zip is written to, and read from as it grows."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None: ...

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


async def stream(header: Sequence[str], parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The bytes of a workbook with this header and the rows of these parts."""
    pipe = _Pipe()
    with zipfile.ZipFile(cast(IO[bytes], pipe), "w", zipfile.ZIP_DEFLATED, compresslevel=_FAST) as package:
        for name, text in _FRAME.items():
            package.writestr(name, _HEAD + text)
        with package.open(_SHEET, "w", force_zip64=True) as sheet:
            sheet.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>{_row(header)}'.encode())
            async for part in parts:
                sheet.write(zlib.decompress(part))
                if piece := pipe.taken():
                    yield piece
            sheet.write(b"</sheetData></worksheet>")
        yield pipe.taken()
    yield pipe.taken()
