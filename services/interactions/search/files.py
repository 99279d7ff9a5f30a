"""The words of a file: PDF, DOCX, XLSX and plain text. It runs in a process of its own."""

import io
import zipfile
from collections.abc import Callable, Iterator
from itertools import islice
from xml.etree import ElementTree

from hub.kit.tables.charsets import SAMPLE, charset_of

MOST_CHARACTERS = 50_000
_TEXT = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}t"
_PARAGRAPH = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}p"
_MOST_PAGES, _MOST_ROWS = 300, 20_000
_OFFICE = "application/vnd.openxmlformats-officedocument"


def words_of(content: bytes, media_type: str) -> str:
    """At most so many characters; nothing of what cannot be read."""
    read = READERS[media_type]
    found, length = [], 0
    for piece in read(content):
        found.append(piece)
        length += len(piece) + 1
        if length > MOST_CHARACTERS:
            break
    return "\n".join(found)[:MOST_CHARACTERS].encode("utf-8", "replace").decode()


def _pdf(content: bytes) -> Iterator[str]:
    from pypdf import PdfReader

    for page in islice(PdfReader(io.BytesIO(content)).pages, _MOST_PAGES):
        yield page.extract_text()


def _docx(content: bytes) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as package, package.open("word/document.xml") as document:
        words: list[str] = []
        for _, element in ElementTree.iterparse(document):
            if element.tag == _TEXT:
                words.append(element.text or "")
            elif element.tag == _PARAGRAPH:
                yield "".join(words)
                words.clear()
                element.clear()


def _xlsx(content: bytes) -> Iterator[str]:
    from python_calamine import CalamineWorkbook

    workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    for name in workbook.sheet_names:
        yield name
        for row in islice(workbook.get_sheet_by_name(name).iter_rows(), _MOST_ROWS):
            yield " ".join(_cell(cell) for cell in row if cell != "")


def _cell(cell: object) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _plain(content: bytes) -> Iterator[str]:
    yield content[: 4 * MOST_CHARACTERS].decode(charset_of(content[:SAMPLE]), "replace")


READERS: dict[str, Callable[[bytes], Iterator[str]]] = {
    "application/pdf": _pdf,
    f"{_OFFICE}.wordprocessingml.document": _docx,
    f"{_OFFICE}.spreadsheetml.sheet": _xlsx,
    "text/plain": _plain,
    "text/csv": _plain,
}
ENDINGS = {
    "pdf": "application/pdf",
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    "txt": "text/plain",
    "csv": "text/csv",
}


def readable_as(filename: str, media_type: str) -> str:
    """The kind that a file is read as; empty: it is not read. Many programs send all as `octet-stream`."""
    if media_type in READERS:
        return media_type
    return ENDINGS.get(filename.rpartition(".")[2].casefold(), "")
